"""One issue for each project whose live state isn't as declared: opened, edited, closed."""

import hashlib
import re
from collections.abc import Iterable

from photonctl.forges.base import Comment, Forge

LABEL = "photon-drift"
_MARKER = re.compile("<!-- photonctl:drift ([0-9a-f]{16}) -->")
_SHORT = 16
_CLEAN = "Live state is as declared again."


def issue_key(manifest: str, name: str, project_id: str | None = None) -> str:
    """Name a project's issue: the same before and after the project is created.

    Args:
        manifest: which declares it.
        name: as outputs show it: this key can be read by anybody, and guessed by.
        project_id: its id, where the manifest declares several of this name.
    """
    words = (manifest, name) if project_id is None else (manifest, name, project_id)
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:_SHORT]


def sync_issues(forge: Forge, drifted: Iterable[tuple[str, str, str]], clean: Iterable[str]) -> int:
    """Open or edit the issues of projects that drifted, and close those of clean ones.

    Args:
        forge: where.
        drifted: each project's ``issue_key``, the issue's title, and its text.
        clean: the keys of the others.

    Returns:
        How many issues were written.
    """
    found = _own(forge)
    count = 0
    for project, title, text in drifted:
        body = f"{_marker(project)}\n{text}"
        issue = found.get(project)
        if issue is None:
            forge.add_issue(title, body, LABEL)
        elif issue.body.replace("\r\n", "\n").rstrip() == body.rstrip():
            continue
        else:
            forge.edit_issue(issue, body)
        count += 1
    for project in clean:
        if project in found:
            forge.close_issue(found[project], _CLEAN)
            count += 1
    return count


def _own(forge: Forge) -> dict[str, Comment]:
    """Find the open issues that are ours: by their marker, and by who wrote them."""
    me = forge.me()
    found: dict[str, Comment] = {}
    for issue in forge.open_issues(LABEL):
        marker = _MARKER.fullmatch(issue.body.partition("\n")[0].rstrip("\r"))
        if marker is not None and issue.author == me:
            found.setdefault(marker[1], issue)
    return found


def _marker(project: str) -> str:
    return f"<!-- photonctl:drift {project} -->"
