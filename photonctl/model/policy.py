"""What a plan may delete, and how much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

DEFAULT_PRUNE: Mapping[str, bool] = MappingProxyType(
    {"user": True, "webhook": True, "platform": False}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The manifest's ``prune``, ``ignore``, ``protect`` and ``limits`` (interface §1).

    Attributes:
        prune: kind → delete what isn't declared.
        ignore, protect: kind → shell-style patterns.
        max_deletes: most deletes of one apply; None = no limit.
        max_delete_percent: the same, as a share of the live users and webhooks.
        allows_default_sinks: False where the disk is thrown away after the run.
    """

    prune: Mapping[str, bool] = field(default_factory=lambda: DEFAULT_PRUNE)
    ignore: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_deletes: int | None = None
    max_delete_percent: int | None = None
    allows_default_sinks: bool = True
