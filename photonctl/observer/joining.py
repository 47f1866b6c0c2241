"""What several places of one secret together say. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from photonctl.model.state import Evidence, Stored, weakest

_COPIED = (Stored.NOTHING, Stored.OTHER, Stored.ELSEWHERE)


def _unless_elsewhere(stored: Stored) -> Stored:
    return Stored.NOTHING if stored is Stored.ELSEWHERE else stored


def joined(found: Sequence[Evidence]) -> Evidence:
    """Return what several places together say: a secret is stored if all of them hold it.

    One that a place lacks, and another one gives, is copied.
    """
    if len(found) == 1:
        return found[0]
    stored = weakest([evidence.stored for evidence in found])
    sources = [evidence for evidence in found if evidence.given_by is not None]
    source = max(sources, key=lambda evidence: evidence.gives_newest, default=None)
    given_by = source.given_by if source is not None else None
    least = next(evidence for evidence in found if evidence.stored is stored)
    is_newer = source is not None and source.gives_newest
    is_old = stored is Stored.OLD and all(e.is_older for e in found if e.stored is Stored.OLD)
    # Half of a secret may be all that a place needs: it doesn't hide what another one lacks.
    is_half = stored in (Stored.STANDARD, Stored.SIGNING)
    lacks = stored in _COPIED or (is_half and any(e.stored in _COPIED for e in found))
    if (is_old and is_newer) or lacks:
        stored = Stored.ELSEWHERE if given_by is not None else _unless_elsewhere(stored)
    return replace(
        least,
        stored=stored,
        given_by=given_by,
        occupied=tuple(held for evidence in found for held in evidence.occupied),
        seen=tuple(pair for evidence in found for pair in evidence.seen),
        was_refused=any(evidence.was_refused for evidence in found),
        is_unsure=any(evidence.is_unsure for evidence in found),
        is_given=all(e.is_given for e in found if e.stored is Stored.UNKNOWN),
        problem="; ".join(filter(None, (evidence.problem for evidence in found))),
    )
