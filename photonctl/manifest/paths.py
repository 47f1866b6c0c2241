"""The paths in a document: how they are written, and whether a manifest may use them."""

from collections.abc import Iterator
from pathlib import Path

from photonctl.model.filled import shown
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.reach import Reach
from photonctl.resources.values import Problem

At = tuple[str | int, ...]
# Files that a shell, ssh or git reads as commands or settings, not as variables.
_START_FILES = frozenset({
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile",
    ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".mkshrc", ".cshrc",
    ".tcshrc", ".login", ".logout", ".xprofile", ".xinitrc", ".xsession", ".xsessionrc",
    ".inputrc", ".pam_environment", ".netrc", ".npmrc", ".pypirc", ".gitconfig", ".gitmodules",
    ".gitattributes", ".gitignore", ".curlrc", ".wgetrc", ".vimrc", ".exrc", ".gdbinit",
    "authorized_keys", "known_hosts", "crontab", "bashrc", "profile", "zshrc", "zshenv",
    "config.fish", "makefile", "gnumakefile", "dockerfile",
})  # fmt: skip
_START_FOLDERS = frozenset({".ssh", ".git", ".github", ".gitlab", ".husky", "fish", "profile.d"})


def check_paths(document: JsonValue, folder: Path, reach: Reach) -> Iterator[Problem]:
    """Check each path that a document declares; tables are checked as they are read."""
    if not isinstance(document, dict):
        return
    for at, path in env_files(document):
        problem = env_file_problem(path, folder, reach)
        if problem is not None:
            yield Problem(at=at, message=problem)
    for at, path in _others(document):
        if path.startswith("~"):
            yield Problem(at=at, message=_home())


def env_file_problem(path: str, folder: Path, reach: Reach) -> str | None:
    """Say why secrets may not be stored in a file; None = they may."""
    if path.startswith("~"):
        return _home()
    if "\0" in path:
        return None  # the schema says so
    why = reach.why_not(folder / path, folder)
    if why is not None:
        return f'"{shown(path)}" may not be written: {why}.'
    whole = Path(path)
    real = (folder / path).resolve()
    names = {part.lower() for found in (whole, real) for part in found.parts[-3:]}
    last = {whole.name.lower(), real.name.lower()}
    if last & _START_FILES or names & _START_FOLDERS:
        return f'"{shown(path)}" is read as settings or commands. Name a file such as .env.'
    if real.suffix.lower() in (".yaml", ".yml", ".csv"):
        return f'"{shown(path)}" leads to a manifest or a table. Name a file such as .env.'
    return None


def env_files(document: JsonObject) -> Iterator[tuple[At, str]]:
    """Yield where each env file of a document is declared, and its path."""
    project = document.get("project")
    sink = project.get("credentials") if isinstance(project, dict) else None
    found: list[tuple[At, JsonValue]] = []
    if isinstance(sink, dict):
        found.append((("project", "credentials", "envFile"), sink.get("envFile")))
    for index, secret in secrets(document):
        found.append((("webhooks", index, "secret", "envFile"), secret.get("envFile")))
    yield from ((at, path) for at, path in found if isinstance(path, str))


def secrets(document: JsonObject) -> Iterator[tuple[int, JsonObject]]:
    """Yield the index of each webhook that declares where its secret goes, and what it says."""
    webhooks = document.get("webhooks")
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else []):
        secret = webhook.get("secret") if isinstance(webhook, dict) else None
        if isinstance(secret, dict):
            yield index, secret


def _others(document: JsonObject) -> Iterator[tuple[At, str]]:
    for index, secret in secrets(document):
        words = secret.get("exec")
        first = words[0] if isinstance(words, list) and words else None
        if isinstance(first, str):
            yield ("webhooks", index, "secret", "exec"), first
    tables = document.get("usersFrom")
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        file = table.get("file") if isinstance(table, dict) else table
        if isinstance(file, str):
            yield ("usersFrom", index), file


def _home() -> str:
    return '"~" isn\'t expanded here. Write the path relative to this file.'
