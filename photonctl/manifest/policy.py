"""A document's ``prune``, ``ignore``, ``protect``, ``limits`` and ``mode`` → its policy."""

from collections.abc import Mapping
from typing import Any

from photonctl.model.policy import DEFAULT_LIMITS, DEFAULT_PRUNE, NO_LIMITS, Limits, Policy
from photonctl.resources import KINDS

_SECTIONS = {kind.section: kind.name for kind in KINDS}


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Return the policy of a document that fits the schema."""
    prune = document.get("prune", {})
    if isinstance(prune, bool):
        prune = dict.fromkeys(("users", "webhooks", *(["platforms"] if not prune else [])), prune)
    return Policy(
        prune={**DEFAULT_PRUNE, **{_SECTIONS[section]: value for section, value in prune.items()}},
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


def _patterns(section: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {_SECTIONS[name]: tuple(patterns) for name, patterns in section.items()}
