"""Would git commit a file? Everybody who can read the repository could then read a secret in it.

git is never left to find the repository by itself: a folder that a pull request adds can look like
one, with settings that start programs. The work tree is found here, by its ``.git``, which git
doesn't let anybody commit.
"""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

from photonctl.files import STATE_FOLDER
from photonctl.own_credentials import without_credentials
from photonctl.texts import nfc, quote

_TIMEOUT_S = 5.0
_NO = 1
_PLAIN_INDEXES = (b"\0\0\0\2", b"\0\0\0\3")
_LARGEST_INDEX = 512 * 2**20
# No settings of the repository may start a program, and nothing is fetched.
_HARMLESS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    *(f"protocol{name}.allow=never" for name in ("", ".file", ".ext", ".ssh", ".git")),
    *(f"protocol.{name}.allow=never" for name in ("http", "https")),
    "submodule.recurse=false",
)


def to_be_committed(paths: Iterable[Path]) -> list[Path]:
    """Return the files, which need not exist, that git tracks, or would add: it ignores them not.

    Without git, or outside a work tree, it is none. git is asked once for a work tree.
    """
    kept, end = list(paths), monotonic() + _TIMEOUT_S
    found: set[Path] = set()
    for root, names in _by_work_tree(kept, without=STATE_FOLDER).items():  # it has a .gitignore
        listed = _listed(root)
        if listed is None:
            continue
        own = names.keys() & listed
        own |= _not_ignored(root, names.keys() - own, end)
        found.update(path for name in own for path in names[name])
    return [path for path in kept if path in found]


def tracked(paths: Iterable[Path]) -> dict[Path, bool | None]:
    """Return which files git tracks, in whatever case; None = git can't tell.

    Some file systems find one name by another, and git's list doesn't.
    """
    found: dict[Path, bool | None] = dict.fromkeys(paths, False)
    for root, names in _by_work_tree(found).items():
        listed = _listed(root)
        known = None if listed is None else {_folded(name) for name in listed}
        index = _index(root) if known is None else b""
        for name, same in names.items():
            if known is not None:
                found.update(dict.fromkeys(same, _folded(name) in known))
            elif index is None or name.lower() in index:
                found.update(dict.fromkeys(same, None))
    return found


def is_tracked(folder: Path) -> bool | None:
    """Is a folder, or anything in it, tracked by git? None = git can't tell."""
    for root, names in _by_work_tree([folder]).items():
        (name,) = names
        # In whatever case, as above; by a pattern, since a list of all may be long.
        asked = f":(top,icase,literal){os.fsdecode(name)}"
        answer = _git(root, "ls-files", "--error-unmatch", "--", asked)
        if answer is not None and answer.returncode in (0, _NO):
            return answer.returncode == 0
        index = _index(root)
        return None if index is None or name.lower() in index else False
    return False


def commit_warning(path: Path) -> str:
    """Say so, and what to do about it."""
    return (
        f"git would commit {quote(str(path))}, which holds secrets. Add it to .gitignore; "
        f"if it is tracked, also run:  git rm --cached {quote(path.name)}"
    )


def _by_work_tree(paths: Iterable[Path], without: str = "") -> dict[Path, dict[bytes, list[Path]]]:
    """Sort paths by the work tree that they are in, and there by their names as git has them.

    The work tree of a path is the nearest folder above it with a ``.git``. ``without``: the name of
    folders whose content is left out.
    """
    folders = _Folders()
    found: dict[Path, dict[bytes, list[Path]]] = {}
    for path in paths:
        whole = os.path.realpath if ".." in path.parts else os.path.abspath
        real = folders.real(whole(path.parent))  # texts: much faster
        root = folders.root(real)
        here = f"{real.rstrip('/')}/{path.name}"
        if root is not None and (not without or without not in here.split("/")):
            name = os.fsencode(here[len(root.rstrip("/")) + 1 :])
            found.setdefault(Path(root), {}).setdefault(name, []).append(path)
    return found


class _Folders:
    """Where folders lead, and which work tree they are in, each found once."""

    def __init__(self) -> None:
        self._real = {"/": "/"}
        self._root = {"/": "/" if _has_git("/") else None}

    def real(self, folder: str) -> str:
        """Follow the links of a whole path."""
        above = [folder]
        while above[-1] not in self._real:
            above.append(os.path.dirname(above[-1]))  # noqa: PTH120
        found = self._real[above.pop()]
        for one in reversed(above):
            found = f"{found.rstrip('/')}/{os.path.basename(one)}"  # noqa: PTH119
            found = os.path.realpath(found) if os.path.islink(found) else found  # noqa: PTH114
            self._real[one] = found
        return found

    def root(self, real: str) -> str | None:
        """Return the nearest folder with a ``.git``; None = there is none."""
        above = [real]
        while above[-1] not in self._root and not _has_git(above[-1]):
            above.append(os.path.dirname(above[-1]))  # noqa: PTH120
        found = self._root.get(above[-1], above[-1])
        self._root |= dict.fromkeys(above, found)
        return found


def _has_git(folder: str) -> bool:
    return os.path.exists(f"{folder}/.git")  # noqa: PTH110


def _listed(root: Path) -> frozenset[bytes] | None:
    """Return all that git tracks in a work tree; None = no answer."""
    answer = _git(root, "ls-files", "-z")
    if answer is None or answer.returncode != 0:
        return None
    return frozenset(answer.stdout.split(b"\0"))


def _not_ignored(root: Path, names: set[bytes], end: float) -> set[bytes]:
    """Return the names that git would add; where one spoils the answer for all, in parts.

    Patterns of strangers may cost it any time: after ``end``, nothing counts as ignored. A run may
    ask about many work trees, as a pull request can add submodules.
    """
    found: set[bytes] = set()
    parts = [sorted(names)] if names else []
    while parts:
        part = parts.pop()
        given = {b"./" + name: name for name in part}  # ":" at the beginning has a meaning
        left_s, text = end - monotonic(), b"\0".join(given) + b"\0"
        words = ("check-ignore", "-z", "--stdin")
        answer = _git(root, *words, given=text, timeout_s=left_s) if left_s > 0 else None
        if answer is None:
            return found.union(part, *parts)
        if answer.returncode in (0, _NO):
            found |= set(part) - {given.get(name) for name in answer.stdout.split(b"\0")}
        elif len(part) > 1:
            half = len(part) // 2
            parts += [part[:half], part[half:]]
    return found


def _folded(name: bytes) -> str:
    return nfc(os.fsdecode(name)).casefold()


def _is_own(git: Path) -> bool:
    """Does a repository belong to this user? Naming it takes away git's own check of that."""
    try:
        places = [git, _git_folder(git)]
        return not hasattr(os, "geteuid") or all(p.stat().st_uid == os.geteuid() for p in places)
    except (OSError, ValueError):
        return False


def _git_folder(git: Path) -> Path:
    """Return where a repository is; ``.git`` of a worktree or a submodule is a file."""
    if git.is_dir():
        return git
    text = git.read_text(encoding="utf-8")[:4096].strip()
    return (git.parent / text.removeprefix("gitdir:").strip()).resolve()


def _index(root: Path) -> bytes | None:
    """Return git's own list of files, in lower case, to look for a name; None = it can't be read.

    It is for where git doesn't answer.
    """
    index = root / ".git" / "index"
    if not (root / ".git").is_dir():  # of a worktree or a submodule: it is elsewhere
        return None
    try:
        if not index.exists():
            return b""
        if index.stat().st_size > _LARGEST_INDEX:
            return None
        data = index.read_bytes()
    except OSError:
        return None
    # Version 4 shortens names, and a split index has some of them elsewhere.
    return data.lower() if data[4:8] in _PLAIN_INDEXES and b"link" not in data else None


def _git(
    root: Path, *words: str, given: bytes = b"", timeout_s: float = _TIMEOUT_S
) -> subprocess.CompletedProcess[bytes] | None:
    """Ask git about paths of a work tree; None = no answer, or it is somebody else's.

    ``given``: on standard input.
    """
    if not _is_own(root / ".git"):
        return None
    settings = [word for setting in _HARMLESS for word in ("-c", setting)]
    where = [f"--git-dir={root / '.git'}", f"--work-tree={root}"]
    # What git gives its hooks names another index, or has patterns read as names.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(  # noqa: S603  # a fixed program, no shell
            ["git", *settings, *where, "-C", str(root), *words],  # noqa: S607
            env={
                **without_credentials(env),
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_OPTIONAL_LOCKS": "0",
            },
            input=given,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
