"""Entries of ``protect`` and ``ignore`` that match nothing: most are mistyped."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from photonctl.kinds import kinds
from photonctl.kinds.base import Kind
from photonctl.kinds.matching import cost_of
from photonctl.kinds.patterns import Patterns, made_ready
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Refusal, Verb
from photonctl.model.policy import Policy
from photonctl.model.spec import Declared, Live
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.urls import shown_in_text

_MOST_COMPARED = 1_000_000  # characters with patterns that have wildcards
_MOST_MATCHED = 25_000_000  # tenths of a microsecond


def too_much_to_match(
    kind: Kind[Any], policy: Policy, rows: Sequence[Live[Any]]
) -> Iterator[Refusal]:
    """Refuse what would take too long: to hold all patterns of a kind against live resources."""
    if cost_of(kind, policy, rows) > _MOST_MATCHED:
        yield Refusal(
            message=f"protect and ignore have too many patterns with wildcards for {len(rows):,} "
            f"live {kind.section} that aren't declared",
            hint=f"Write fewer wildcards under {kind.section}, or declare the {kind.section}.",
        )


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
        declared = desired.resources.get(kind.name, {})
        # By what outputs show of it: whether a pattern matches says what a filled value is.
        rows = [
            *(row for key, row in live.resources.get(kind.name, {}).items() if key not in declared),
            *map(partial(_as_shown, kind), declared.values()),
        ]
        texts = [(kind.texts(row), kind.shown_texts(row)) for row in rows]
        size = sum(len(text) for pair in texts for found in pair for text in found)
        known = {text for whole, _ in texts for text in whole}
        made = [(*entry, made_ready(kind.pattern_forms, entry[1:])) for entry in entries]
        others = [entry for entry in made if not entry[-1].has_any(known)]
        if size * sum(found.cost > 0 for *_, found in others) > _MOST_COMPARED:
            what = f"{len(others)} entries about {kind.section} with what is live or declared"
            yield f"comparing {what} would take too long, so it isn't known whether each matches"
            continue
        lost = [
            (section, pattern)
            for section, pattern, found in others
            if not (found.cost and _matches(found, texts))
        ]
        end = f"nothing live or declared, and {kind.section} are deleted. Is it spelled right?"
        if kind.personal.get("") and lost:
            # A pattern of people is a person, and which of them match tells who is live.
            yield f"{len(lost)} of {len(entries)} entries about {kind.section} match {end}"
            continue
        for section, pattern in lost:
            entry = shown_in_text(shown_text(pattern))
            yield f'{section}.{kind.section}: "{entry}" matches {end}'


def _matches(pattern: Patterns, texts: Sequence[tuple[Sequence[str], Sequence[str]]]) -> bool:
    return any(pattern.match(whole, shown) for whole, shown in texts)


def _as_shown(kind: Kind[Any], declared: Declared[Any]) -> Live[Any]:
    """Return what is declared as outputs show it."""
    spec = declared.spec
    values = ((name, getattr(spec, name)) for name in spec.__struct_fields__)
    shown = {name: shown_text(value) for name, value in values if isinstance(value, str)}
    is_plain = declared.label in ("", kind.label(declared.key))
    key = declared.key if is_plain else declared.label
    return Live(key=key, spec=replace(spec, **shown))
