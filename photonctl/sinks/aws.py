"""The ``awsSecretsManager`` sink: fields of one secret's JSON object, notes in its tags.

See https://docs.aws.amazon.com/secretsmanager/latest/apireference/. Region, address and credentials
are those that every AWS client reads. A plan calls DescribeSecret only, which gives no secret.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from photonctl.model.filled import shown_text
from photonctl.model.held import Record, is_note, kept_line
from photonctl.model.secret import Secret
from photonctl.sinks.names import note_name
from photonctl.sinks.service import Notes, StoreProblem, not_installed

T = TypeVar("T")
_LONGEST_TAG = 256
_MADE = "photonctl"
_LARGEST = 65_536
_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_WRITES = 3
_MISSING = "ResourceNotFoundException"
_PASSING = frozenset({
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
    "InternalServiceError", "InternalServiceErrorException", "ServiceUnavailable",
    "InternalFailure", "RequestTimeout", "RequestTimeoutException",
})  # fmt: skip
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "KMSAccessDeniedException"})
_SIGN_IN = frozenset({
    "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException",
    "InvalidSignatureException", "IncompleteSignature", "ExpiredToken", "SignatureDoesNotMatch",
})  # fmt: skip
_RIGHTS = (
    "It needs secretsmanager:DescribeSecret, GetSecretValue, PutSecretValue, TagResource, "
    "UntagResource and, where the secret is to be made, CreateSecret."
)


class AwsSecret:
    """One secret of AWS Secrets Manager, by its name or ARN."""

    def __init__(self, name: str, key: str, names: tuple[str, ...], *, shown: str) -> None:
        """Take a name, a key and the names under it; ``shown``: the name as messages give it."""
        self.shown = f"the secret {shown} of AWS Secrets Manager"
        self._name = name
        self._key = key
        self._names = names
        self._tag = f"photonctl:{note_name(key)}"
        self._asked_tag = f"{self._tag}:asked"
        self._client: Any = None

    def notes(self) -> Notes:
        """Read its tags."""
        found = self._describe()
        if found is None:
            return Notes()
        tags = _tags(found)
        has_value = bool(found.get("VersionIdsToStages"))
        kept = tags.get(self._tag, "") if has_value else ""
        return Notes(kept=kept, asked=tags.get(self._asked_tag, ""))

    def prove(self) -> None:
        """Write the present value again by its own version's id, which changes nothing."""
        found = self._describe()
        if found is None:
            return  # making it, with its first note, is what proves it
        current = self._value()
        if current is None:
            return
        text, version = current
        fields, tags = _fields(text), _tags(found)
        is_noted = any(is_note(tags.get(tag, "")) for tag in (self._tag, self._asked_tag))
        if not is_noted and any(name in fields for name in self._names):
            raise StoreProblem(
                f"its field {shown_text(self._key)} is of unknown origin: no tag says whose it is",
                "Name another key, or remove the field.",
            )
        self._call(
            lambda client: client.put_secret_value(
                SecretId=self._name, SecretString=text, ClientRequestToken=version
            )
        )

    def write_asked(self, line: str) -> None:
        """Set the tag, or make an empty secret that has it."""
        found = self._describe()
        if not line:
            self._forget(found)
            return
        tags = [{"Key": self._asked_tag, "Value": _fitting(line)}]
        if found is not None:
            self._call(lambda client: client.tag_resource(SecretId=self._name, Tags=tags))
            return
        self._make(tags)

    def _make(self, tags: Sequence[Mapping[str, str]]) -> None:
        """Make a secret without a value, and say by a tag who did."""
        made = [*tags, {"Key": _MADE, "Value": "made"}]
        self._call(lambda client: client.create_secret(Name=self._name, Tags=made))

    def write(
        self, values: Mapping[str, Secret | None], record: Record, check: Callable[[], None]
    ) -> None:
        """Put a version in which these fields differ, then set the tags in one call."""
        before = self._value()
        text, expected = before or ("{}", None)
        check()
        for _ in range(_WRITES):
            written, replaced = self._put(_changed(_fields(text), values))
            if replaced in (None, expected):
                break
            # Somebody else's version came in between: what it holds is kept, too.
            text, expected = (self._value(VersionId=replaced) or (text, None))[0], written
        else:
            raise StoreProblem("others write it all the time", "Run apply again.", passes=True)
        check()
        tags = [
            {"Key": self._tag, "Value": _fitting(kept_line(record))},
            {"Key": self._asked_tag, "Value": ""},
        ]
        self._call(lambda client: client.tag_resource(SecretId=self._name, Tags=tags))

    def _put(self, fields: Mapping[str, Any]) -> tuple[str, str | None]:
        """Make fields the current version; returns its id, and that of the one before."""
        text, name = json.dumps(fields), self._name
        if len(text.encode()) > _LARGEST:
            raise StoreProblem("it would be larger than 64 KiB", "Name another secret.")
        if self._describe() is None:
            self._make([])
        put = self._call(lambda client: client.put_secret_value(SecretId=name, SecretString=text))
        stages = (self._describe() or {}).get("VersionIdsToStages") or {}
        before = next((version for version in stages if _PREVIOUS in stages[version]), None)
        return str((put or {}).get("VersionId", "")), before

    def read(self) -> Mapping[str, str]:
        """Read the fields that are texts."""
        current = self._value()
        fields = _fields(current[0]) if current is not None else {}
        return {name: value for name, value in fields.items() if isinstance(value, str)}

    def _forget(self, found: Mapping[str, Any] | None) -> None:
        if found is None:
            return
        is_empty = not found.get("VersionIdsToStages")
        tags = _tags(found)
        is_made = tags.get(_MADE) == "made" and tags.keys() <= {_MADE, self._asked_tag}
        if is_empty and is_made:
            self._call(
                lambda client: client.delete_secret(
                    SecretId=self._name, ForceDeleteWithoutRecovery=True
                )
            )
            return
        self._call(
            lambda client: client.untag_resource(SecretId=self._name, TagKeys=[self._asked_tag])
        )

    def _describe(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self._call(
            lambda client: client.describe_secret(SecretId=self._name), missing=None
        )
        if found is not None and found.get("DeletedDate"):
            raise StoreProblem(
                "it is marked for deletion",
                "Restore it (aws secretsmanager restore-secret), or name another.",
            )
        return found

    def _value(self, **which: str) -> tuple[str, str] | None:
        """Return the present text, or that of a version, and the version's id; None = no such."""
        which = which or {"VersionStage": _CURRENT}
        found = self._call(
            lambda client: client.get_secret_value(SecretId=self._name, **which), missing=None
        )
        if found is None:
            return None
        text = found.get("SecretString")
        if not isinstance(text, str):
            raise StoreProblem("it holds bytes, and no JSON object", "Name another secret.")
        return text, str(found["VersionId"])

    def _call(self, step: Callable[[Any], T], *, missing: T | None = ...) -> T | None:  # type: ignore[assignment]
        """Make one call; ``missing``: what to return if there is no such secret or version."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return step(self._opened())
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code == _MISSING and missing is not ...:
                return missing
            raise _problem(code) from None
        except BotoCoreError as error:
            name = type(error).__name__
            passes = name.endswith(("TimeoutError", "ConnectionError", "ClosedError"))
            raise StoreProblem(
                f"AWS can't be asked ({name})",
                "Check the region, the credentials and the address that AWS clients read.",
                passes=passes,
            ) from None

    def _opened(self) -> Any:
        if self._client is None:
            self._client = _client(self._name)
        return self._client


def _client(name: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise not_installed("boto3", "aws") from None
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 6 else None  # noqa: PLR2004
    config = Config(
        connect_timeout=5,
        read_timeout=15,
        retries={"total_max_attempts": 1},  # the sink tries again, for every store alike
        user_agent_extra="photonctl",
    )
    return boto3.session.Session().client("secretsmanager", region_name=region, config=config)


def _problem(code: str) -> StoreProblem:
    shown = code if code.isalnum() and len(code) < 60 else "an unknown code"  # noqa: PLR2004
    if code in _DENIED:
        return StoreProblem(f"no permission ({shown})", _RIGHTS)
    if code in _SIGN_IN:
        return StoreProblem(
            f"AWS doesn't accept the credentials ({shown})",
            "Sign in again (aws sso login), or check the job's role.",
        )
    if code == _MISSING:
        return StoreProblem("there is no such secret", "Create it, or check its name and region.")
    if code in _PASSING:
        return StoreProblem(f"AWS is busy ({shown})", "Try again later.", passes=True)
    return StoreProblem(f"AWS refuses ({shown})", _RIGHTS)


def _changed(fields: dict[str, Any], values: Mapping[str, Secret | None]) -> dict[str, Any]:
    """Set the values of a webhook, and remove those that are None."""
    rest = {name: value for name, value in fields.items() if name not in values}
    return rest | {n: secret.reveal() for n, secret in values.items() if secret is not None}


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StoreProblem(
            "it holds a text, and no JSON object that could have fields", "Name another secret."
        )
    return found


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in found.get("Tags", ())}


def _fitting(line: str) -> str:
    if len(line) > _LONGEST_TAG:
        raise StoreProblem("its note has no room in a tag", "Use another store.")
    return line
