"""What the declared places of a project's secrets hold; each is asked once for one plan."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from photonctl.errors import PhotonctlError, SinkError
from photonctl.model.held import CREATION, Record, about, owner_words
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, OneTimeSecrets, Origin, SinkSpec, Spec
from photonctl.model.state import UNREAD, Stored, Whose
from photonctl.observer.read_once import ReadOnce
from photonctl.observer.request import ObservationRequest
from photonctl.sinks import KeepsRecords, Readable, open_sink, whose
from photonctl.sinks.several import is_older, is_outdated, kept_for, newest, standard_of

T = TypeVar("T")
_AT_ONCE = 8
_WITHOUT_ID = (Stored.NOTHING, Stored.OTHER, Stored.UNKNOWN, Stored.UNREADABLE)


class Place(Struct, kw_only=True):
    """One place of one secret, as far as it can be asked.

    Attributes:
        is_asked: False where the disk is new in every run, so that nothing in it says anything.
        record: what a store says; None = nothing, or it is no store.
        refused: why a store can't be asked, and what to do about it.
    """

    spec: SinkSpec
    sink: Readable
    is_asked: bool = True
    record: Record | None = None
    refused: str = ""

    @property
    def problem(self) -> str:
        """Say why it can't be asked; "" = it could be, as far as it was."""
        return self.refused or (self.sink.why_unread if isinstance(self.sink, ReadOnce) else "")

    @property
    def is_store(self) -> bool:
        """Does it keep records?"""
        return isinstance(self.sink, KeepsRecords)

    @property
    def knows_age(self) -> bool:
        """Can it say when a secret was rotated?"""
        knows = self.sink.knows_rotation if isinstance(self.sink, ReadOnce) else self.is_store
        return not self.problem and knows

    def ask(self) -> None:
        """Ask a store for its record."""
        if not isinstance(self.sink, KeepsRecords):
            return
        try:
            self.record = self.sink.record()
        except PhotonctlError as error:
            self.refused = error.whole

    def stored_for(
        self, webhook_id: str | None, known: Record | None = None, given: Sequence[str] = ()
    ) -> Stored:
        """Say what is stored, seen from the live webhook of this id; None = none is live.

        Args:
            webhook_id: the live webhook's.
            known: its newest secret, if a store notes one; a place with another is out of date.
            given: its standard secrets, as far as the journal knows, the newest last.
        """
        if not self.is_asked:
            return Stored.UNKNOWN
        if self.problem:
            return Stored.UNREADABLE
        if webhook_id and self.is_older(webhook_id, given):
            return Stored.OLD
        if webhook_id and known is not None and self._ask(is_outdated, webhook_id, known):
            return Stored.OLD
        if self.is_store:
            return self.record.stored_for(webhook_id or "") if self.record else Stored.NOTHING
        found = self.sink.stored_for(webhook_id or "")
        # Without a live webhook what is there is somebody's, whatever a sink says of no id.
        return found if webhook_id or found in _WITHOUT_ID else Stored.OTHER

    def is_older(self, webhook_id: str | None, given: Sequence[str]) -> bool:
        """Does it hold a standard secret that was given before the webhook's newest?"""
        is_asked = self.is_asked and not self.problem and bool(webhook_id)
        return is_asked and bool(self._ask(is_older, webhook_id or "", given))

    def holds_newest(self, webhook_id: str | None, given: Sequence[str]) -> bool:
        """Does it hold the newest of these?"""
        is_asked = self.is_asked and not self.problem and bool(webhook_id)
        return is_asked and self._ask(standard_of, webhook_id or "") in given[-1:]

    def whose(self) -> Whose | None:
        """Return what it says of what it holds, for a comparison later; None = it isn't asked."""
        if not self.is_asked:
            return None
        try:
            return UNREAD if self.problem else whose(self.sink)
        except (PhotonctlError, OSError):  # nobody can ask a command
            return UNREAD if self.problem else None

    def kept(self) -> OneTimeSecrets | None:
        """Return whose secret is there; None = there is none. Of a store without the secret."""
        if not self.is_asked or self.problem:
            return None
        if self.is_store:
            if self.record is None or self.record.holds is Stored.NOTHING:
                return None
            return OneTimeSecrets(webhook_id=self.record.webhook_id)
        try:
            return self.sink.kept()
        except (SinkError, OSError):
            return None

    def kept_for(self, webhook_id: str | None) -> OneTimeSecrets | None:
        """Return a webhook's secrets, under whatever name the place holds them."""
        return self._ask(kept_for, webhook_id) if webhook_id else None

    def _ask(self, ask: Callable[..., T], *what: Any) -> T | None:
        """Ask for something; what fails is this place's ``problem`` from then on."""
        try:
            return ask(self.sink, *what)
        except (SinkError, OSError):
            return None

    def is_of(self, origin: Origin) -> bool:
        """Does a store say that the secret is of this project at this host?"""
        return self.record is not None and self.record.belongs_to(origin)

    def was_asked(self, origin: Origin, step: str, key: str = "") -> bool:
        """Does a store say that a step was begun here for a webhook and not finished?"""
        return self.record is not None and self.record.was_asked_by(origin, step, key)

    def is_about(self, step: str, webhook_id: str, made: datetime | None) -> bool:
        """May that step be about this live webhook, which was registered then?"""
        return self.record is not None and self.record.may_be_of(step, webhook_id, made)

    def is_anothers(self, origin: Origin | None, key: str, known: Collection[str]) -> bool:
        """Does a store say that another secret than this webhook's is about to come there?

        Another project's; or that of another webhook of this one, if it is among the ``known``
        ones, as notes spell them. Of a project that isn't live (None) none is.
        """
        if self.record is None or self.record.asked in ("", CREATION):
            return False
        if origin is None or self.record.asked_by != owner_words(origin):
            return True
        return self.record.asked_about != about(key) and self.record.asked_about in known

    def since(self) -> datetime | None:
        """Return when the standard secret was stored, if the place knows."""
        if self.record is not None:
            return self.record.since
        return self.sink.rotated_at() if isinstance(self.sink, ReadOnce) else None


Places = Mapping[ResourceRef, tuple[Place, ...]]


def newest_of(
    places: Sequence[Place], webhook_id: str | None, given: Sequence[str] = ()
) -> Record | None:
    """Return what stores note of a live webhook's newest secret; None = none notes anything.

    ``given``: as for ``Place.stored_for``.
    """
    return newest((place.record for place in places), webhook_id, given)


async def look_at(request: ObservationRequest) -> Places:
    """Open the places of every declared secret, and ask stores what they hold, some at once."""
    places = {ref: _places(request, declared) for ref, declared in request.secrets.items()}
    limit = asyncio.Semaphore(_AT_ONCE)

    async def ask(place: Place) -> None:
        async with limit:
            await asyncio.to_thread(place.ask)

    stores = (place for found in places.values() for place in found if place.is_store)
    await asyncio.gather(*map(ask, stores))
    return places


def _places(request: ObservationRequest, declared: Declared[Spec]) -> tuple[Place, ...]:
    assert declared.secret is not None
    sink = declared.secret.sink
    is_asked = request.reads_default_sinks or not sink.is_default
    opened = ((spec, open_sink(spec, request.folder, request.state)) for spec in sink.places)
    return tuple(
        Place(
            spec=spec,
            sink=found if isinstance(found, KeepsRecords) else ReadOnce(found),
            is_asked=is_asked,
        )
        for spec, found in opened
    )
