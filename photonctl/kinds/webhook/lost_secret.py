"""What to do about a live webhook whose one-time secret is lost, or may be (docs/secrets.md). Pure.

A secret that its sink holds under another name isn't lost: the manifest's name for it has changed.
An interrupted registration or rotation is made again whatever ``onMissingSecret`` says: somebody
wanted it, and only photonctl knows that it didn't end. Everything else is the manifest's decision.
"""

import re
from typing import TypeVar

from msgspec.structs import replace

from photonctl.kinds.values import Verdict
from photonctl.kinds.webhook.rows import RAW
from photonctl.model.filled import shown_text
from photonctl.model.names import id_name
from photonctl.model.places import NEW, other_name, place_name, rotated_text
from photonctl.model.plan import FieldChange, SecretStep, Verb
from photonctl.model.reason import Reason, Why
from photonctl.model.spec import Declared, Live, OnMissingSecret, SecretRule, SinkSpec, Spec
from photonctl.model.state import HELD, Evidence, Stored
from photonctl.texts import quote

S = TypeVar("S", bound=Spec)
_DAY_S = 86_400
_AGAIN = (
    "its rotation was interrupted and is made again. If {} doesn't take the new secret this time "
    "either, the stored one may end at once: Photon keeps one secret before the newest."
)
_HALF = (
    "{} holds the standard secret only, and deliveries are signed with the legacy one, which a "
    "rotation doesn't give. For a new one: {}"
)
_PARTS = {
    Stored.STANDARD: "{} holds the standard secret only",
    Stored.OLD: "not every place holds this webhook's newest secret: {}",
    Stored.SIGNING: "{} holds the legacy secret only, and deliveries are signed with the standard "
    "one",
}

_MISSING = "its secret is missing: no {}"
_NOT_GIVEN = "its secret is missing: photonctl hasn't given it to this command ({})"
_UNKNOWN = (
    "{} is of unknown origin: nothing beside it says whose secret it is. If it is this webhook's, "
    "add the line "
)
_BELONGS = "{} belongs to "
_AGAIN_OUTSIDE = "somebody else registered it again"
_OLD = re.compile(r"its secret is [\d,]+ days old", re.ASCII)
_ID, _TIME = r"[A-Za-z0-9._:~-]{1,128}", r"[A-Za-z0-9.:+ -]{1,40}"
_ANOTHER = rf"another registration(?: \({_ID}\))?"


def decide_secret(
    fields: Verdict[S], want: Declared[S], have: Live[S], evidence: Evidence, *, unchanged: S
) -> Verdict[S]:
    """Return what to do about the fields and the secret of a webhook.

    Args:
        fields: what to do about its fields.
        want: as declared.
        have: as live.
        evidence: what sink and journal say.
        unchanged: what to send if no field changes.
    """
    rule = want.secret
    if rule is None:
        return fields
    if evidence.stored is Stored.UNREADABLE:
        problem = f" ({evidence.problem})" if evidence.problem else ""
        text = (
            f"webhook {want.label or want.key}: {place_name(rule.sink)} can't be read, so it isn't "
            f"known whether this webhook's secret is stored{problem}. Make it readable, and plan "
            "again."
        )
        if fields.spec is not None and is_standard_signed(fields.spec):
            # Deliveries would be signed with a secret of which nobody knows whether it is stored.
            return replace(fields, needs_secret=True, refusals=(*fields.refusals, text))
        return replace(fields, warnings=(*fields.warnings, text))
    return _decided(fields, want, have, evidence, unchanged=unchanged)


def _decided(
    fields: Verdict[S], want: Declared[S], have: Live[S], evidence: Evidence, *, unchanged: S
) -> Verdict[S]:
    rule = want.secret
    assert rule is not None
    is_elsewhere = evidence.stored is Stored.ELSEWHERE
    is_standard = is_standard_signed(have.spec)
    if is_unfinished(evidence, have.spec) and not is_elsewhere:
        return replaced(want, Reason(Why.INTERRUPTED))
    lost = _lost(evidence, rule, have, is_standard_signed=is_standard)
    if evidence.rotation_was_interrupted and evidence.stored is Stored.OLD:
        lost = None  # finishing the rotation gives a new one
    if lost is not None and rule.on_missing is OnMissingSecret.REPLACE:
        return replaced(want, Reason(Why.SECRET_LOST, (lost,)))
    if lost is not None:
        fields = _reported(fields, want, lost, rule.on_missing, evidence)
    if is_elsewhere:  # a rotation gives no legacy one
        fields = _copied(fields, rule, evidence, unchanged)
    if evidence.rotation_was_interrupted:
        fields = _warned(fields, want, _AGAIN.format(place_name(rule.sink)))
        return _rotated(fields, want, Reason(Why.ROTATION_INTERRUPTED), unchanged)
    if lost is not None and rule.on_missing is OnMissingSecret.ROTATE:
        return _rotated(fields, want, Reason(Why.SECRET_LOST, (lost,)), unchanged)
    is_half = evidence.stored is Stored.STANDARD and not is_standard
    if is_half and rule.on_missing is OnMissingSecret.ROTATE:
        again = f"photonctl apply --replace {quote(f'webhook:{want.label}')}"
        fields = _warned(fields, want, _HALF.format(place_name(rule.sink), again))
    raises = fields.spec is not None and is_standard_signed(fields.spec)
    if raises and evidence.stored not in (Stored.ALL, Stored.STANDARD):
        # What would sign its deliveries from then on must be stored before; a copy may lack it.
        return _rotated(fields, want, fields.reason or Reason(Why.ROTATION_INTERRUPTED), unchanged)
    kept = _kept_young(fields, want, have, evidence, unchanged=unchanged)
    return replace(kept, needs_secret=True) if raises else kept


def _warned(fields: Verdict[S], want: Declared[S], text: str) -> Verdict[S]:
    return replace(fields, warnings=(*fields.warnings, f"webhook {want.label or want.key}: {text}"))


def _kept_young(
    fields: Verdict[S], want: Declared[S], have: Live[S], evidence: Evidence, *, unchanged: S
) -> Verdict[S]:
    """Rotate the standard secret if it is older than the manifest wants."""
    rotation = want.secret.rotation if want.secret is not None else None
    label = want.label or want.key
    if rotation is None or evidence.stored not in HELD:
        return fields
    if evidence.age_s is None:
        text = (
            f"webhook {label}: how old its secret is isn't known, so it isn't rotated. To rotate "
            f"it now: photonctl webhook rotate {quote(label)}"
        )
        return replace(fields, warnings=(*fields.warnings, text))
    if evidence.age_s < rotation.every_s:
        return fields
    age = f"its secret is {int(evidence.age_s // _DAY_S):,} days old"
    if not is_standard_signed(have.spec):
        text = (
            f"webhook {label}: {age}. Its deliveries are signed with the legacy secret, which "
            "can't be rotated. A new one costs a replacement (new id, new secrets, events lost in "
            f"between): photonctl apply --replace {quote(f'webhook:{label}')}"
        )
        fields = replace(fields, warnings=(*fields.warnings, text))
    if evidence.stored is Stored.SIGNING:
        return fields
    return _rotated(fields, want, Reason(Why.SECRET_OLD, (age,)), unchanged)


def is_unfinished(evidence: Evidence, have: Spec) -> bool:
    """Was its registration begun, and is what signs its deliveries not known to be stored?"""
    has_ended = evidence.is_registered
    has_ended |= evidence.stored is Stored.STANDARD and is_standard_signed(have)  # by a rotation
    return evidence.was_interrupted and not has_ended


def is_standard_signed(spec: Spec) -> bool:
    """Are deliveries signed with the standard secret (contract §4.4)?"""
    return getattr(spec, "schema_version", None) == RAW


def _lost(
    evidence: Evidence, rule: SecretRule, have: Live[S], *, is_standard_signed: bool
) -> str | None:
    """Say how the secret is lost; None = it isn't, or that can't be known."""
    is_enough = {Stored.ALL, Stored.UNKNOWN, Stored.ELSEWHERE}
    if not is_standard_signed:
        is_enough.add(Stored.SIGNING)
    if rule.on_missing is OnMissingSecret.ROTATE:
        is_enough.add(Stored.STANDARD)  # a rotation gives no more than that
    if evidence.stored in is_enough:
        return None
    where = place_name(rule.sink)
    match evidence.stored:
        case Stored.OTHER if evidence.stored_id is None:
            line = f"{id_name(shown_text(rule.sink.key))}={have.id}"
            return f"{_UNKNOWN.format(where)}{line}"
        case Stored.OTHER if evidence.is_live_ours:
            return f"{_BELONGS.format(where)}{_registration(evidence)}"
        case Stored.OTHER:
            return _replaced_outside(where, evidence, have)
        case Stored.NOTHING if rule.sink.type == "exec":
            return _NOT_GIVEN.format(shown_text(rule.sink.target))
        case _:
            return _PARTS.get(evidence.stored, _MISSING).format(where)


def could_say(why: Why, text: str, sink: SinkSpec) -> bool:
    """Could a plan give this text with a reason, for a secret that goes to ``sink``?

    Ids and times may be any: only live state knows them.
    """
    if why is Why.SECRET_OLD:
        return _OLD.fullmatch(text) is not None
    if why is not Why.SECRET_LOST:
        return False
    where, line = place_name(sink), re.escape(id_name(shown_text(sink.key)))
    known = {part.format(where) for part in _PARTS.values()}
    known |= {_MISSING.format(where), _NOT_GIVEN.format(shown_text(sink.target))}
    holds = f"{re.escape(where)} holds the secret of {_ANOTHER}"
    unknown = (
        re.escape(_UNKNOWN.format(where)) + rf"{line}={_ID}",
        re.escape(_BELONGS.format(where)) + _ANOTHER,
        rf"{_AGAIN_OUTSIDE}(?: at {_TIME})?, as {_ID}; {holds}",
    )
    return text in known or any(re.fullmatch(one, text) for one in unknown)


def _registration(evidence: Evidence) -> str:
    """Name whose secret is there, if more than a file says so: its id may be anything there."""
    is_known = any(o.is_ours and o.stored_id == evidence.stored_id for o in evidence.occupied)
    return f"another registration ({evidence.stored_id})" if is_known else "another registration"


def _replaced_outside(where: str, evidence: Evidence, have: Live[S]) -> str:
    is_time = have.created_at is not None and re.fullmatch(_TIME, have.created_at) is not None
    at = f" at {have.created_at}" if is_time else ""
    return (
        f"{_AGAIN_OUTSIDE}{at}, as {have.id}; {where} holds the secret of {_registration(evidence)}"
    )


def replaced(want: Declared[S], reason: Reason) -> Verdict[S]:
    """Return a replacement, which obtains new secrets."""
    change = FieldChange(field="signingSecret", before=None, after=NEW)
    return Verdict(
        verb=Verb.REPLACE, reason=reason, changes=(change,), spec=want.spec, needs_secret=True
    )


def _copied(fields: Verdict[S], rule: SecretRule, evidence: Evidence, unchanged: S) -> Verdict[S]:
    is_renamed = not rule.sink.members
    before = other_name(rule.sink)
    if not is_renamed and evidence.given_by is not None:
        before = place_name(evidence.given_by)
    after = shown_text(rule.sink.key) if is_renamed else place_name(rule.sink)
    change = FieldChange(field="secret", before=before, after=after)
    reason = Reason(Why.SECRET_RENAMED if is_renamed else Why.SECRET_ELSEWHERE)
    return _updated(fields, reason, change, SecretStep.COPY, unchanged)


def _rotated(fields: Verdict[S], want: Declared[S], reason: Reason, unchanged: S) -> Verdict[S]:
    rotation = want.secret.rotation if want.secret is not None else None
    after = rotated_text(rotation.overlap_s if rotation is not None else None)
    change = FieldChange(field="standardSigningSecret", before=None, after=after)
    return _updated(fields, reason, change, SecretStep.ROTATE, unchanged)


def _updated(
    fields: Verdict[S], reason: Reason, change: FieldChange, step: SecretStep, unchanged: S
) -> Verdict[S]:
    return replace(
        fields,
        verb=Verb.UPDATE,
        reason=reason,
        changes=(*fields.changes, change),
        spec=fields.spec or unchanged,
        needs_secret=True,
        secret_steps=(*fields.secret_steps, step),
    )


def _reported(
    fields: Verdict[S], want: Declared[S], lost: str, rule: OnMissingSecret, evidence: Evidence
) -> Verdict[S]:
    does = "refuses" if rule is OnMissingSecret.FAIL else "leaves it as it is"
    text = (
        f"webhook {want.label or want.key}: {lost}. With onMissingSecret: {rule.value}, apply "
        f"{does}. Set onMissingSecret: replace to register it again (new id, brief gap), or "
        "ignore if its secret is kept elsewhere."
    )
    match rule:
        case OnMissingSecret.FAIL:
            return replace(fields, refusals=(*fields.refusals, text))
        case OnMissingSecret.WARN:
            return replace(fields, warnings=(*fields.warnings, text))
        case OnMissingSecret.IGNORE if evidence.was_refused:
            text = (
                f"webhook {want.label or want.key}: an apply asked for its registration, and never "
                "got its secret. If nobody else has registered it, nobody has its secret. Set "
                "onMissingSecret: replace, or store it: photonctl webhook adopt"
            )
            return replace(fields, warnings=(*fields.warnings, text))
        case _:
            return fields
