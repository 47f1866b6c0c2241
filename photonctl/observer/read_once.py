"""A place that keeps no records, read for one plan: what fails once says nothing from then on."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from photonctl.errors import SinkError
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.sinks import KnowsRotation, Sink

_MOMENT = "it couldn't be read a moment ago"


class ReadOnce:
    """Asks a sink for each thing once.

    Half of what a plan decides would otherwise come from a read that went well, and half from one
    that didn't: a secret that is there would count as lost.

    Attributes:
        knows_rotation: can it say when a secret was rotated?
        why_unread: why it can't be read; "" = it could be, as far as it was.
    """

    def __init__(self, sink: Sink) -> None:
        """Take a sink."""
        self._sink = sink
        self.knows_rotation = isinstance(sink, KnowsRotation)
        self._known: dict[tuple[str, tuple[str, ...]], Any] = {}
        self.why_unread = ""

    def rotated_at(self) -> datetime | None:
        """Return when the standard secret was rotated last; None = nothing says so."""
        if not isinstance(self._sink, KnowsRotation):
            return None
        found: datetime | None = self._once("rotated_at", self._sink.rotated_at)
        return found

    def stored_for(self, webhook_id: str) -> Stored:
        """Say what is stored, as the sink does."""
        if self.why_unread:
            return Stored.UNREADABLE
        found: Stored = self._once("stored_for", self._sink.stored_for, webhook_id)
        if found is Stored.UNREADABLE:
            self.why_unread = self._why()
        return found

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read the secrets.

        Raises:
            SinkError: they can't be read now, or couldn't be before, or ever.
        """
        if self.why_unread:
            raise SinkError(self.why_unread)
        try:
            which = () if webhook_id is None else (webhook_id,)
            found: OneTimeSecrets | None = self._once("kept", self._sink.kept, *which)
        except (SinkError, OSError) as error:
            # Of one that nobody can ask that says nothing.
            if self._sink.stored_for("") is not Stored.UNKNOWN:
                self.why_unread = str(error)
            raise
        return found

    def _once(self, what: str, ask: Callable[..., Any], *which: str) -> Any:
        if (what, which) not in self._known:
            self._known[what, which] = ask(*which)
        return self._known[what, which]

    def _why(self) -> str:
        try:
            self._sink.kept()
        except (SinkError, OSError) as error:
            return str(error)
        return _MOMENT
