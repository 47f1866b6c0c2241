"""Match what is declared with what is live, by key, and say what is to be done about each."""

from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.kinds.base import Kind
from photonctl.kinds.values import Verdict
from photonctl.model.part import Part
from photonctl.model.plan import Action, Hold, Refusal, SecretStep, Verb
from photonctl.model.reason import Reason, Why, reason_text
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, Live
from photonctl.model.state import DesiredProject, Evidence, LiveProject
from photonctl.planner.fingerprint import stored_hash
from photonctl.planner.patterns import too_much_to_match

DOUBTFUL = (
    "it is live twice, and it isn't known which of the two has the secret that is stored. Make its "
    "places readable and plan again, or delete one of the two in the dashboard."
)


class Draft(Struct):
    """What one pass over the kinds gathers.

    Attributes:
        actions: those that the run is about.
        others: the rest.
    """

    part: Part
    actions: list[Action] = field(default_factory=list)
    others: list[Action] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    noop: int = 0

    def has(self, kind: Kind[Any], *rows: Live[Any]) -> bool:
        """Is the run about a resource? ``rows``: it as live, as declared, or both."""
        return self.part.has(
            kind.name, lambda pattern: any(kind.is_matched(row, (pattern,)) for row in rows)
        )

    def add(self, action: Action, *, is_chosen: bool) -> None:
        """Gather an action."""
        (self.actions if is_chosen else self.others).append(action)


class _Judged(Struct, frozen=True):
    """A matched pair, and what is to be done about it."""

    kind: Kind[Any]
    declared: Declared[Any]
    have: Live[Any]
    verdict: Verdict[Any]

    @property
    def label(self) -> str:
        return _label(self.kind, self.declared)


def match_kind(draft: Draft, kind: Kind[Any], desired: DesiredProject, live: LiveProject) -> None:
    """Gather what is to be done about the resources of one kind."""
    have, doubtful = live.resources.get(kind.name, {}), live.doubtful(kind.name)
    # By what is shown, and of alike ones as the manifest has them: by a key, whose hidden part
    # somebody may want to find out, nothing is ordered or numbered.
    rows = desired.resources[kind.name].values()
    for declared in sorted(rows, key=partial(_label, kind)):
        key = declared.key
        if key in have:
            ref = ResourceRef(kind.name, key)
            verdict = kind.diff(declared, have[key], live.evidence.get(ref))
            if ref in draft.part.replace:
                verdict = kind.replacement(declared) or verdict
            pair = _unless_protected(_Judged(kind, declared, have[key], verdict), desired)
            pair = _unless_doubtful(pair) if key in doubtful else pair
            _gather(draft, pair, live.evidence.get(ref))
        else:
            as_live = Live(key=key, spec=declared.spec)
            creation = _creation(kind, declared, live.evidence.get(ResourceRef(kind.name, key)))
            draft.add(creation, is_chosen=draft.has(kind, as_live))
    _gather_deletions(draft, kind, desired, live)


def _label(kind: Kind[Any], declared: Declared[Any]) -> str:
    return declared.label or kind.label(declared.key)


def _creation(kind: Kind[Any], declared: Declared[Any], evidence: Evidence | None) -> Action:
    return Action(
        verb=Verb.CREATE,
        kind=kind.name,
        key=declared.key,
        label=_label(kind, declared),
        reason=Reason(Why.DECLARED),
        spec=declared.spec,
        sink=declared.secret.sink if declared.secret else None,
        stored=stored_hash(evidence, Verb.CREATE) if declared.secret else "",
    )


def _unless_protected(pair: _Judged, desired: DesiredProject) -> _Judged:
    """Turn a replacement of what ``protect`` names into a warning: it would delete it."""
    kind, verdict = pair.kind, pair.verdict
    if verdict.verb is not Verb.REPLACE or verdict.reason is None:
        return pair
    if not kind.is_matched(pair.have, desired.policy.protect.get(kind.name, ())):
        return pair
    text = (
        f"{kind.name} {pair.label} isn't replaced ({reason_text(verdict.reason)}): protect: names "
        "it, and a replacement deletes it first. To replace it, remove it from protect:."
    )
    kept: Verdict[Any] = Verdict(warnings=(*verdict.warnings, text), refusals=verdict.refusals)
    return replace(pair, verdict=kept)


def _unless_doubtful(pair: _Judged) -> _Judged:
    """Turn what concerns the secret of one of two twins into a warning: it may be the other's."""
    verdict = pair.verdict
    if not (verdict.needs_secret or verdict.warnings or verdict.verb is Verb.REPLACE):
        return pair
    text = f"{pair.kind.name} {pair.label} isn't changed: {DOUBTFUL}"
    return replace(pair, verdict=Verdict(warnings=(text,), refusals=verdict.refusals))


def _overlap(declared: Declared[Any], verdict: Verdict[Any]) -> int | None:
    """Return for how long a secret that this rotates stays valid, if the manifest says so."""
    rotation = declared.secret.rotation if declared.secret else None
    is_rotated = SecretStep.ROTATE in verdict.secret_steps
    return rotation.overlap_s if rotation is not None and is_rotated else None


def _gather(draft: Draft, pair: _Judged, evidence: Evidence | None) -> None:
    verdict, declared = pair.verdict, pair.declared
    is_chosen = draft.part.is_whole or draft.has(
        pair.kind, pair.have, Live(key=declared.key, spec=declared.spec)
    )
    if is_chosen:
        draft.warnings += verdict.warnings
        draft.refusals += [Refusal(message=text, hint="") for text in verdict.refusals]
    if verdict.verb is None or verdict.reason is None:
        draft.noop += 1
        return
    secret = declared.secret if verdict.needs_secret else None
    action = Action(
        verb=verdict.verb,
        kind=pair.kind.name,
        key=declared.key,
        label=pair.label,
        id=pair.have.id,
        reason=verdict.reason,
        changes=verdict.changes,
        spec=verdict.spec,
        sink=secret.sink if secret else None,
        stored=stored_hash(evidence, verdict.verb) if secret else "",
        secret_steps=verdict.secret_steps,
        overlap_s=_overlap(declared, verdict),
    )
    draft.add(action, is_chosen=is_chosen)


def _gather_deletions(
    draft: Draft, kind: Kind[Any], desired: DesiredProject, live: LiveProject
) -> None:
    why = Why.DESTROY if desired.is_emptied else Why.UNDECLARED
    declared, labels = desired.resources[kind.name], desired.labels.get(kind.name, {})
    doubtful = live.doubtful(kind.name)
    rows = [
        (labels.get(key) or kind.label(key), have.id or "", key, have)
        for key, have in live.resources.get(kind.name, {}).items()
        if key not in declared
    ]
    refused = list(too_much_to_match(kind, desired.policy, [have for *_, have in rows]))
    draft.refusals += refused
    for label, _, key, have in sorted(() if refused else rows, key=lambda row: row[:2]):
        hold = kind.hold(have, desired.policy)
        if hold is not None:
            draft.holds.append(replace(hold, key=key, label=label))  # a twin by its own name
            continue
        if key != have.key and have.key in doubtful:
            draft.warnings.append(f"{kind.name} {label} isn't deleted: {DOUBTFUL}")
            continue
        is_unnamed = key in desired.unnamed.get(kind.name, ())
        action = Action(
            verb=Verb.DELETE,
            kind=kind.name,
            key=key,
            label=label,
            id=have.id,
            reason=Reason(why),
            who=kind.who(have) if label == kind.label(key) and not is_unnamed else "",
        )
        draft.add(action, is_chosen=draft.has(kind, have))
