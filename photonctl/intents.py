"""Intents of one webhook's secret: where the secret will be, and in the journal.

A store that keeps records knows of an unfinished step on every machine. The journal does on this
one, also once the secret is declared to go elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime

from photonctl.ci import this_run
from photonctl.errors import LOOK_AGAIN, SinkError, SinkNotWritable
from photonctl.journal import Journal, rotation_of
from photonctl.model.held import REGISTRATION, ROTATION, Intent, about
from photonctl.model.moments import is_past
from photonctl.model.spec import Origin
from photonctl.model.state import UNREAD, Whose
from photonctl.sinks import KeepsRecords, Sink, each, whose


class Intents:
    """What was begun for one webhook and not finished."""

    def __init__(
        self,
        journal: Journal,
        sink: Sink | None,
        origin: Origin,
        key: str,
        seen: Sequence[Whose | None] = (),
    ) -> None:
        """Take where intents are kept, and whose they are.

        Args:
            journal: where they are for places that keep none.
            sink: where the secret goes; None = nowhere.
            origin: whose it is.
            key: the webhook's.
            seen: what each place said that it holds, when the plan was made; None = nobody asked.
        """
        self._journal = journal
        self._origin = origin
        self._keys = {REGISTRATION: key, ROTATION: rotation_of(key)}
        found = each(sink) if sink is not None else ()
        self._stores = [place for place in found if isinstance(place, KeepsRecords)]
        self._seen = list(zip(found, seen, strict=False))

    def is_open(self, step: str, now: datetime | None = None) -> bool:
        """Was a step begun and not finished? ``now``: and may what it asked for not be listed yet?

        Raises:
            SinkError: a store can't say so.
        """
        begun = self._journal.begun_at(self._origin.project_id, self._keys[step])
        if begun is not None and not is_past(begun, now):
            return True
        records = (store.record() for store in self._stores)
        key = self._keys[REGISTRATION]
        return any(
            record is not None
            and record.was_asked_by(self._origin, step, key)
            and not is_past(record.begun_at(step), now)
            for record in records
        )

    def check_unchanged(self) -> None:
        """Refuse places in which somebody has stored a secret since the plan was made.

        Raises:
            SinkNotWritable: one of them says something else than then.
        """
        for place, seen in self._seen:
            check_unchanged(place, seen)

    def open(self, step: str, at: datetime, webhook_id: str = "") -> None:
        """Note that a secret is about to be asked for; it is safe when this returns.

        Args:
            step: which.
            at: when.
            webhook_id: of the webhook, where it exists already.

        Raises:
            SinkNotWritable: it can't be noted, or a place holds something else than when the plan
                was made. Nothing may be sent.
        """
        self.check_unchanged()
        for store in self._stores:
            store.open_intent(self.intent(step, at, webhook_id))
        try:
            # In the journal, too: the secret's places may be others before the step is finished.
            self._journal.open_intent(self._origin.project_id, self._keys[step], webhook_id)
        except SinkNotWritable:
            if not self._stores:
                raise
            self._journal.say(self._keys[step], is_open=True)

    def intent(self, step: str, at: datetime, webhook_id: str = "") -> Intent:
        """Return what is noted of a step."""
        return Intent(
            step=step,
            origin=self._origin,
            at=at,
            run=this_run(),
            about=about(self._keys[REGISTRATION]),
            webhook_id=webhook_id,
        )

    def close(self, *steps: str) -> None:
        """Note that the secret is stored, or that there is none.

        Raises:
            OSError: an intent stays, and the next plan replaces the secret needlessly.
        """
        for store in self._stores:
            try:
                store.close_intent()
            except SinkError as error:
                raise OSError(str(error)) from None
        keys, project_id = [self._keys[step] for step in steps], self._origin.project_id
        for key in keys if self._stores else ():
            if not self._journal.has_intent(project_id, key):
                self._journal.say(key, is_open=False)
        self._journal.close_intents(project_id, *keys)


def check_unchanged(place: Sink, seen: Whose | None, name: str = "the place") -> None:
    """Refuse a place that somebody has stored a secret in since the plan was made.

    Raises:
        SinkNotWritable: it says something else than ``seen``, or can't be asked; None = nobody has
            asked it before.
    """
    if seen is None:
        return
    shown = getattr(place, "shown", name)
    if seen == UNREAD:
        raise SinkNotWritable(
            f"what {shown} held wasn't known when the plan was made", hint=LOOK_AGAIN
        )
    try:
        is_same = _is_same(whose(place), seen)
    except (SinkError, OSError) as error:
        hint = error.hint if isinstance(error, SinkError) else None
        raise SinkNotWritable(str(error), hint=hint) from None
    if not is_same:
        raise SinkNotWritable(
            f"{shown} holds another secret than when the plan was made: "
            "somebody else stores there. Nothing was changed",
            hint=LOOK_AGAIN,
        )


def _is_same(now: Whose, seen: Whose) -> bool:
    """Is the same there, or less? Storing a secret under another name takes the id away here."""
    is_less = len(seen) > 1 and now[:1] == ("",) and now[1:] == seen[1:]
    return now == seen or is_less or not now


def keeps_intents(sink: Sink) -> bool:
    """Does a sink hold intents itself, so that no journal is needed?"""
    return any(isinstance(place, KeepsRecords) for place in each(sink))
