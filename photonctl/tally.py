"""What each project of a session has cost: counted from its events."""

from collections.abc import Mapping

from photonctl.events import Event, Paced, RequestFinished, Waiting
from photonctl.model.report import NO_USAGE, Usage


class Tally:
    """Requests, repetitions and waiting, by project."""

    def __init__(self) -> None:
        self._found: dict[str, Usage] = {}

    def take(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RequestFinished(project_id=str(project_id)):
                self._add(project_id, Usage(requests=1))
            case Waiting(project_id=str(project_id)):
                self._add(project_id, Usage(retries=1, waited_s=event.seconds))
            case Paced():
                self._add(event.project_id, Usage(waited_s=event.seconds))
            case _:
                pass

    def now(self) -> Mapping[str, Usage]:
        """Return what each project, by its id in requests, has cost so far."""
        return dict(self._found)

    def since(self, before: Mapping[str, Usage], project_id: str) -> Usage:
        """Return what a project has cost since ``now`` returned ``before``."""
        return self._found.get(project_id, NO_USAGE) - before.get(project_id, NO_USAGE)

    def _add(self, project_id: str, more: Usage) -> None:
        self._found[project_id] = self._found.get(project_id, NO_USAGE) + more
