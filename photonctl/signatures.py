"""Whether a captured delivery bears the signature of a stored secret (contract §4.4, delivery).

Pure. HMAC and the comparison in constant time are the standard library's.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from photonctl.model.spec import OneTimeSecrets

TOLERANCE_S = 300
"""A receiver refuses what was signed longer ago, or so far ahead (contract §4.4)."""
_STANDARD_PREFIX = "whsec_"
_HEADER = re.compile(r"^([!#-\'*+.\w^`|~-]+):[^\S\n]*(.*?)\s*$", re.ASCII | re.MULTILINE)


class Verdict(StrEnum):
    """What is to be said of one signature."""

    VALID = "valid"
    WRONG = "wrong"
    ABSENT = "absent"
    NO_SECRET = "no secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One signature, judged.

    Attributes:
        header: where it stands.
        is_standard: by the Standard Webhooks rules; else Photon's older ``v0``.
    """

    header: str
    is_standard: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A delivery, judged.

    Attributes:
        age_s: since it was signed; None = it doesn't say when.
        is_of_other: it names another webhook than the one whose secret is stored.
    """

    signatures: tuple[Checked, ...]
    age_s: float | None
    is_of_other: bool

    @property
    def is_valid(self) -> bool:
        """Is one signature valid, and none wrong? Its age is the receiver's matter."""
        verdicts = {signature.verdict for signature in self.signatures}
        return Verdict.VALID in verdicts and Verdict.WRONG not in verdicts

    @property
    def is_stale(self) -> bool:
        """Would a receiver refuse it for its age?"""
        return self.age_s is not None and abs(self.age_s) > TOLERANCE_S


def judge(
    headers: Mapping[str, str], body: bytes, secrets: OneTimeSecrets, *, now_s: float
) -> Judgement:
    """Judge both signatures of a delivery.

    Args:
        headers: names in lower case.
        body: the bytes as they came; any change, also of white space, breaks the signature.
        secrets: what is stored for the webhook; either may be missing.
        now_s: seconds since 1970.
    """
    legacy = _legacy(headers, body, secrets.signing.reveal()) if secrets.signing else None
    standard = _standard(headers, body, secrets.standard.reveal()) if secrets.standard else None
    at = headers.get("x-spectrum-timestamp") or headers.get("webhook-timestamp") or ""
    named = headers.get("x-spectrum-webhook-id")
    return Judgement(
        signatures=(
            _checked("x-spectrum-signature", legacy, headers, is_standard=False),
            _checked("webhook-signature", standard, headers, is_standard=True),
        ),
        age_s=now_s - int(at) if re.fullmatch("[0-9]{1,12}", at) else None,
        is_of_other=named is not None and named != secrets.webhook_id,
    )


def parse_headers(text: str) -> dict[str, str]:
    """Read captured headers: lines of ``Name: value``, or a JSON object. Names in lower case.

    Other lines, like a request's first, are passed over.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = dict(_HEADER.findall(text))
    if not isinstance(found, dict):
        return {}
    firsts = {name: v[0] if isinstance(v, list) and v else v for name, v in found.items()}
    return {name.lower(): str(value).strip() for name, value in firsts.items()}


def _checked(
    header: str, expected: str | None, headers: Mapping[str, str], *, is_standard: bool
) -> Checked:
    if header not in headers:
        verdict = Verdict.ABSENT
    elif expected is None:
        verdict = Verdict.NO_SECRET
    else:
        # Several stand there while an older secret is still valid.
        sent = (one.encode(errors="replace") for one in headers[header].split())
        is_valid = any(hmac.compare_digest(one, expected.encode()) for one in sent)
        verdict = Verdict.VALID if is_valid else Verdict.WRONG
    return Checked(header=header, is_standard=is_standard, verdict=verdict)


def _legacy(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    stamp = headers.get("x-spectrum-timestamp", "")
    message = f"v0:{stamp}:".encode(errors="replace") + body
    return "v0=" + hmac.digest(secret.encode(), message, "sha256").hex()


def _standard(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except ValueError:
        return ""  # no signature is empty, so nothing matches
    about = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}."
    signature = hmac.digest(key, about.encode(errors="replace") + body, "sha256")
    return "v1," + base64.b64encode(signature).decode()
