"""How much of what is live one command keeps at a time."""

from photonctl.errors import RefusedError
from photonctl.model.state import LiveProject

_MOST_ROWS = 200_000


class Bounds:
    """Counts the resources of all projects that a command reads whole."""

    def __init__(self, most: int = _MOST_ROWS) -> None:
        """Begin at none; ``most``: how many there may be."""
        self._most = most
        self._count = 0

    def take(self, live: LiveProject) -> LiveProject:
        """Count a project's resources, and return it.

        Raises:
            RefusedError: there are too many.
        """
        self._count += sum(map(len, live.resources.values()))
        if self._count > self._most:
            raise RefusedError(
                f"the projects have more than {self._most:,} users and webhooks together",
                hint="Name one of them (--project NAME), or fewer manifests (-f, --shard I/N).",
            )
        return live
