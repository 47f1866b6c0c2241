"""Where a webhook's secret is kept."""

from msgspec import Struct, field

from photonctl.clock import Clock, SystemClock
from photonctl.errors import RefusedError
from photonctl.intents import Intents
from photonctl.journal import Journal
from photonctl.model.held import ROTATION
from photonctl.model.spec import OneTimeSecrets, Origin, SinkSpec
from photonctl.model.state import Stored, Whose
from photonctl.port import ProjectPort
from photonctl.sinks import Sink, each
from photonctl.urls import shown_url

_STANDARD = (Stored.ALL, Stored.STANDARD)


class Kept(Struct, frozen=True):
    """Where a rotated secret comes from, and where it is kept.

    Attributes:
        spec: where it is kept, as declared.
        seen: what each of its places said when the plan was made; None = nobody asked.
    """

    project: ProjectPort
    journal: Journal
    sink: Sink
    spec: SinkSpec
    host: str = ""
    clock: Clock = field(default_factory=SystemClock)
    seen: tuple[Whose | None, ...] = ()

    def origin(self, key: str) -> Origin:
        """Say whose the secret of a webhook is."""
        return Origin(host=self.host, project_id=self.project.project_id, url=shown_url(key))

    def intents(self, key: str) -> Intents:
        """Return what was begun for a webhook's secret."""
        return Intents(self.journal, self.sink, self.origin(key), key, self.seen)

    def check_standard(self, key: str, webhook_id: str) -> None:
        """Make sure that every place has the standard secret, before deliveries are signed with it.

        Raises:
            RefusedError: one hasn't, or a rotation may have made another one.
            SinkNotWritable: one holds something else than when the plan was made.
        """
        self.intents(key).check_unchanged()
        places = [self._stored(key, webhook_id, place) for place in each(self.sink)]
        is_stored = all(stored in _STANDARD for stored in places)
        if not is_stored or self.intents(key).is_open(ROTATION):
            raise RefusedError(
                "what is stored of its secret has changed since the plan was made, so the standard "
                "secret may not be there, which would sign its deliveries",
                hint="Plan again, and look at what it shows now:\n  photonctl plan",
            )

    def is_noted(self, key: str, webhook_id: str, place: Sink) -> bool:
        """Has a place that can't be asked (``exec``) got the newest secrets already?"""
        is_closed = place.stored_for(webhook_id) is Stored.UNKNOWN
        return is_closed and self._stored(key, webhook_id, place) is Stored.ALL

    def _stored(self, key: str, webhook_id: str, place: Sink) -> Stored:
        """Say what a place has; of one that can't be asked the journal knows what it got."""
        stored = place.stored_for(webhook_id)
        if stored is not Stored.UNKNOWN:
            return stored
        note = self.journal.note(self.project.project_id, key)
        return note.stored(webhook_id, self._place_id(place))

    def last_standard(self, key: str, webhook_id: str, place: Sink) -> str | None:
        """Return the digest of the standard secret that a place has got, as the journal knows."""
        note = self.journal.note(self.project.project_id, key)
        return note.standard_in(webhook_id, self._place_id(place))

    def _place_id(self, place: Sink) -> str:
        """Name a place as the journal does."""
        return self.journal.place_id(self.specs_of(place)[0])

    def note_stored(self, key: str, secrets: OneTimeSecrets, place: Sink | None = None) -> None:
        """Note in the journal that a place has got these secrets; None = that every one has."""
        places = self.spec.places if place in (None, self.sink) else self.specs_of(place)
        self.journal.note_stored(self.project.project_id, key, secrets, places)

    def specs_of(self, place: Sink | None) -> list[SinkSpec]:
        """Return how a place is declared."""
        pairs = zip(each(self.sink), self.spec.places, strict=True)
        return [spec for sink, spec in pairs if sink is place]
