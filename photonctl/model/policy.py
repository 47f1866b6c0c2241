"""What a plan may change, and how much."""

from collections.abc import Mapping

from msgspec import Struct, field


class Limits(Struct, frozen=True, kw_only=True):
    """The manifest's ``limits``, each for one kind in one project; None = no limit.

    Attributes:
        max_deletes: most deletes.
        max_delete_percent: most deletes, as a share of what is live.
        needs_both: a plan has to be above both of them to be refused; else above either.
        max_creates, max_updates, max_replaces: most of the other actions.
    """

    max_deletes: int | None = None
    max_delete_percent: int | None = None
    needs_both: bool = False
    max_creates: int | None = None
    max_updates: int | None = None
    max_replaces: int | None = None


DEFAULT_LIMITS = Limits(max_deletes=3, max_delete_percent=30, needs_both=True)
"""Without ``limits:``. A limit on deletes that is given takes the place of this pair."""
NO_LIMITS = Limits()
"""``limits: false``."""


class Policy(Struct, frozen=True, kw_only=True):
    """The manifest's ``prune``, ``ignore``, ``protect``, ``limits`` and ``mode`` (interface §1).

    Attributes:
        prune: kind → delete what isn't declared; a kind that isn't in it has its own default.
        ignore, protect: kind → shell-style patterns.
        is_observed: apply is refused.
        ci: the CI system that runs this, whose disk is thrown away; None = none does.
    """

    prune: Mapping[str, bool] = field(default_factory=dict)
    ignore: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS
    is_observed: bool = False
    ci: str | None = None
