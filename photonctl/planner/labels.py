"""Tell resources apart whose keys look the same once what may be a secret is hidden."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from photonctl.model.plan import Action, Hold


def distinct_labels(
    actions: Sequence[Action], holds: Sequence[Hold]
) -> tuple[tuple[Action, ...], tuple[Hold, ...]]:
    """Number the labels that several keys of a kind share, in the order in which they are given.

    An order of the keys would say more about each of them than a label does.
    """
    keys = dict.fromkeys((a.kind, a.key, a.label) for a in actions)
    keys |= dict.fromkeys((h.kind, h.key, h.label) for h in holds)
    shared = {
        pair for pair, count in Counter((k, label) for k, _, label in keys).items() if count > 1
    }
    if not shared:
        return tuple(actions), tuple(holds)
    numbered = _numbered((kind, label, key) for kind, key, label in keys if (kind, label) in shared)
    return (
        tuple(replace(a, label=numbered.get((a.kind, a.key), a.label)) for a in actions),
        tuple(replace(h, label=numbered.get((h.kind, h.key), h.label)) for h in holds),
    )


def _numbered(shared: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    counts: Counter[tuple[str, str]] = Counter()
    found = {}
    for kind, label, key in shared:
        counts[kind, label] += 1
        found[kind, key] = f"{label} [{counts[kind, label]}]"
    return found
