"""The ``awsSecretsManager`` sink: fields of one secret's JSON object, notes in its tags.

See https://docs.aws.amazon.com/secretsmanager/latest/apireference/. Region, address and credentials
are those that every AWS client reads. A plan calls DescribeSecret only, which gives no secret.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

from photonctl.model.filled import shown_text
from photonctl.model.held import Record, is_note
from photonctl.model.secret import Secret
from photonctl.model.spoken_of import judge
from photonctl.sinks.aws_client import MissingError, MovedError, ask
from photonctl.sinks.names import note_name
from photonctl.sinks.service import (
    Check,
    Notes,
    ReadableStore,
    StoreProblem,
    compared,
    fields_in,
    marks,
    not_understood,
    noted_at,
)

T = TypeVar("T")
_LONGEST_TAG = 256
_LARGEST = 65_536
_MARK = 8  # letters of a version's id: a tag has little room
_CURRENT, _OWN_LABEL = "AWSCURRENT", "photonctl"
_WRITES = 5


class AwsSecret(ReadableStore):
    """One secret of AWS Secrets Manager, by its name or ARN."""

    def __init__(self, name: str, key: str, names: tuple[str, ...], *, shown: str) -> None:
        """Take a name, a key and the names under it; ``shown``: the name as messages give it."""
        self.shown = f"the secret {shown} of AWS Secrets Manager"
        self._name = name
        self._key = key
        self._names = names
        self._tag = f"photonctl:{note_name(key)}"
        self._asked_tag = f"{self._tag}:asked"

    def notes(self) -> Notes:
        """Read its tags; the value, too, if somebody has written since and the role may."""
        found = self._describe()
        if found is None:
            return Notes()
        tags = _tags(found)
        kept, asked = tags.get(self._tag, ""), tags.get(self._asked_tag, "")
        is_there = bool(found.get("VersionIdsToStages"))
        noted = Notes(kept=kept, asked=asked, held=kept if is_there else "")
        version = _current_in(found)[:_MARK]
        return compared(noted, version, self._key, self._names, self._present)

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
        kept, asked = (tags.get(tag, "") for tag in (self._tag, self._asked_tag))
        others = judge("", asked, self._key, self._names, fields).others
        if others and not is_note(kept):
            raise StoreProblem(
                f"its field {shown_text(others[0])} is of unknown origin: no tag says whose it is",
                "Name another key, or remove the field.",
            )
        self._call(
            lambda client: client.put_secret_value(
                SecretId=self._name, SecretString=text, ClientRequestToken=version
            )
        )

    def write_asked(self, line: str) -> None:
        """Set the tag, or make an empty secret that has it.

        One that is empty again stays: nothing tells AWS to delete it only if it is still empty.
        """
        found = self._describe()
        if not line:
            if found is not None:
                tags = [self._asked_tag]
                self._call(lambda client: client.untag_resource(SecretId=self._name, TagKeys=tags))
        elif found is None:
            self._make({self._asked_tag: line})
        else:
            self._tag_with({self._asked_tag: line})

    def write(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        check: Check,
        asked: str = "",
    ) -> None:
        """Make a version current in which these fields differ, then set the tags in one call."""
        for _ in range(_WRITES):
            text, version = self._value() or ("{}", None)
            check(marks(_fields(text), self._names))
            fields = _changed(_fields(text), values)
            written = self._swap(fields, version)
            if written is not None:
                break
        else:
            raise StoreProblem("others write it all the time", "Run apply again.", passes=True)
        check(None)  # what is there is the version that was written
        noted = noted_at(record, written[:_MARK], self._key, self._names, fields)
        self._tag_with({self._tag: noted, self._asked_tag: asked})

    def _swap(self, fields: Mapping[str, Any], before: str | None) -> str | None:
        """Make fields the current version, if that is still ``before``; None = there is none.

        Returns which version it is; None = another one is current. The label AWSCURRENT moves only
        away from the version that is named: a compare-and-set.
        """
        text = json.dumps(fields)
        if len(text.encode()) > _LARGEST:
            raise StoreProblem("it would be larger than 64 KiB", "Name another secret.")
        if self._describe() is None:  # somebody has deleted it since
            self._make({})
        version = str(uuid4())  # an answer about another one is a repeated one
        what = {
            "SecretId": self._name,
            "SecretString": text,
            "VersionStages": [_OWN_LABEL],
            "ClientRequestToken": version,
        }
        written = self._call(lambda client: client.put_secret_value(**what)) or {}
        if written.get("VersionId") != version:
            raise not_understood("AWS")
        if before is None:  # AWS makes the first version current by itself
            return version if self._current() == version else None
        where = {"RemoveFromVersionId": before, "MoveToVersionId": version}
        with suppress(MovedError):  # perhaps by an earlier try, whose answer was lost
            self._call(
                lambda client: client.update_secret_version_stage(
                    SecretId=self._name, VersionStage=_CURRENT, **where
                )
            )
        return version if self._current() == version else None  # what only says so moves nothing

    def _current(self) -> str | None:
        return _current_in(self._describe() or {}) or None

    def _make(self, tags: Mapping[str, str]) -> None:
        """Make a secret without a value."""
        self._call(lambda client: client.create_secret(Name=self._name, Tags=_listed(tags)))

    def _tag_with(self, tags: Mapping[str, str]) -> None:
        self._call(lambda client: client.tag_resource(SecretId=self._name, Tags=_listed(tags)))

    def read(self) -> Mapping[str, str]:
        """Read the fields that are texts."""
        return {name: value for name, value in self._present().items() if isinstance(value, str)}

    def _present(self) -> dict[str, Any]:
        current = self._value()
        return _fields(current[0]) if current is not None else {}

    def _describe(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self._call(
            lambda client: client.describe_secret(SecretId=self._name), missing=None
        )
        if found is not None and not self._is_asked(found):
            raise not_understood("AWS")
        if found is not None and found.get("DeletedDate"):
            raise StoreProblem(
                "it is marked for deletion",
                "Restore it (aws secretsmanager restore-secret), or name another.",
            )
        return found

    def _is_asked(self, found: Mapping[str, Any]) -> bool:
        """Is an answer about this secret? An ARN may be given without its random end."""
        arn = str(found.get("ARN"))
        return self._name in (found.get("Name"), arn) or arn.startswith(f"{self._name}-")

    def _value(self, **which: str) -> tuple[str, str] | None:
        """Return the present text, or that of a version, and the version's id; None = no such."""
        which = which or {"VersionStage": _CURRENT}
        found = self._call(
            lambda client: client.get_secret_value(SecretId=self._name, **which), missing=None
        )
        if found is None:
            return None
        if not (found.get("VersionId") and self._is_asked(found)):
            raise not_understood("AWS")
        text = found.get("SecretString")
        if not isinstance(text, str):
            raise StoreProblem("it holds bytes, and no JSON object", "Name another secret.")
        return text, str(found["VersionId"])

    def _call(self, step: Callable[[Any], T], *, missing: T | None = ...) -> T | None:  # type: ignore[assignment]
        """Make one call; ``missing``: what to return if there is no such secret or version."""
        try:
            return ask(self._name, step)
        except MissingError:
            if missing is ...:
                raise
            return missing


def _current_in(found: Mapping[str, Any]) -> str:
    """Return the id of the present version; "" = there is none."""
    stages = found.get("VersionIdsToStages") or {}
    return next((str(version) for version in stages if _CURRENT in stages[version]), "")


def _changed(fields: dict[str, Any], values: Mapping[str, Secret | None]) -> dict[str, Any]:
    """Set the values of a webhook, and remove those that are None."""
    rest = {name: value for name, value in fields.items() if name not in values}
    return rest | {n: secret.reveal() for n, secret in values.items() if secret is not None}


def _fields(text: str) -> dict[str, Any]:
    found = fields_in(text)
    if found is None:
        raise StoreProblem(
            "it holds a text, and no JSON object that could have fields", "Name another secret."
        )
    return found


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in found.get("Tags", ())}


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": _fitting(line)} for name, line in tags.items()]


def _fitting(line: str) -> str:
    if len(line) > _LONGEST_TAG:
        raise StoreProblem("its note has no room in a tag", "Use another store.")
    return line
