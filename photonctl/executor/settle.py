"""Removing the journal's intents that mean nothing any more."""

from contextlib import suppress

from photonctl.journal import Journal, rotation_of
from photonctl.kinds import kinds
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.port import ProjectPort


def settle_journal(
    desired: DesiredProject, live: LiveProject, project: ProjectPort | None, creation: str
) -> None:
    """Forget the intents that mean nothing any more; the caller holds the project's lock.

    A creation's intent goes once the project opens; a registration's once its secret is stored
    after all, or once its URL is neither live nor declared. A declared one that isn't live may be
    listed late: creating it will show that. A rotation's intent stays: no sink knows whether the
    new secret was stored. What can't be removed stays, and is safe.

    Args:
        desired: as declared.
        live: as listed.
        project: None = the project isn't live.
        creation: the intent of the project's creation.
    """
    journal = Journal(desired.folder, desired.state)
    if project is not None:
        with suppress(OSError):
            journal.close_intents("", creation)
    names = [kind.name for kind in kinds() if kind.has_secret]
    if project is None or not all(name in live.resources for name in names):
        return
    known = {key for name in names for key in live.resources[name]}
    known |= {key for name in names for key in desired.resources.get(name, {})}
    stored = {ref.key for ref, found in live.evidence.items() if found.is_registered}
    with suppress(OSError):
        kept = (known - stored) | {rotation_of(key) for key in known}
        journal.forget_others(project.project_id, kept)
