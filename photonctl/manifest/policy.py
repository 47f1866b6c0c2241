"""A document's ``prune``, ``ignore``, ``protect``, ``limits`` and ``mode`` → its policy."""

from collections.abc import Mapping
from typing import Any

from photonctl.kinds import kinds
from photonctl.model.policy import DEFAULT_LIMITS, NO_LIMITS, Limits, Policy


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Return the policy of a document that fits the schema."""
    return Policy(
        prune=_prune(document.get("prune", {})),
        ignore=_patterns(document.get("ignore", {})),
        protect=_patterns(document.get("protect", {})),
        limits=_limits(document.get("limits", {})),
        is_observed=document.get("mode") == "observe",
    )


def _limits(given: Any) -> Limits:
    if given is False:
        return NO_LIMITS
    if "maxDeletes" not in given and "maxDeletePercent" not in given:
        deletes = DEFAULT_LIMITS
    else:
        deletes = Limits(
            max_deletes=given.get("maxDeletes"), max_delete_percent=given.get("maxDeletePercent")
        )
    return Limits(
        max_deletes=deletes.max_deletes,
        max_delete_percent=deletes.max_delete_percent,
        needs_both=deletes.needs_both,
        max_creates=given.get("maxCreates"),
        max_updates=given.get("maxUpdates"),
        max_replaces=given.get("maxReplaces"),
    )


def _prune(given: Any) -> dict[str, bool]:
    """Return kind → prune; ``true`` adds nothing to the kinds that are pruned by default."""
    if given is True:
        return {}
    if given is False:
        return {kind.name: False for kind in kinds()}
    names = _names()
    return {names[section]: value for section, value in given.items()}


def _patterns(given: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    names = _names()
    return {names[section]: tuple(patterns) for section, patterns in given.items()}


def _names() -> dict[str, str]:
    """Return section → kind."""
    return {kind.section: kind.name for kind in kinds()}
