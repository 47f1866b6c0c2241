"""The ``vault`` sink: fields of one KV v2 secret of HashiCorp Vault or OpenBao.

See https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2. Address and token are those that
Vault's own command reads.
Notes are in custom metadata: a plan reads metadata only. Data is written by check-and-set.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from photonctl.model.filled import shown_text
from photonctl.model.held import Record, is_note
from photonctl.model.secret import Secret
from photonctl.model.spoken_of import judge
from photonctl.sinks.names import note_name
from photonctl.sinks.service import (
    Check,
    Notes,
    ReadableStore,
    StoreProblem,
    compared,
    json_object,
    marks,
    not_understood,
    noted_at,
)
from photonctl.sinks.vault_client import SIGN_IN, open_vault

_NEEDED = {"create", "update", "root"}
_RIGHTS = (
    "Its policy needs create, read and update on MOUNT/data/PATH, and create, read, update and "
    "patch on MOUNT/metadata/PATH."
)
_MERGE = "application/merge-patch+json"


class VaultSecret(ReadableStore):
    """One secret of a KV v2 engine."""

    def __init__(self, place: str, key: str, names: tuple[str, ...], *, shown: str) -> None:
        """Take MOUNT/PATH, a key and the names under it; ``shown``: the place in messages."""
        self.shown = f"the secret {shown} of Vault"
        self._mount, _, self._path = place.partition("/")
        self._key = key
        self._names = names
        self._note = f"photonctl.{note_name(key)}"
        self._asked = f"{self._note}.asked"
        self._opened: Any = None

    def notes(self) -> Notes:
        """Read the metadata; the data, too, if somebody has written since and the token may."""
        found = self._metadata()
        if found is None:
            return Notes()
        notes = found.get("custom_metadata") or {}
        kept, asked = (str(notes.get(name, "")) for name in (self._note, self._asked))
        noted = Notes(kept=kept, asked=asked, held=kept if _has_value(found) else "")
        version = str(found.get("current_version") or "")
        return compared(noted, version, self._key, self._names, lambda: self._data()[0])

    def prove(self) -> None:
        """Ask which rights the token has, and look whether the name is free or ours."""
        data, notes = f"{self._mount}/data/{self._path}", f"{self._mount}/metadata/{self._path}"
        rights = self._call("POST", "sys/capabilities-self", json={"paths": [data, notes]}) or {}
        for path in (data, notes):
            if not _NEEDED.intersection(rights.get(path) or ()):
                what = "data" if path == data else "metadata"
                raise StoreProblem(f"no permission to write its {what}", _RIGHTS)
        found = self._metadata() or {}
        noted = found.get("custom_metadata") or {}
        kept, asked = (str(noted.get(name, "")) for name in (self._note, self._asked))
        fields = {} if is_note(kept) else self._data()[0]
        others = judge("", asked, self._key, self._names, fields).others
        if others:
            raise StoreProblem(
                f"its field {shown_text(others[0])} is of unknown origin: nothing in its custom "
                "metadata says whose it is",
                "Name another key, or remove the field.",
            )

    def write_asked(self, line: str) -> None:
        """Set the note; metadata without a version makes an empty secret.

        One that is empty again stays: nothing tells Vault to delete it only if it is still empty.
        """
        found = self._metadata()
        if line or found is not None:
            self._write_notes({self._asked: line or None}, is_new=found is None)

    def write(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        check: Check,
        asked: str = "",
    ) -> None:
        """Write a version in which these fields differ, unless somebody else wrote meanwhile."""
        fields, version = self._data()
        check(marks(fields, self._names))
        for name, secret in values.items():
            if secret is None:
                fields.pop(name, None)
            else:
                fields[name] = secret.reveal()
        body = {"data": fields, "options": {"cas": version}}
        written = self._call("POST", f"{self._mount}/data/{self._path}", json=body) or {}
        now = (self._metadata() or {}).get("current_version")
        if written.get("version") != version + 1 or now != version + 1:
            raise not_understood("Vault")
        check(None)  # what is there is the version that was written
        noted = noted_at(record, str(now), self._key, self._names, fields)
        self._write_notes({self._note: noted, self._asked: asked or None}, is_new=False)

    def read(self) -> Mapping[str, str]:
        """Read the fields that are texts."""
        fields, _ = self._data()
        return {name: value for name, value in fields.items() if isinstance(value, str)}

    def _write_notes(self, notes: Mapping[str, str | None], *, is_new: bool) -> None:
        path, body = f"{self._mount}/metadata/{self._path}", {"custom_metadata": notes}
        if is_new:
            # With notes it would replace those of another run; with nothing it would do nothing.
            self._call("POST", path, json={"max_versions": 0})
        self._call("PATCH", path, json=body, headers={"Content-Type": _MERGE})

    def _metadata(self) -> dict[str, Any] | None:
        found = self._call("GET", f"{self._mount}/metadata/{self._path}", may_miss=True)
        if found is not None and not (
            isinstance(found.get("versions"), dict)
            and isinstance(found.get("custom_metadata") or {}, dict)
        ):
            raise not_understood("Vault")
        return found

    def _data(self) -> tuple[dict[str, Any], int]:
        """Return the fields of the newest version, and its number; 0 = there is none."""
        found = self._call("GET", f"{self._mount}/data/{self._path}", may_miss=True)
        if found is None:
            metadata = self._metadata() or {}
            if _has_value(metadata):  # somebody else's 404, or an older answer
                raise not_understood("Vault")
            return {}, int(metadata.get("current_version") or 0)
        made = found.get("metadata")
        if not isinstance(made, dict) or not isinstance(made.get("version"), int):
            raise not_understood("Vault")
        return dict(found.get("data") or {}), made["version"]

    def _call(
        self, method: str, path: str, *, may_miss: bool = False, **what: Any
    ) -> dict[str, Any] | None:
        """Make one call; ``may_miss``: None if there is no such secret."""
        client = self._client()
        from requests import RequestException  # hvac brings it

        try:
            answer = client.adapter.request(
                method.lower(), f"/v1/{path}", raise_exception=False, **what
            )
        except RequestException as error:
            raise StoreProblem(f"Vault can't be asked ({type(error).__name__})", SIGN_IN) from None
        found = json_object(answer.content, SIGN_IN)
        status = answer.status_code
        if status == 404 and may_miss:  # noqa: PLR2004
            found = found or {}  # an empty list of errors, or the metadata of what was deleted
            if found.get("errors") == [] or isinstance(found.get("data"), dict):
                return None
            if not _words(found):
                raise not_understood("Vault")
        if status >= 300:  # noqa: PLR2004
            raise _problem(status, _words(found or {}))
        data = (found or {}).get("data")
        is_done = status == 204 or bool({"data", "request_id", "warnings"} & (found or {}).keys())  # noqa: PLR2004
        if not is_done or (method == "GET" and not isinstance(data, dict)):
            raise not_understood("Vault")
        return data if isinstance(data, dict) else {}

    def _client(self) -> Any:
        if self._opened is None:
            self._opened = open_vault()
        return self._opened


def _has_value(found: Mapping[str, Any]) -> bool:
    """Does the newest version hold data, and isn't deleted?"""
    newest = (found.get("versions") or {}).get(str(found.get("current_version")))
    if not isinstance(newest, dict):
        return False
    return not _is_past(str(newest.get("deletion_time") or "")) and not newest.get("destroyed")


def _is_past(text: str) -> bool:
    """Was a version deleted? Where versions end by themselves, the time may be still to come."""
    try:
        return datetime.fromisoformat(text) <= datetime.now(UTC)
    except (ValueError, TypeError):  # none, or one without a zone
        return False


def _words(found: Mapping[str, Any]) -> str:
    """Return what Vault says is wrong; only compared, never shown."""
    errors = found.get("errors")
    return " ".join(map(str, errors)).lower() if isinstance(errors, list) else ""


def _problem(status: int, words: str) -> StoreProblem:
    problems: dict[int, Callable[[], StoreProblem]] = {
        403: lambda: StoreProblem(
            "no permission, or the token isn't valid",
            _RIGHTS,
            is_denied="permission denied" in words,
        ),
        404: lambda: StoreProblem(
            "there is no such path", "Check the mount: it must be a KV version 2 engine."
        ),
        405: lambda: StoreProblem(
            "this server doesn't know PATCH of metadata", "Vault 1.10 and OpenBao do."
        ),
        429: lambda: StoreProblem("Vault is busy (429)", "Try again later.", passes=True),
    }
    if "check-and-set" in words:
        return StoreProblem(
            "somebody else wrote it at the same time", "Run apply again.", passes=True
        )
    if status == 503 and "sealed" in words:  # noqa: PLR2004
        return StoreProblem("Vault is sealed", "Unseal it:\n  vault operator unseal\n")
    if status in problems:
        return problems[status]()
    return StoreProblem(f"Vault answers {status}", "Look into Vault's log.", passes=status >= 500)  # noqa: PLR2004
