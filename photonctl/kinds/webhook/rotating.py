"""Rotating a webhook's standard secret, and copying a stored one to another name.

A rotation has an intent of its own, and the next plan makes an interrupted one again: the stored
secret is valid only until the overlap ends.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

from msgspec.structs import replace

from photonctl.errors import (
    Ambiguous,
    ApiError,
    Conflict,
    NotFound,
    NotOffered,
    Rejected,
    SinkError,
    UnknownShape,
)
from photonctl.intents import Intents
from photonctl.kinds.webhook.kept import Kept
from photonctl.model.held import COPY, REGISTRATION, ROTATION, word
from photonctl.model.places import place_name
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Whose
from photonctl.sinks import KeepsRecords, Sink, each, whose
from photonctl.sinks.several import SeveralSinks, can_be_asked, in_order, remember, why
from photonctl.texts import quote
from photonctl.urls import shown_url

_ROTATE_AGAIN = "The next apply rotates it again. To do it now:\n  photonctl webhook rotate"


class _NoRotation(NotOffered):
    """The webhook is listed, and its rotation isn't there: the stored secret is the right one."""


class NothingToCopyError(SinkError):
    """The secret that a plan wants to copy isn't there any more."""


async def rotate_secret(
    kept: Kept, *, webhook_id: str, key: str, overlap_s: int | None = None
) -> datetime | None:
    """Rotate the standard secret and store it; until then an intent says that it may be lost.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        SinkNotWritable: nothing was changed.
        Ambiguous, UnknownShape, SinkError: a new secret may be lost; the intent stays.
        ApiError: it isn't rotated.
    """
    intents, to_thread = kept.intents(key), asyncio.to_thread
    again = f"{_ROTATE_AGAIN} {quote(shown_url(key))}"
    was_interrupted = await to_thread(intents.is_open, ROTATION)
    await to_thread(kept.sink.check_writable)
    await to_thread(kept.journal.check_noted, kept.project.project_id, key)
    await to_thread(intents.open, ROTATION, kept.clock.now(), webhook_id)
    try:
        secrets, until = await _rotate(kept, key, webhook_id, overlap_s)
    except (Ambiguous, UnknownShape) as error:
        raise type(error)(f"{error}; there may be a new secret", hint=again) from None
    except ApiError as error:
        # A server without the route has never rotated anything: an earlier attempt did nothing.
        # But else what was interrupted before is as lost as before.
        if isinstance(error, _NoRotation) or (not was_interrupted and _is_refusal(error)):
            with suppress(OSError):  # the note stays: it is rotated once more
                await to_thread(intents.close, ROTATION)
        raise
    partial = await to_thread(_keep, kept, key, secrets, again)
    await to_thread(_close, intents, again, partial)
    if partial is not None:
        raise partial
    return until


def _close(intents: Intents, again: str, partial: SinkError | None) -> None:
    """Note that the secret is stored; a registration that never ended is over then, too."""
    try:
        intents.close(*([ROTATION] if partial else [REGISTRATION, ROTATION]))
    except OSError as error:
        what = partial or "the secret is rotated and stored"
        raise SinkError(f"{what}; but the note of that stays: {error}", hint=again) from None


def _keep(kept: Kept, key: str, secrets: OneTimeSecrets, again: str) -> SinkError | None:
    """Store a rotated secret in every place, if it is a new one; ``again``: the way on.

    Returns:
        What failed where another place has the secret, and gives it: the next apply copies it.

    Raises:
        SinkError: it is lost, or a place lacks it that can't be asked: it is rotated again.
        UnknownShape: it is an old one.
    """
    try:
        is_old = _is_old(kept, key, secrets)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        raise SinkError(f"{why(error)}; the new secret is lost", hint=again) from None
    if is_old:
        text = "Photon's answer repeats a secret that was given before; there may be a new one"
        raise UnknownShape(text, hint=again)
    whole = replace(secrets, origin=kept.origin(key))
    failed: list[tuple[Sink, str]] = []
    stored: list[Sink] = []
    for place in in_order(each(kept.sink)):
        try:
            # Stores, which are last, note on every machine that another place lacks it.
            place.store(replace(whole, is_unfinished=bool(failed)))
        except Exception as error:  # noqa: BLE001  # likewise
            failed.append((place, why(error)))
        else:
            kept.note_stored(key, secrets, place)
            stored.append(place)
    return _partial(kept, key, secrets, stored, failed, again) if failed else None


def _partial(  # noqa: PLR0913, PLR0917
    kept: Kept,
    key: str,
    secrets: OneTimeSecrets,
    stored: Sequence[Sink],
    failed: Sequence[tuple[Sink, str]],
    again: str,
) -> SinkError:
    """Return what failed, if the next apply copies the secret on whatever machine it runs.

    Raises:
        SinkError: it doesn't, and rotates it again.
    """
    known = [place for place in stored if can_be_asked(place, secrets.webhook_id)]
    names = [place_name(spec) for place in known for spec in kept.specs_of(place)]
    found = f"in {' and '.join(names)} only" if names else "lost"
    text = f"{'; '.join(said for _, said in failed)}; the new secret is {found}"
    # Another machine has no journal of this one: it sees what a store notes, and asks no command.
    is_seen = all(can_be_asked(place, secrets.webhook_id) for place, _ in failed)
    is_seen |= not any(isinstance(place, KeepsRecords) for place in each(kept.sink))
    if is_seen and _is_copied(kept, key, secrets, [place for place, _ in failed]):
        return SinkError(text, hint="The next apply copies it:\n  photonctl apply")
    raise SinkError(text, hint=again)


def _is_copied(kept: Kept, key: str, secrets: OneTimeSecrets, failed: Sequence[Sink]) -> bool:
    """Will the next apply copy a rotated secret to the places that failed? It asks the same."""
    note = kept.journal.note(kept.project.project_id, key)
    webhook_id, given = secrets.webhook_id, note.standards(secrets.webhook_id)
    sink = SeveralSinks(each(kept.sink))
    try:
        found = sink.given(webhook_id, note.vouches, given)
        lacking = sink.lacking(webhook_id, found, given) if found is not None else []
    except Exception:  # noqa: BLE001  # likewise
        return False
    is_new = found is not None and found.standard == secrets.standard
    return is_new and all(place in lacking for place in failed)


async def _rotate(
    kept: Kept, key: str, webhook_id: str, overlap_s: int | None
) -> tuple[OneTimeSecrets, datetime | None]:
    """Rotate; a 404 of a webhook that is listed means that the server lacks the route.

    What a 404's body looks like says nothing: older servers answer with JSON, or with a page. A
    server that has rotated this webhook before has the route.

    Raises:
        Ambiguous: the answer is made up.
        NotOffered: the stored secret is still the right one, if the webhook is listed.
    """
    try:
        secrets, until = await kept.project.rotate_secret(webhook_id, overlap_s)
    except (NotFound, NotOffered) as error:
        try:
            rows = await kept.project.webhooks()
        except ApiError as other:  # a refusal of the list says nothing of the rotation
            raise Ambiguous(f"{error}; and then {other}") from None
        if all(row.id != webhook_id for row in rows):
            raise
        note = await asyncio.to_thread(kept.journal.note, kept.project.project_id, key)
        if len(note.standards(webhook_id)) > 1:
            raise Ambiguous(
                f"Photon says that it doesn't offer what it has done before ({error.status}). If "
                "that is so, register the webhook again (apply --replace)"
            ) from None
        raise _NoRotation(
            f"this Photon server doesn't offer rotation (status {error.status}). The stored secret "
            "is unchanged and still valid. For a new one, set onMissingSecret: replace and remove "
            "the stored one, or delete the webhook in the dashboard: the next apply registers it "
            "again",
            status=error.status,
        ) from None
    if secrets.webhook_id != webhook_id:
        raise UnknownShape("Photon's answer is about another webhook than the one to rotate")
    return secrets, until


def _is_refusal(error: ApiError) -> bool:
    """Does an answer say that this request wasn't carried out, and that it won't be?

    That the webhook isn't there says nothing: anything in between answers so, to the list as well.
    """
    if isinstance(error, NotFound | NotOffered):
        return False
    if isinstance(error, Conflict):
        return True
    is_4xx = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
    return isinstance(error, Rejected) and error.status in (HTTPStatus.OK, *is_4xx)


def _is_old(kept: Kept, key: str, secrets: OneTimeSecrets) -> bool:
    """Was the secret of a rotation's answer given before? A cache may repeat any of them."""
    secret, webhook_id = secrets.standard, secrets.webhook_id
    if secret is None:
        return False
    journal, project_id = kept.journal, kept.project.project_id
    is_old = True
    try:
        is_old = journal.has_seen(project_id, key, secrets) or any(
            _is_stored(place, webhook_id, secret) for place in each(kept.sink)
        )
    finally:  # also where a place can't say
        note = journal.note_seen if is_old else journal.note_given
        note(project_id, key, secrets)
    return is_old


def _is_stored(place: Sink, webhook_id: str, secret: Secret) -> bool:
    """Does a place hold this very secret, or has it? A store's note says so without reading it.

    Of one that nobody can ask the journal knows what it got.

    Raises:
        SinkError: it can't say.
    """
    if isinstance(place, KeepsRecords):
        return remember([place], [secret])
    if not can_be_asked(place, webhook_id):
        return False
    stored = place.kept(webhook_id)
    return stored is not None and stored.standard == secret


def copy_secret(kept: Kept, webhook_id: str, key: str) -> Kept:
    """Store what the sink holds for a webhook under another name; nothing is asked of Photon.

    Of several places only those that lack it get it.

    Returns:
        The same, with what its places say from now on: a next step goes over nothing else.

    Raises:
        SinkNotWritable: a place can't get it, or somebody has stored something there since.
        NothingToCopyError: it isn't there any more.
        SinkError: it can't be stored.
    """
    kept.sink.check_writable()
    intents = kept.intents(key)
    intents.check_unchanged()
    sink = kept.sink
    places = [sink]
    if isinstance(sink, SeveralSinks):
        note = kept.journal.note(kept.project.project_id, key)
        given = note.standards(webhook_id)
        secrets = sink.given(webhook_id, note.vouches, given)
        places = sink.lacking(webhook_id, secrets, given) if secrets is not None else []
    else:
        secrets = sink.kept(webhook_id)
    if secrets is None or word(secrets.webhook_id) != word(webhook_id):
        raise NothingToCopyError("the secret under the older name isn't there any more")
    whole = replace(secrets, webhook_id=webhook_id, origin=kept.origin(key), is_copy=True)
    now, seen = kept.clock.now(), dict(zip(each(sink), kept.seen, strict=False))
    for place in places:
        if kept.is_noted(key, webhook_id, place):
            continue
        if isinstance(place, KeepsRecords) and place is not sink:
            place.open_intent(intents.intent(COPY, now, webhook_id))
        place.store(whole)
        kept.note_stored(key, whole, place)
        seen[place] = _said_by(place)
    return replace(kept, seen=tuple(map(seen.get, each(sink))))


def _said_by(place: Sink) -> Whose | None:
    """Return what a place says of what it holds; None = nobody can ask it."""
    try:
        return whose(place)
    except (SinkError, OSError):
        return None
