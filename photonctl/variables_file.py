"""Which files may hold secrets as variables, by their names. Pure."""

import re
from pathlib import Path

from photonctl.files import is_emulators_file

_NAME = re.compile(r"\.(env(\.[\w-]+)*|vars|secrets?)|[\w.-]+\.(env|vars|secrets?)|[\w-]+")
PIPELINES_REPORT = "plan.env"
"""What ``--ci gitlab`` overwrites in each run: no place for a secret."""
DEEPEST = 40
"""Parts of a path."""
# Names without a suffix that a shell, ssh or a build reads as commands or settings.
_START_FILES = frozenset({
    "authorized_keys", "known_hosts", "config", "crontab", "bashrc", "profile", "zshrc", "zshenv",
    "environment", "makefile", "gnumakefile", "dockerfile", "containerfile", "jenkinsfile",
    "vagrantfile", "procfile", "gemfile", "rakefile", "brewfile", "justfile", "hosts", "passwd",
    "shadow", "sudoers", "fstab", "codeowners", "license", "readme",
})  # fmt: skip
_START_FOLDERS = frozenset({"fish", "profile.d", "cron.d", "sudoers.d"})


def is_of_variables(path: Path) -> bool:
    """May a file of this name hold variables, and be nothing that other programs read or serve?

    ``path``: relative to where the manifest is, so that only what it names counts.
    """
    folders = [part.casefold() for part in path.parts[:-1]]
    is_emulators = is_emulators_file(path)
    is_hidden = any(part.startswith(".") and part != ".." for part in folders)
    if (is_hidden and not is_emulators) or set(folders) & _START_FOLDERS:
        return False
    name = path.name.casefold()
    is_named_so = _NAME.fullmatch(name) is not None and name not in _START_FILES
    return len(path.parts) <= DEEPEST and (is_emulators or is_named_so)
