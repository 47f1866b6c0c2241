"""What to do about a live webhook whose one-time secret is lost, or may be (docs/secrets.md). Pure.

A secret that its sink holds under another name isn't lost: the manifest's name for it has changed.
An interrupted registration or rotation is made again whatever ``onMissingSecret`` says: somebody
wanted it, and only photonctl knows that it didn't end. Everything else is the manifest's decision.
"""

from dataclasses import replace
from typing import TypeVar

from photonctl.model.plan import FieldChange, Verb
from photonctl.model.spec import Declared, OnMissingSecret, SecretRule, Spec
from photonctl.model.state import Evidence, Stored
from photonctl.resources.base import Verdict

S = TypeVar("S", bound=Spec)

SECRET = "secret"
"""The change of an action that takes a secret over from another name of its sink."""
STANDARD_SECRET = "standardSigningSecret"
"""The change of an action that rotates."""


def judge_secret(
    fields: Verdict[S], want: Declared[S], evidence: Evidence, *, unchanged: S
) -> Verdict[S]:
    """Return what to do about the fields and the secret of a webhook.

    Args:
        fields: what to do about its fields.
        want: as declared.
        evidence: what sink and journal say.
        unchanged: what to send if no field changes.
    """
    rule = want.secret
    if rule is None:
        return fields
    is_elsewhere = evidence.stored is Stored.ELSEWHERE
    if evidence.was_interrupted and not (is_elsewhere or evidence.stored is Stored.ALL):
        return _replaced(want, "its registration was interrupted before its secret was stored")
    lost = _lost(evidence, rule)
    if lost is not None and rule.on_missing is OnMissingSecret.REPLACE:
        return _replaced(want, lost)
    told = fields if lost is None else _told(fields, want.key, lost, rule.on_missing)
    if is_elsewhere:
        told = _taken_along(told, rule, unchanged)
    if evidence.rotation_was_interrupted:
        why: str | None = "its rotation was interrupted before the new secret was stored"
    else:
        why = lost if rule.on_missing is OnMissingSecret.ROTATE else None
    return told if why is None else _rotated(told, why, unchanged)


def _lost(evidence: Evidence, rule: SecretRule) -> str | None:
    """Say how the secret is lost; None = it isn't, or nobody can tell."""
    is_enough = {Stored.ALL, Stored.UNKNOWN, Stored.ELSEWHERE}
    if rule.on_missing is OnMissingSecret.ROTATE:
        is_enough.add(Stored.STANDARD)  # a rotation gives no more than that
    if evidence.stored in is_enough:
        return None
    where = f"{rule.sink.key} in {rule.sink.target}"
    match evidence.stored:
        case Stored.OTHER:
            return f"{where} belongs to another registration"
        case Stored.STANDARD:
            return f"{where} holds the standard secret only"
        case _:
            return f"its secret is missing: no {where}"


def _replaced(want: Declared[S], reason: str) -> Verdict[S]:
    change = FieldChange(field="signingSecret", before=None, after="a new one, in its sink")
    return Verdict(
        verb=Verb.REPLACE, reason=reason, changes=(change,), spec=want.spec, needs_secret=True
    )


def _taken_along(fields: Verdict[S], rule: SecretRule, unchanged: S) -> Verdict[S]:
    before = f"another name in {rule.sink.target}"
    change = FieldChange(field=SECRET, before=before, after=rule.sink.key)
    return _updated(fields, "its secret is stored under another name", change, unchanged)


def _rotated(fields: Verdict[S], reason: str, unchanged: S) -> Verdict[S]:
    change = FieldChange(field=STANDARD_SECRET, before=None, after="a new one, in its sink")
    return _updated(fields, reason, change, unchanged)


def _updated(fields: Verdict[S], reason: str, change: FieldChange, unchanged: S) -> Verdict[S]:
    return replace(
        fields,
        verb=Verb.UPDATE,
        reason=reason,
        changes=(*fields.changes, change),
        spec=fields.spec or unchanged,
        needs_secret=True,
    )


def _told(fields: Verdict[S], key: str, lost: str, rule: OnMissingSecret) -> Verdict[S]:
    mend = "Set onMissingSecret: replace to register it anew (a new id, a short gap)"
    text = f"webhook {key}: {lost}. {mend}."
    match rule:
        case OnMissingSecret.FAIL:
            return replace(fields, refusals=(*fields.refusals, text))
        case OnMissingSecret.WARN:
            return replace(fields, warnings=(*fields.warnings, text))
        case OnMissingSecret.ROTATE | OnMissingSecret.REPLACE:
            return fields
