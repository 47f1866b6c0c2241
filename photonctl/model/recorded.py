"""What a store's note is to say once a webhook's secrets are stored. Pure."""

from collections.abc import Mapping
from datetime import datetime

from photonctl.model.held import MARK, Record, owner_words, word
from photonctl.model.secret import Secret
from photonctl.model.spec import Origin
from photonctl.model.state import Stored

_LEGACY = 12  # letters of a digest: as many as a tag of AWS has room for


def record_of(
    origin: Origin,
    webhook_id: str,
    given: Mapping[str, Secret | None],
    before: Record | None,
    since: datetime | None,
) -> Record:
    """Return what is held once the secrets ``signing`` and ``standard`` are stored.

    A rotation gives the standard secret only: the legacy one that is there stays this webhook's.
    """
    signing, standard = given.get("signing"), given.get("standard")
    is_same = before is not None and before.webhook_id == word(webhook_id)
    keeps = is_same and before is not None and before.holds in (Stored.ALL, Stored.SIGNING)
    holds = Stored.SIGNING
    if standard is not None:
        holds = Stored.ALL if signing is not None or keeps else Stored.STANDARD
    known = standard or signing
    host, project_id = owner_words(origin)
    return Record(
        webhook_id=word(webhook_id),
        host=host,
        project_id=project_id,
        holds=holds,
        since=since,
        digest=known.digest() if known is not None else "",
        legacy=_legacy(before if keeps else None, signing, standard),
        past=_past(before, signing, standard),
    )


def _legacy(before: Record | None, signing: Secret | None, standard: Secret | None) -> str:
    """Return by what the legacy secret beside a standard one is known again."""
    if standard is None:
        return ""
    if signing is not None:
        return signing.digest()[:_LEGACY]
    if before is None:
        return ""
    return before.digest[:_LEGACY] if before.holds is Stored.SIGNING else before.legacy


def _past(before: Record | None, signing: Secret | None, standard: Secret | None) -> str:
    """Return what to know again once these are stored: what was there, and the legacy one."""
    known = [secret.digest()[:MARK] for secret in (signing, standard) if secret is not None]
    found = [before.past] if before is not None else []
    if before is not None and before.digest[:MARK] not in known:
        found.append(before.digest[:MARK])
    return "".join([*found, *known[:-1]])
