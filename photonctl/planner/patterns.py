"""Entries of ``protect`` and ``ignore`` that match nothing: most are mistyped."""

from collections.abc import Iterator, Sequence

from photonctl.kinds import kinds
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Verb
from photonctl.model.spec import Live
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.urls import shown_in_text

_MOST_COMPARISONS = 300_000


def unmatched_patterns(
    desired: DesiredProject, actions: Sequence[Action], live: LiveProject
) -> Iterator[str]:
    """Warn of entries that mean nothing live or declared, where some of the kind are deleted."""
    policy = desired.policy
    for kind in kinds():
        entries = [("protect", p) for p in policy.protect.get(kind.name, ())]
        entries += [("ignore", p) for p in policy.ignore.get(kind.name, ())]
        is_deleting = any(a.kind == kind.name and a.verb is Verb.DELETE for a in actions)
        if not (entries and is_deleting):
            continue
        declared = desired.resources.get(kind.name, {}).values()
        rows = [
            *live.resources.get(kind.name, {}).values(),
            *(Live(key=d.key, spec=d.spec) for d in declared),
        ]
        for place, (section, pattern) in enumerate(entries, start=1):
            # Thousands of rows and of patterns at once would take too long.
            if len(rows) * len(entries) > _MOST_COMPARISONS:
                return
            if not any(kind.is_matched(row, (pattern,)) for row in rows):
                # A pattern of people is a person, and this text is shown to others.
                entry = f'"{shown_in_text(shown_text(pattern))}"'
                entry = f"an entry ({place} of {len(entries)})" if kind.personal.get("") else entry
                yield (
                    f"{section}.{kind.section}: {entry} matches nothing live or "
                    f"declared, and {kind.section} are deleted. Is it spelled right?"
                )
