"""Times as notes and Photon write them, and how far apart two may be. Pure."""

from datetime import UTC, datetime, timedelta

_LONGEST_STEP = timedelta(days=1)  # with what clocks differ by


def is_past(begun: datetime | None, at: datetime | None) -> bool:
    """Was that so long after a step was begun that it isn't of this step? Not if nobody knows."""
    return begun is not None and at is not None and at - begun > _LONGEST_STEP


def moment(at: datetime) -> str:
    """Write a time as notes do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text: str) -> datetime | None:
    """Read such a time; None = it is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def made_at(text: str | None) -> datetime | None:
    """Read when Photon says that something was created; None = it doesn't."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
