"""What every sink can do."""

from datetime import datetime
from typing import Protocol, runtime_checkable

from photonctl.model.held import Intent, Record
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored


class Readable(Protocol):
    """Says what it keeps of one webhook."""

    def stored_for(self, webhook_id: str) -> Stored:
        """Say what is stored, seen from the live webhook of this id."""
        ...

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read back what is stored; None = nothing.

        With a webhook's id, what is stored for that one, under whatever name: asked for only where
        ``stored_for`` says ``ELSEWHERE``, which a sink without names needn't.

        Raises:
            SinkError: it can't be read.
        """
        ...


class Sink(Readable, Protocol):
    """Keeps the secrets of one webhook. Calls block; they run in a thread.

    Public: a plugin implements it (see ``photonctl.sinks``). No error's text may hold a secret.
    """

    def check_writable(self) -> None:
        """Prove, before a secret is asked for, that it could be stored.

        Raises:
            SinkNotWritable: it could not.
        """
        ...

    def store(self, secrets: OneTimeSecrets) -> None:
        """Store the secrets of one registration; on disk when this returns.

        Raises:
            SinkError: they are not stored.
        """
        ...


@runtime_checkable
class Inspectable(Protocol):
    """A sink that can be looked at without being changed, for ``doctor``."""

    def look(self) -> None:
        """Find out whether a secret could be stored, as far as looking can show.

        Raises:
            SinkNotWritable: it could not.
        """
        ...


@runtime_checkable
class KeepsRecords(Protocol):
    """A sink that says whose secret it holds, and holds intents: no journal is needed for it.

    What it stores it is given with its ``origin``.
    """

    def record(self) -> Record | None:
        """Say what is held, and what was begun and not finished; None = neither.

        Raises:
            SinkError: that can't be known.
        """
        ...

    def open_intent(self, intent: Intent) -> None:
        """Note, before it is done, that a secret will be asked for.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        ...

    def close_intent(self) -> None:
        """Remove that note, if there is one. ``store`` has removed it.

        Raises:
            SinkError: it stays.
        """
        ...


@runtime_checkable
class KnowsBefore(Protocol):
    """A sink that knows what it held before an intent of this run was opened there."""

    @property
    def was_held(self) -> bool:
        """Was anything there?"""
        ...


@runtime_checkable
class KnowsRotation(Protocol):
    """A sink that knows when a secret was rotated last."""

    def rotated_at(self) -> datetime | None:
        """Return when the standard secret was stored by a rotation; None = it wasn't."""
        ...
