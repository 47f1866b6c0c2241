"""Which files a manifest may read and write: those below its folder, and what the user allows.

A manifest may be a stranger's: a path or a link in it must not lead to a file that only the machine
it runs on can see.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from msgspec import Struct, field

_PSEUDO = ("/proc", "/sys", "/dev")
_PRIVATE_FOLDERS = frozenset({".git", ".photonctl"})
_ENV_FILE = ".env"
_LONGEST_PATH, _DEEPEST = 4_095, 100  # characters and parts
_MOST_LINKS, _LONGEST_WALK = 40, 600  # one after another, as Linux; parts, those of links too
_MOST_FOLLOWED, _MOST_LETTERS = 150_000, 24 * 2**20  # paths and folders of a run, and their text
_OF_SECRETS = (".env", ".vars", ".secret", ".secrets", ".pem", ".key", ".p12", ".pfx", ".tfstate")
_OF_JOBS = "gha-creds-"  # what Google's sign-in action leaves in the checkout
_SHARED_MEMORY = "/dev/shm"  # noqa: S108  # a disk like any other


class _TooManyError(OSError):
    """A run names more paths than any needs; what isn't followed isn't used."""

    def __init__(self) -> None:
        super().__init__(
            errno.E2BIG, f"this run names more than {_MOST_FOLLOWED:,} paths and folders"
        )


class _Looks(Struct):
    """Where the paths of a run lead, or why nowhere, and how long their texts are."""

    found: dict[str, str | Exception] = field(default_factory=dict)
    size: int = 0
    links: int = 0  # that are being followed, one in the target of another
    walks: dict[str, int] = field(default_factory=dict)  # parts that the system walks for each

    def take(self, name: str) -> None:
        """Count a path.

        Raises:
            OSError: it is one too many.
        """
        self.size += len(name)
        if len(self.found) >= _MOST_FOLLOWED or self.size > _MOST_LETTERS:
            raise _TooManyError


_looks: ContextVar[_Looks | None] = ContextVar("looks", default=None)


@contextmanager
def looking_once() -> Iterator[None]:
    """Follow each path once meanwhile: what a run's files say is judged by one look at the disk.

    Within another such time it is that one.
    """
    if _looks.get() is not None:
        yield
        return
    token = _looks.set(_Looks())
    _leaves_repository.cache_clear()
    try:
        yield
    finally:
        _looks.reset(token)


def is_below(path: Path | str, folder: Path | str) -> bool:
    """Is a whole path that of a folder, or of something in it? As its text says, and fast."""
    name, root = os.fspath(path), os.fspath(folder)
    return name == root or name.startswith(root if root.endswith("/") else f"{root}/")


def resolved(path: Path) -> Path:
    """Return where a path leads; of endless links, and of a name too long, the path itself."""
    try:
        return followed(path)
    except (OSError, RuntimeError, ValueError):
        return Path(os.path.abspath(path))  # noqa: PTH100  # it can't be followed


def is_link(path: Path) -> bool:
    """Is a path a link, wherever its folder leads? Nothing is asked that isn't known already."""
    return resolved(path) != resolved(path.parent) / path.name


def followed(path: Path) -> Path:
    """Follow the links of a path, as many as the system follows.

    Raises:
        OSError, RuntimeError, ValueError: there are more, they lead in a circle, or it is no path.
    """
    return Path(_lead(os.fspath(path)))


def _lead(name: str) -> str:
    looks = _looks.get()
    if looks is None:
        with looking_once():  # one path may lead by many links, each of many folders
            return _lead(name)
    if name not in looks.found:
        looks.take(name)
        try:
            looks.found[name] = _follow(name, looks)
        except (OSError, RuntimeError, ValueError) as error:
            looks.found[name] = error
    found = looks.found[name]
    if isinstance(found, Exception):
        raise found
    return found


def _loop() -> OSError:
    return OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _follow(name: str, looks: _Looks) -> str:
    """Follow a path by way of its folder, which is known if another name in it was followed."""
    whole = os.path.join(os.getcwd(), name) if name != "." else os.getcwd()  # noqa: PTH109, PTH118  # texts: a Path costs ten times as much
    _refuse_deep(name, whole)
    parent, own = os.path.split(whole)
    if not own:
        return whole
    folder = _lead(parent)
    looks.walks[name] = looks.walks.get(parent, 0) + 1
    if own == "..":
        return os.path.dirname(folder)  # noqa: PTH120
    here = os.path.join(folder, own)  # noqa: PTH118
    if not os.path.islink(here):  # noqa: PTH114
        return here
    if looks.links >= _MOST_LINKS:
        raise _loop()
    looks.links += 1
    try:
        target, parts = _target(here, folder, looks)
        found = _lead(target)
    finally:
        looks.links -= 1
    looks.walks[name] += parts + looks.walks.get(target, 0)
    if looks.walks[name] > _LONGEST_WALK:
        raise _loop()
    return found


def _target(link: str, folder: str, looks: _Looks) -> tuple[str, int]:
    """Return where a link points, and in how many parts: the system walks each of them.

    Raises:
        OSError: that is too far.
    """
    text = os.readlink(link)  # noqa: PTH115
    looks.size += len(text)
    _refuse_deep(text, text)
    return os.fspath(Path(folder, text)), text.count("/") + 1


def _refuse_deep(name: str, whole: str) -> None:
    if len(name) > _LONGEST_PATH or whole.count("/") > _DEEPEST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


@lru_cache(maxsize=4_096)
def _leaves_repository(folder: str) -> bool:
    """Does a link on the way to a folder lead out of the repository that it is in?"""
    path = Path(folder)
    for one in (path, *path.parents):
        if one.is_symlink():
            root = _repository(followed(one.parent))
            if root is not None and not followed(one).is_relative_to(root):
                return True
    return False


def _repository(folder: Path) -> Path | None:
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


class Reach(Struct, frozen=True):
    """Where manifests may read and write.

    Attributes:
        allowed: real folders beside each manifest's own (``--allow-outside``).
        secrets: real files and folders that hold credentials of this run, wherever they are.
    """

    allowed: tuple[Path, ...] = ()
    secrets: frozenset[Path] = frozenset()

    def why_unread(self, path: Path, folder: Path) -> str | None:
        """Say why a file may not be read for a manifest in ``folder``; None = it may.

        What photonctl and git keep beside a manifest holds secrets.
        """
        why = self.why_not(path, folder)
        if why is not None:
            return why
        real = resolved(path)
        # Some file systems know a name in whatever case, by Unicode's folding.
        name, parts = real.name.casefold(), set(map(str.casefold, real.parts))
        is_named_so = (
            name.endswith(_OF_SECRETS)
            or name.startswith(_OF_JOBS)
            or any(part.casefold().startswith(_ENV_FILE) for part in self._inner(real, folder))
        )
        if is_named_so or _PRIVATE_FOLDERS & parts or self._is_secret(real, folder):
            return "files of secrets can't be read into a manifest"
        return None

    def why_no_value(self, path: Path, folder: Path) -> str | None:
        """Say why a file's text may not be a value of a manifest in ``folder``; None = it may be.

        Programs keep tokens in hidden files (``.npmrc``, ``.aws``); a mounted volume of Kubernetes
        has links to names that begin with two dots.
        """
        why = self.why_unread(path, folder)
        if why is not None:
            return why
        inner = self._inner(resolved(path), folder)
        if any(part.startswith(".") and not part.startswith("..") for part in inner):
            return "hidden files may hold secrets. Copy it to a name without a dot before it"
        return None

    def _is_secret(self, real: Path, folder: Path) -> bool:
        """Is a file one that holds credentials, or in a folder of them that nobody has allowed?"""
        roots = self._roots(real, folder)
        kept = (one for one in self.secrets if is_below(real, one))
        return any(not any(is_below(root, one) for root in roots) for one in kept)

    def _inner(self, real: Path, folder: Path) -> tuple[str, ...]:
        """Return the parts of a path below the folder that allows it, or all of them."""
        roots = self._roots(real, folder)
        return real.relative_to(roots[0]).parts if roots else real.parts

    def _roots(self, real: Path, folder: Path) -> list[Path]:
        """Return the folders that allow a path: the manifest's own, then those of the user."""
        return [root for root in (resolved(folder), *self.allowed) if is_below(real, root)]

    def why_not(self, path: Path, folder: Path) -> str | None:
        """Say why a path of a manifest in ``folder`` may not be used; None = it may.

        Links are followed first. A folder that is named as one below the working directory must
        really be there.
        """
        try:
            real, home, is_link = followed(path), followed(folder), folder.is_symlink()
        except (OSError, RuntimeError, ValueError) as error:
            return error.strerror if isinstance(error, _TooManyError) else "its links lead nowhere"
        pseudo = next((p for p in _PSEUDO if is_below(real, p)), None)
        if pseudo is not None and not is_below(real, _SHARED_MEMORY):
            return f"it is not a regular file, but a part of {pseudo}"
        if any(is_below(real, root) for root in self.allowed):
            return None
        named = os.path.abspath(folder)  # noqa: PTH100  # links stay
        is_away = is_link and not is_below(home, followed(folder.parent))
        if is_away or _leaves_repository(named):
            return (
                "it is outside the manifest's folder, which is, or is below, a link to another "
                "place. Name the folder that it leads to"
            )
        here = os.getcwd()  # noqa: PTH109  # as above
        if is_below(real, home) and (is_below(home, here) or not is_below(named, here)):
            return None
        return (
            "it is outside the manifest's folder. Move it there, or allow its folder with "
            "--allow-outside DIR"
        )
