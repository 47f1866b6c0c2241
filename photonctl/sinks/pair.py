"""A project's own id and secret, in each place that ``credentials`` names (interface §1)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from photonctl.errors import PhotonctlError, RefusedError, SinkError
from photonctl.model.secret import Secret
from photonctl.model.spec import Origin, SinkSpec
from photonctl.model.state import HeldPair
from photonctl.sinks.pair_places import PAIR, Held, PairPlace, pair_places
from photonctl.sinks.variables import why


def keep_pair(
    places: list[PairPlace],
    origin: Origin,
    secret: Secret | None,
    over: Sequence[str | None] | None = None,
) -> list[str]:
    """Store a project's own credentials in every place that lacks them; returns which those are.

    ``over``: for each place, whose credentials may be overwritten, as ``HeldPair.of`` says it.

    Raises:
        SinkError: they are not stored everywhere.
    """
    written = []
    for place, another in zip(places, over or [None] * len(places), strict=True):
        if secret is None:
            msg = f"the project's secret isn't known here, so it isn't stored in {place.shown}"
            raise SinkError(msg, hint="Sign in: the dashboard shows it.\n  photonctl login")
        found = _asked(place)
        whose = found.other_owner(origin) if found is not None else None
        if whose not in (None, another):
            raise SinkError(
                f"{place.shown} holds the credentials of another project since it was looked at, "
                "so those of this one aren't stored there",
                hint="Name another place in project.credentials.",
            )
        if found is None or whose is not None or found.digest != secret.digest():
            place.store(origin, secret)
            written.append(place.shown)
    return written


def strangers(places: list[PairPlace], origin: Origin) -> Iterator[tuple[PairPlace, str]]:
    """Yield places that hold another project's credentials, and whose; "" = nothing says so.

    Raises:
        SinkError: a place can't be asked.
    """
    for place in places:
        found = _asked(place)
        whose = found.other_owner(origin) if found is not None else None
        if whose is not None:
            yield place, whose


def wrong_pairs(
    sink: SinkSpec, folder: Path, state: Path | None, origin: Origin | None, secret: Secret | None
) -> tuple[HeldPair, ...]:
    """Say which places can't be asked, or don't hold a project's valid credentials.

    ``origin``, ``secret``: the project's; None = it isn't live, or its secret isn't known.
    """
    found = []
    for spec, place in zip(sink.places, pair_places(sink, folder, state), strict=True):
        try:
            held = _asked(place)
        except SinkError as error:
            found.append(HeldPair(place=spec, problem=error.whole))
            continue
        if held is None:
            found.append(HeldPair(place=spec, is_empty=True))
        elif (whose := held.other_owner(origin)) is not None:
            found.append(HeldPair(place=spec, of=whose))
        elif secret is not None and held.digest not in ("", secret.digest()):
            found.append(HeldPair(place=spec))
    return tuple(found)


def values_of(place: PairPlace) -> dict[str, str]:
    """Read a project's own credentials back, by their names; {} = there are none.

    Raises:
        SinkError: the place can't be read, or gives nobody what it holds.
    """
    try:
        return {name: value for name, value in place.read().items() if name in PAIR and value}
    except (RefusedError, OSError, ValueError) as error:
        raise SinkError(f"{place.shown} can't be read: {why(error)}") from None


def _asked(place: PairPlace) -> Held | None:
    """Return what a place holds; None = nothing.

    Raises:
        SinkError: it can't be asked.
    """
    try:
        return place.held()
    except SinkError:
        raise
    except (PhotonctlError, OSError, ValueError) as error:
        hint = error.hint if isinstance(error, PhotonctlError) else None
        raise SinkError(f"{place.shown} can't be read: {why(error)}", hint=hint) from None
