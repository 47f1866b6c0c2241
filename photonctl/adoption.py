"""Taking over a secret that somebody knows, as if an apply had registered its webhook."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from photonctl.errors import RefusedError, SinkError
from photonctl.kinds.webhook.kept import Kept
from photonctl.model.held import ADOPTION, REGISTRATION, ROTATION, word
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.model.state import HELD, DesiredProject, Stored
from photonctl.port import AccountPort
from photonctl.rotation import kept_by, live_secret, refuse_unfinished
from photonctl.sinks import KeepsRecords, Sink, each
from photonctl.sinks.several import (
    can_be_asked,
    is_older,
    kept_for,
    record_of,
    remember,
    standard_of,
    surely_stored,
)
from photonctl.texts import quote
from photonctl.urls import shown_url


async def adopt_signing_secret(
    account: AccountPort,
    project: DesiredProject,
    ref: ResourceRef,
    offered: OneTimeSecrets,
    check: Callable[[OneTimeSecrets], None],
) -> list[SinkSpec]:
    """Store a known secret of a live resource in its sink, as if apply had registered it.

    Places that can't be read, and have this very secret already, stay as they are.

    Args:
        account: where the project is.
        project: as declared; the caller holds its lock.
        ref: a resource that it declares with a secret.
        offered: its legacy or standard secret, or both.
        check: called with them and the live id before anything is stored; raises to refuse.

    Returns:
        Where it is stored now.

    Raises:
        RefusedError: the project or the resource isn't live, or the sink holds another's secret.
        SinkNotWritable, SinkError: nothing was stored.
    """
    found = await live_secret(account, project, ref)
    offered = replace(offered, webhook_id=found.id)
    check(offered)
    await asyncio.to_thread(found.sink.check_writable)
    kept = kept_by(account, project, found)
    label = project.resources[ref.kind][ref.key].label if found.lacks_legacy else ""
    return await asyncio.to_thread(_take, kept, found.id, ref.key, offered, lacks_legacy=label)


def _take(
    kept: Kept, webhook_id: str, key: str, offered: OneTimeSecrets, *, lacks_legacy: str
) -> list[SinkSpec]:
    """Store a secret in every place that can be asked, or lacks it; return which those are.

    Stores come first: what one of them notes is known to be the right one, if another place fails.
    ``lacks_legacy``: the label of a webhook whose registration only a legacy secret ends.
    """
    project_id, journal = kept.project.project_id, kept.journal
    kept.intents(key).check_unchanged()
    note = journal.note(project_id, key)
    places = sorted(each(kept.sink), key=lambda place: not isinstance(place, KeepsRecords))
    ends_rotation = offered.standard is not None and kept.intents(key).is_open(ROTATION)
    closed = [
        place
        for place in places
        if _is_closed(kept, key, place, webhook_id)
        # Nobody can take out of a command what a lost rotation has made worthless.
        and not (ends_rotation and not can_be_asked(place, webhook_id))
    ]
    for place in closed:
        last = kept.last_standard(key, webhook_id, place)
        _refuse_another(place, offered, last, note.all_given, quote(shown_url(key)))
    places = [place for place in places if place not in closed]
    if not places:
        raise _is_stored(quote(shown_url(key)))
    _refuse_older(offered, note.standards(webhook_id), quote(shown_url(key)))
    whole = _with_known(kept, webhook_id, key, offered, places)
    _refuse_no_end(kept, webhook_id, key, offered)
    if lacks_legacy and whole.signing is None:
        refuse_unfinished(lacks_legacy)
    journal.note_given(project_id, key, offered)
    _store_in(kept, key, places, whole)
    try:
        kept.intents(key).close(REGISTRATION, ROTATION)
    except OSError as error:
        again = _rotate(quote(shown_url(key))) if offered.standard else "Run the command again."
        raise SinkError(f"it is stored, but the note of that stays: {error}", hint=again) from None
    return [spec for place in places for spec in kept.specs_of(place)]


def _with_known(
    kept: Kept, webhook_id: str, key: str, offered: OneTimeSecrets, places: Sequence[Sink]
) -> OneTimeSecrets:
    """Add what places are known to hold for this registration already."""
    note = kept.journal.note(kept.project.project_id, key)
    whole, given = offered, note.standards(webhook_id)
    for place in places:
        if not is_older(place, webhook_id, given):
            whole = _joined(whole, _known(place, webhook_id, offered, note.vouches))
    return whole


def _store_in(kept: Kept, key: str, places: Sequence[Sink], secrets: OneTimeSecrets) -> None:
    """Store in every place; a store notes what was open until all of them have the secret."""
    for place in places:
        _store(kept, key, place, replace(secrets, is_unfinished=len(places) > 1))
    for place in places if len(places) > 1 else ():
        if isinstance(place, KeepsRecords):
            _store(kept, key, place, secrets)


def _store(kept: Kept, key: str, place: Sink, secrets: OneTimeSecrets) -> None:
    if isinstance(place, KeepsRecords):  # a write that dies halfway is known as photonctl's own
        place.open_intent(kept.intents(key).intent(ADOPTION, kept.clock.now(), secrets.webhook_id))
    place.store(replace(secrets, origin=kept.origin(key)))
    kept.note_stored(key, secrets, place)


def _refuse_older(offered: OneTimeSecrets, given: Sequence[str], url: str) -> None:
    """Refuse a standard secret that was given before the webhook's newest; ``given``: in order.

    Raises:
        RefusedError: it is one.
    """
    if offered.standard is not None and offered.standard.digest() in given[:-1]:
        raise RefusedError(
            "a newer standard secret of this webhook was given since; nothing was stored",
            hint=_rotate(url),
        )


def _refuse_no_end(kept: Kept, webhook_id: str, key: str, offered: OneTimeSecrets) -> None:
    """Refuse a secret that doesn't end a rotation whose answer was lost: there may be a newer one.

    Raises:
        RefusedError: it isn't a standard one, or one that is known already.
    """
    if not kept.intents(key).is_open(ROTATION):
        return
    known = {*kept.journal.note(kept.project.project_id, key).standards(webhook_id)}
    known |= {standard_of(place, webhook_id) or "" for place in each(kept.sink)}
    new = offered.standard
    if new is None or new.digest() in known or remember(each(kept.sink), [new]):
        raise RefusedError(
            "a rotation of this webhook wasn't finished, so there may be a newer standard secret "
            "than this; nothing was stored",
            hint=f"Rotate it again:\n  photonctl webhook rotate {quote(shown_url(key))}",
        )


def _is_closed(kept: Kept, key: str, place: Sink, webhook_id: str) -> bool:
    """Does a place hold this webhook's secrets already, and give them to nobody?"""
    if place.stored_for(webhook_id) not in HELD:
        return kept.is_noted(key, webhook_id, place)
    try:
        place.kept()
    except SinkError:
        return True
    return False


def _refuse_another(
    place: Sink, offered: OneTimeSecrets, last: str | None, given: Collection[str], url: str
) -> None:
    """Refuse a secret other than that of a place which can't be read: its note knows it again.

    A legacy secret is never rotated, so one that was here, or was given, is the one.

    Args:
        place: a store, or a command, which has no note.
        offered: what is to be stored elsewhere.
        last: the digest of the standard secret that it got last, as the journal knows.
        given: digests of all that Photon gave, likewise.
        url: for the way on.

    Raises:
        RefusedError: it is another one.
    """
    record, legacy, standard = record_of(place), offered.signing, offered.standard
    is_other = False
    if legacy is not None:
        is_noted = record is not None and record.has_held(legacy)
        is_other = not is_noted and legacy.digest() not in given
    if standard is not None and record is not None:
        is_other |= not record.may_hold(standard)
    elif standard is not None:
        is_other |= standard.digest() != last
    if is_other:
        raise _another_is_stored(_rotate(url))


def _known(
    place: Sink,
    webhook_id: str,
    offered: OneTimeSecrets,
    vouches: Callable[[OneTimeSecrets], bool],
) -> OneTimeSecrets | None:
    """Return what a place is known to hold for this registration already.

    Raises:
        RefusedError: it holds another secret.
    """
    record = record_of(place)
    if record is not None and record.webhook_id == word(webhook_id) and record.digest:
        given = offered.signing if record.holds is Stored.SIGNING else offered.standard
        if given is not None and given.digest() != record.digest:
            raise _another_is_stored()
    if surely_stored(place, webhook_id) not in HELD:
        return None
    found = kept_for(place, webhook_id)
    if found is None or record is not None or vouches(found):
        return found
    _joined(offered, found)  # it may be another one; the rest of it, anybody may have written
    return None


def _another_is_stored(hint: str = "") -> RefusedError:
    return RefusedError(
        "another secret of this registration is stored already, and plan finds it; nothing "
        "was stored",
        hint=hint or "If that one is wrong, remove it from its place first, and run this again.",
    )


def _is_stored(url: str) -> RefusedError:
    return RefusedError(
        "this secret is stored already, in places that give it to nobody; nothing was stored",
        hint=_rotate(url),
    )


def _rotate(url: str) -> str:
    return f"For a new secret in every place:\n  photonctl webhook rotate {url}"


def _joined(offered: OneTimeSecrets, known: OneTimeSecrets | None) -> OneTimeSecrets:
    """Add what is stored already; never put another secret in its place."""
    if known is None:
        return offered
    for new, old in ((offered.signing, known.signing), (offered.standard, known.standard)):
        if new is not None and old is not None and new != old:
            raise _another_is_stored()
    return replace(
        offered,
        signing=offered.signing or known.signing,
        standard=offered.standard or known.standard,
    )
