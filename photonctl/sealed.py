"""A plan file's text, and whether it still says what was planned.

A plan carries two marks, SHA-256 or, with ``PHOTONCTL_PLAN_KEY``, HMAC-SHA256: ``digest`` over its
actions, their place and their expressions, the same for every plan that does and shows the same;
and ``seal`` over all of the file. Without a key they guard against accidents only: who can edit a
file can also mark it again.
"""

import hashlib
import hmac
import json
import re
from typing import Any

from msgspec.structs import replace

from photonctl.errors import PLAN_AGAIN, PlanRefused
from photonctl.model.plan import Plan
from photonctl.model.spec import JsonObject
from photonctl.planfile import FORMAT_VERSION, not_ours, plan_from_json, plan_to_json

KEY_VARIABLE = "PHOTONCTL_PLAN_KEY"
_MOST_VALUES = 6_000_000  # 100,000 creations are about 4 million
_DIGEST, _SEAL = "digest", "seal"
_OTHER_FORM = (
    LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError
)  # fmt: skip
_KEYED = "hmac-sha256"
_MARK = re.compile(r"(hmac-)?sha256:[0-9a-f]{64}")
_OF_PROJECT = ("name", "filled", "id", "manifest", "hosts", "credentials", "kinds")
_OF_ACTION = (
    "action", "kind", "key", "id", "spec", "filled", "sink", "secretSteps", "overlapSeconds"
)  # fmt: skip


def plan_to_text(plan: Plan, key: str = "") -> str:
    """Return a plan file's content. Unlike a view it keeps what may be a secret: mode 0600."""
    data = plan_to_json(plan)
    if plan.made_at is not None:
        data["madeAt"] = plan.made_at.isoformat(timespec="seconds")
    return json.dumps(sealed(data, key), indent=2, ensure_ascii=False) + "\n"


def digest_of(plan: Plan, key: str = "") -> str:
    """Return the mark of what a plan does and where: the same for every plan that does the same."""
    return _mark(_canonical(plan_to_json(plan)), key)


def digest_of_merged(data: JsonObject, key: str) -> str:
    """Return the digest of merged reports; ``key``: "" = without one.

    It is no plan's digest: who writes a report would have any plan approved by it.
    """
    return _mark({"reports": _canonical(data)}, key)


def is_keyed(digest: str) -> bool:
    """Was a mark made with a key, so that only who knows it could have made it?"""
    return digest.startswith(f"{_KEYED}:")


def sealed(data: JsonObject, key: str = "") -> JsonObject:
    """Return a plan's JSON with its digest, and sealed; ``key``: "" = without one."""
    unmarked = {name: value for name, value in data.items() if name not in (_DIGEST, _SEAL)}
    version = {"formatVersion": data["formatVersion"]}
    whole: JsonObject = {**version, _DIGEST: _mark(_canonical(data), key), **unmarked}
    return {**whole, _SEAL: _mark(whole, key)}


def plan_from_text(text: str, key: str = "", *, is_shown_only: bool = False) -> Plan:
    """Read a plan file.

    Args:
        text: its content.
        key: ``PHOTONCTL_PLAN_KEY``.
        is_shown_only: it isn't applied, so that a key that isn't here is no reason to refuse it.

    Raises:
        PlanRefused: it is no plan file, one of another version, or it was edited.
    """
    if sum(map(text.count, ",[{")) > _MOST_VALUES:
        raise PlanRefused("the plan file holds more values than any plan has", hint=PLAN_AGAIN)
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise not_ours()
        if data.get("isRedacted"):
            raise PlanRefused(
                "this is a plan to be shown: what may be a secret is hidden in it",
                hint="Save one that can be applied:\n  photonctl plan --out plan.json",
            )
        version = data["formatVersion"]
        if version != FORMAT_VERSION:
            raise PlanRefused(
                f"the plan file has the format {version!r}, and this photonctl reads "
                f"{FORMAT_VERSION}",
                hint="Make the plan again with this version of photonctl.",
            )
        _check_key(data, key, is_shown_only=is_shown_only)
        _check_marks(data, key)
        return replace(plan_from_json(data), digest=str(data[_DIGEST]))
    except _OTHER_FORM as error:
        raise not_ours() from error


def _check_key(data: dict[str, Any], key: str, *, is_shown_only: bool) -> None:
    has_key = is_keyed(str(data.get(_SEAL, "")))
    if key and not has_key:
        raise PlanRefused(f"the plan file was made without {KEY_VARIABLE}, which is set here",
                          hint=PLAN_AGAIN)  # fmt: skip
    if has_key and not key and not is_shown_only:
        raise PlanRefused(
            f"the plan file was made with {KEY_VARIABLE}, which isn't set here",
            hint="Set it to the key with which the plan was made.",
        )


def _check_marks(data: dict[str, Any], key: str) -> None:
    """Refuse what was edited; what was marked with a key that isn't here can't be checked."""
    digest, seal = str(data.get(_DIGEST, "")), str(data.get(_SEAL, ""))
    are_marks = _MARK.fullmatch(digest) and _MARK.fullmatch(seal)
    if not are_marks or is_keyed(seal) is not is_keyed(digest):
        raise PlanRefused("the plan file was edited", hint=PLAN_AGAIN)
    if is_keyed(seal) and not key:
        return
    key = key if is_keyed(seal) else ""
    whole = {name: value for name, value in data.items() if name != _SEAL}
    is_whole = _is_same(seal, _mark(whole, key)) and _is_same(digest, _mark(_canonical(data), key))
    if not is_whole:
        other = f", or made with another {KEY_VARIABLE}" if key else ""
        raise PlanRefused(f"the plan file was edited{other}", hint=PLAN_AGAIN)


def _canonical(data: dict[str, Any]) -> JsonObject:
    """Return what a plan does, and where; without its reasons, warnings and other words."""
    return {
        "projects": [
            {
                **{name: project.get(name) for name in _OF_PROJECT},
                "actions": [
                    {name: action.get(name) for name in _OF_ACTION} for action in project["actions"]
                ],
            }
            for project in data["projects"]
        ]
    }


def _mark(data: JsonObject, key: str) -> str:
    content = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    if key:
        return f"{_KEYED}:{hmac.new(key.encode(), content, 'sha256').hexdigest()}"
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _is_same(given: str, made: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), made.encode())
