"""Several places for one webhook's secrets: stored in all of them, or the webhook is taken back."""

from collections.abc import Sequence

from photonctl.errors import SinkError
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.sinks.base import Inspectable, Sink

_WEAKEST = (
    Stored.UNREADABLE, Stored.NOTHING, Stored.OTHER, Stored.STANDARD, Stored.SIGNING,
    Stored.ELSEWHERE, Stored.UNKNOWN, Stored.ALL,
)  # fmt: skip


class SeveralSinks:
    """Asks every place in turn."""

    def __init__(self, members: Sequence[Sink]) -> None:
        """Take the places, in the order of the manifest."""
        self.members = tuple(members)

    def check_writable(self) -> None:
        """Every place must be writable."""
        for member in self.members:
            member.check_writable()

    def look(self) -> None:
        """Look at each that can be looked at."""
        for member in self.members:
            if isinstance(member, Inspectable):
                member.look()

    def store(self, secrets: OneTimeSecrets) -> None:
        """Store in every place; the first that fails ends it, and nothing counts as stored."""
        for member in self.members:
            member.store(secrets)

    def stored_for(self, webhook_id: str) -> Stored:
        """Return what the place holds that holds least."""
        return weakest([member.stored_for(webhook_id) for member in self.members])

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read from the first place that gives it; with a webhook's id, that one's only."""
        error: SinkError | None = None
        for member in self.members:
            try:
                found = member.kept(webhook_id)
            except SinkError as refused:
                error = refused
                continue
            if found is not None and webhook_id in (None, found.webhook_id):
                return found
        if error is not None:
            raise error
        return None


def weakest(found: Sequence[Stored]) -> Stored:
    """Return which of several answers says least; one that can't be asked counts as well."""
    return min(found, key=_WEAKEST.index)
