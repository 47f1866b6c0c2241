"""The places for a project's own id and secret: an env file, a keyring, a store (interface §1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from photonctl.ci import this_run
from photonctl.errors import RefusedError, SinkError, SinkNotWritable
from photonctl.model.filled import shown_text
from photonctl.model.held import STORING, Intent, about, owner_words, word
from photonctl.model.secret import Secret
from photonctl.model.spec import STORES, Origin, SinkSpec
from photonctl.model.state import HELD, Stored
from photonctl.os_keyring import check_keyring, read_keyring, write_keyring
from photonctl.sinks.env_file import check_file
from photonctl.sinks.store import StoreSink
from photonctl.sinks.variables import read_variables, set_variables, why

PAIR = ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET")
_NO_SECRET = "-"


class Held(Struct, frozen=True):
    """What a place holds.

    Attributes:
        project_id, digest: whose credentials, and a digest of the secret; "" = nothing says so.
        host: of that project, as notes spell it; "" = nothing says so, as in files and keyrings.
    """

    project_id: str
    digest: str
    host: str = ""

    def other_owner(self, origin: Origin | None) -> str | None:
        """Return whose it is; "" = nothing says so, None = this project's."""
        host, project_id = owner_words(origin) if origin is not None else (self.host, None)
        if self.host not in ("", host):
            return f"{self.project_id} at {self.host}" if self.project_id else ""
        return self.project_id if self.project_id != project_id else None


class PairPlace(Protocol):
    """One place for a project's own credentials. Calls block."""

    @property
    def shown(self) -> str:
        """How messages name it."""
        ...

    def check_writable(self) -> None:
        """Raise SinkNotWritable if nothing can be stored there."""
        ...

    def held(self) -> Held | None:
        """Return what is there; None = nothing. Raises SinkError, OSError or ValueError."""
        ...

    def store(self, origin: Origin, secret: Secret) -> None:
        """Store both; raises SinkError."""
        ...

    def read(self) -> Mapping[str, str]:
        """Return what is there by names; raises as ``held``."""
        ...


def pair_places(sink: SinkSpec | None, folder: Path, state: Path | None) -> list[PairPlace]:
    """Open the places that a manifest in this folder names; ``state``: as for ``open_sink``."""
    return [_open(place, folder, state) for place in (sink.places if sink is not None else ())]


def _open(place: SinkSpec, folder: Path, state: Path | None) -> PairPlace:
    if place.type in STORES:
        from photonctl.sinks.stores import open_store

        return _StorePair(open_store(place, PAIR))
    if place.type == "keyring":
        return _KeyringPair(place.target, shown_text(place.target))
    return _FilePair(folder / place.target, folder / shown_text(place.target), state)


def _held_by(values: Mapping[str, str]) -> Held | None:
    project_id, secret = (values.get(name, "") for name in PAIR)
    if not (project_id or secret):
        return None
    return Held(word(project_id), Secret(secret, is_noted=False).digest() if secret else _NO_SECRET)


def _words(there: Held) -> str:
    """Spell what is in a place, so that an intent can say what it goes over."""
    return f"{there.project_id} {there.digest}"


class _FilePair:
    """Two variables of an env file."""

    def __init__(self, path: Path, shown: Path, state: Path | None) -> None:
        self._path = path
        self._state = state
        self._found: Held | None = None  # when it was looked at
        self.shown = str(shown)

    def check_writable(self) -> None:
        check_file(self._path, Path(self.shown), self._state)

    def held(self) -> Held | None:
        self._found = _held_by(self.read())
        return self._found

    def store(self, origin: Origin, secret: Secret) -> None:
        values = dict(zip(PAIR, (origin.project_id, secret.reveal()), strict=True))

        def unless_changed(there: Mapping[str, str]) -> Mapping[str, str]:
            if _held_by(there) != self._found:
                msg = "somebody else stores credentials there at the same time"
                raise RefusedError(msg, hint="Run the command again.")
            return values

        try:
            set_variables(self._path, unless_changed, self._state)
        except (OSError, ValueError, RefusedError) as error:
            msg = f"the project's credentials could not be stored in {self.shown}: {why(error)}"
            raise SinkError(msg) from error

    def read(self) -> Mapping[str, str]:
        return read_variables(self._path) if self._path.exists() else {}


class _KeyringPair:
    """Two entries of a service of the operating system's keyring."""

    def __init__(self, service: str, shown: str) -> None:
        self._service = service
        self.shown = f"the keyring {shown}"

    def check_writable(self) -> None:
        try:
            check_keyring()
        except RefusedError as error:
            msg = f"{self.shown} can't be written: {error}"
            raise SinkNotWritable(msg, hint=error.hint) from None

    def held(self) -> Held | None:
        return _held_by(self.read())

    def store(self, origin: Origin, secret: Secret) -> None:
        try:
            # The id first: what is cut in the middle says whose it is.
            write_keyring(self._service, PAIR[0], Secret(origin.project_id, is_noted=False))
            write_keyring(self._service, PAIR[1], secret)
        except RefusedError as error:
            msg = f"the project's credentials could not be stored in {self.shown}: {error}"
            raise SinkError(msg) from None

    def read(self) -> Mapping[str, str]:
        found = {name: read_keyring(self._service, name, is_noted=False) for name in PAIR}
        return {name: secret.reveal() for name, secret in found.items() if secret is not None}


class _StorePair:
    """Two values of a secret store; its note says whose they are."""

    def __init__(self, sink: StoreSink) -> None:
        self._sink = sink
        self.shown = sink.shown

    def check_writable(self) -> None:
        self._sink.check_writable()

    def held(self) -> Held | None:
        self._sink.look_again()  # others may have rotated the secret since
        record = self._sink.record()
        if record is None:
            return None
        noted = Held(record.webhook_id, record.digest, record.host)
        if record.asked != STORING:
            return noted
        there = self._readable()  # it was cut in the middle
        host, ours = record.asked_by
        if there is None and record.holds in HELD:  # which gives nobody what it holds
            return noted
        half = Held(ours, _NO_SECRET, host)
        now = there or Held("", _NO_SECRET)
        if about(_words(now)) == record.asked_of:  # nothing is written yet
            is_noted = there is not None and _words(there) == _words(noted)
            return noted if is_noted else there or half
        if record.holds is Stored.OTHER:  # stored since; an id of ours beside it says nothing
            return replace(now, project_id="") if now.project_id == ours else now
        return half if there is None or now.project_id == ours else now

    def _readable(self) -> Held | None:
        """Return what is there; None = nothing, or the store gives nobody what it holds."""
        return _held_by(self._sink.values_if_given() or {})

    def store(self, origin: Origin, secret: Secret) -> None:
        whose = Secret(origin.project_id, is_noted=False)
        there = self._readable()
        over = _words(there) if there is not None else ""
        step = Intent(
            step=STORING, origin=origin, at=datetime.now(UTC), run=this_run(), webhook_id=over
        )
        try:
            if there is not None and self._sink.record() is None:
                self._sink.check_writable()  # it may have come since the place was proven
            self._sink.open_intent(step)
        except SinkNotWritable as error:
            raise SinkError(str(error), hint=error.hint) from None
        self._sink.store_values(origin, dict(zip(PAIR, (whose, secret), strict=True)), secret)

    def read(self) -> Mapping[str, str]:
        return self._sink.values()
