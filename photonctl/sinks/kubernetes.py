"""The ``kubernetes`` sink: data of one Secret, notes in its annotations.

See https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/.
The cluster and credentials are those of kubectl, or of the pod that photonctl runs in. Each change
is one PATCH that names the resourceVersion it was made for: all of it happens, or nothing.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from photonctl.model.held import Record, kept_line
from photonctl.model.secret import Secret
from photonctl.sinks.kubernetes_client import ADDRESS, ask
from photonctl.sinks.names import note_name
from photonctl.sinks.service import (
    Check,
    Notes,
    ReadableStore,
    StoreProblem,
    judged_notes,
    marks,
    not_understood,
)

_PASSING = (0, 409, 429)
_FAILED = 500
_PREFIX = "photonctl.photon.codes"
_MADE = "app.kubernetes.io/managed-by"
_DRY = {"dryRun": "All"}
_RIGHTS = (
    "The account needs get, create and patch of secrets in that namespace (kubectl auth can-i)."
)


class KubernetesSecret(ReadableStore):
    """One Secret of a cluster."""

    def __init__(self, place: str, key: str, names: tuple[str, ...], *, shown: str) -> None:
        """Take NAMESPACE/NAME, a key and the names under it; ``shown``: the place in messages."""
        self.shown = f"the Secret {shown} of Kubernetes"
        self._namespace, _, self._name = place.partition("/")
        self._key = key
        self._names = names
        self._note = f"{_PREFIX}/{note_name(key)}"
        self._asked = f"{self._note}.asked"

    def notes(self) -> Notes:
        """Read the Secret's annotations, and the names of its data."""
        found = self._get()
        if found is None:
            return Notes()
        notes = found["metadata"].get("annotations") or {}
        kept, asked = (str(notes.get(name, "")) for name in (self._note, self._asked))
        return judged_notes(kept, asked, self._key, self._names, _texts(found))

    def prove(self) -> None:
        """Let the cluster try the change, without making it."""
        found = self._get()
        if found is None:
            self._call("POST", "", self._empty({}), is_dry=True)
        else:
            self._patch(found, {}, {}, is_dry=True)

    def write_asked(self, line: str) -> None:
        """Set the annotation, or make an empty Secret that has it."""
        found = self._get()
        if found is None and line:
            self._call("POST", "", self._empty({self._asked: line}))
        elif found is not None and line:
            self._patch(found, {}, {self._asked: line})
        elif found is not None and self._is_only_ours(found):
            version = {"resourceVersion": found["metadata"]["resourceVersion"]}
            self._call("DELETE", f"/{self._name}", {"preconditions": version})
        elif found is not None:
            self._patch(found, {}, {self._asked: None})

    def write(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        check: Check,
        asked: str = "",
    ) -> None:
        """Set data and annotations in one PATCH."""
        notes = {self._note: kept_line(record), self._asked: asked or None}
        data: dict[str, str | None] = {
            name: None if secret is None else b64encode(secret.reveal().encode()).decode()
            for name, secret in values.items()
        }
        found = self._get()
        if found is None:  # somebody has deleted it since the intent was noted
            self._call("POST", "", self._empty({}))
            found = self._get()
        if found is None:
            raise StoreProblem("it was deleted at the same time", "Run apply again.", passes=True)
        check(marks(_texts(found), self._names))
        self._patch(found, data, notes)

    def read(self) -> Mapping[str, str]:
        """Read the data."""
        return _texts(self._get() or {})

    def _is_only_ours(self, found: Mapping[str, Any]) -> bool:
        metadata = found["metadata"]
        is_made = (metadata.get("labels") or {}).get(_MADE) == "photonctl"
        others = (metadata.get("annotations") or {}).keys() - {self._asked}
        return is_made and not found.get("data") and not others

    def _empty(self, notes: Mapping[str, str]) -> dict[str, Any]:
        metadata = {
            "name": self._name,
            "namespace": self._namespace,
            "labels": {_MADE: "photonctl"},
            "annotations": notes,
        }
        return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}

    def _get(self) -> dict[str, Any] | None:
        return self._call("GET", f"/{self._name}", may_miss=True)

    def _patch(
        self,
        found: Mapping[str, Any],
        data: Mapping[str, str | None],
        notes: Mapping[str, str | None],
        *,
        is_dry: bool = False,
    ) -> None:
        version = found["metadata"].get("resourceVersion")
        metadata = {"annotations": notes, **({"resourceVersion": version} if version else {})}
        body = {"metadata": metadata, **({"data": data} if data else {})}
        self._call("PATCH", f"/{self._name}", body, is_dry=is_dry)

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        is_dry: bool = False,
        may_miss: bool = False,
    ) -> dict[str, Any] | None:
        """Make one call.

        Args:
            method: its method.
            path: where, after "secrets".
            body: what is sent.
            is_dry: the cluster only says whether it would do it.
            may_miss: None if there is no such Secret.
        """
        where = f"/api/v1/namespaces/{self._namespace}/secrets{path}"
        status, found = ask(method, where, body, query=_DRY if is_dry else {})
        if status == 404 and may_miss and found.get("reason") == "NotFound":  # noqa: PLR2004
            return None
        if status >= 300:  # noqa: PLR2004
            raise self._problem(status)
        about = found["metadata"]
        is_asked = (about.get("name"), about.get("namespace")) == (self._name, self._namespace)
        if not is_asked and method != "DELETE":
            raise not_understood("Kubernetes")
        return found

    def _problem(self, status: int) -> StoreProblem:
        again = "Run apply again."
        known = {
            401: ("the cluster doesn't accept the credentials (401)", ADDRESS),
            403: ("no permission in that namespace (403)", _RIGHTS),
            404: (
                "there is no such namespace, or no such Secret (404)",
                "Make the namespace: kubectl create namespace",
            ),
            409: ("somebody else changed it at the same time (409)", again),
            422: ("the cluster doesn't take it (422): is it immutable?", "Name another Secret."),
            429: ("the cluster is busy (429)", "Try again later."),
        }
        why, hint = known.get(status, (f"the cluster answers {status}", ADDRESS))
        return StoreProblem(why, hint, passes=status in _PASSING or status >= _FAILED)


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the data of a Secret by names."""
    data = (found.get("data") or {}).items()
    return {name: b64decode(text).decode(errors="replace") for name, text in data}
