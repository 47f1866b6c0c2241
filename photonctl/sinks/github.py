"""The ``githubActions`` sink: secrets of a repository or of one of its environments.

See https://docs.github.com/rest/actions/secrets and https://docs.github.com/rest/actions/variables.
Secrets can only be written. When GitHub says that one was written at another time than photonctl
wrote it, somebody else did.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping

from photonctl.deadline import check
from photonctl.forges.client import ForgeClient
from photonctl.model.names import PROBE_SUFFIX
from photonctl.model.secret import Secret
from photonctl.sinks.service import StoreProblem, not_installed, not_understood
from photonctl.sinks.web import LIMITS, WebStore, part

_API = "https://api.github.com"
_MARK = 16
_AGAIN = "Run apply again."
_RIGHTS = (
    "The token needs read and write of Secrets and Variables (and Environments) of that "
    "repository. A workflow's own GITHUB_TOKEN can't have them: set GH_TOKEN to another one."
)


class GithubSecrets(WebStore):
    """The Actions secrets of OWNER/REPO, or of OWNER/REPO/ENVIRONMENT."""

    def __init__(self, place: str, key: str, names: tuple[str, ...], *, shown: str) -> None:
        """Take a place, a name and the names under it; ``shown``: the place as messages give it."""
        super().__init__(key, names, shown=f"the Actions secrets of {shown}", rights=_RIGHTS)
        owner, repository, *rest = place.split("/", 2)
        group = f"environments/{part(rest[0])}" if rest else "actions"
        base = f"/repos/{part(owner)}/{part(repository)}/{group}"
        self._secrets, self._variables = f"{base}/secrets", f"{base}/variables"
        self._is_seen = False
        self._written: dict[str, str | None] = {}  # when, as GitHub said right after it
        self.statuses = (201, 204)

    def open_client(self, env: Mapping[str, str]) -> ForgeClient:
        """Use the API and the token that GitHub's own command reads."""
        token = env.get("GH_TOKEN") or env.get("GITHUB_TOKEN")
        if not token:
            raise StoreProblem("GH_TOKEN isn't set", _RIGHTS)
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "photonctl",
        }
        return ForgeClient("GitHub", env.get("GITHUB_API_URL") or _API, headers, check, LIMITS)

    def prove(self) -> None:
        """Write a secret of another name, and remove it."""
        self.put_secret(self._key + PROBE_SUFFIX, Secret("probe", is_noted=False))
        self.drop_secret(self._key + PROBE_SUFFIX)

    def read(self) -> Mapping[str, str]:
        """Refuse."""
        raise StoreProblem(
            "GitHub gives nobody the secrets that it keeps",
            "Store them in a second place, too.",
            is_denied=True,
        )

    def variable(self, name: str) -> str | None:
        """Read a variable."""
        found = self.look_up(f"{self._variables}/{part(name)}", name, "name", "value")
        return None if found is None else str(found["value"])

    def set_variable(self, name: str, value: str, *, is_new: bool) -> None:
        """Create or change a variable."""
        body = {"name": name, "value": value}
        if is_new:
            self.ask("POST", self._variables, body)
        else:
            self.ask("PATCH", f"{self._variables}/{part(name)}", body)

    def drop_variable(self, name: str) -> None:
        """Delete a variable."""
        self.ask("DELETE", f"{self._variables}/{part(name)}", may_miss=True)

    def put_secret(self, name: str, secret: Secret) -> None:
        """Encrypt a secret for GitHub, and write it."""
        try:
            from nacl.public import PublicKey, SealedBox
        except ImportError:
            raise not_installed("PyNaCl", "github") from None
        key = self.ask("GET", f"{self._secrets}/public-key")
        box = SealedBox(PublicKey(b64decode(str(key["key"]))))
        sealed = b64encode(box.encrypt(secret.reveal().encode())).decode()
        body, before = {"encrypted_value": sealed, "key_id": str(key["key_id"])}, self._time(name)
        self._written[name] = None  # as long as no answer has come
        self.ask("PUT", f"{self._secrets}/{part(name)}", body)
        now = self._time(name)
        if now in ("", before):  # GitHub tells times of whole seconds
            raise StoreProblem("what was written isn't there yet", _AGAIN, passes=True)
        self._written[name] = now

    def drop_secret(self, name: str) -> None:
        """Delete a secret."""
        self.ask("DELETE", f"{self._secrets}/{part(name)}", may_miss=True)
        if self._time(name):
            raise StoreProblem("what was deleted is still there", _AGAIN, passes=True)

    def _time(self, name: str) -> str:
        """Return when a secret was written; "" = it isn't there."""
        row = self.look_up(f"{self._secrets}/{part(name)}", name, "name", "updated_at")
        return "" if row is None else str(row["updated_at"])

    def marks(self) -> Mapping[str, str]:
        """Return when each of them was written, as GitHub says."""
        times = {name: self._time(name) for name in self.secret_names}
        return {name: time for name, time in times.items() if time}

    def own_marks(self, values: Mapping[str, Secret | None]) -> Mapping[str, str | None]:
        """Return when this run has written them."""
        return self._written

    def is_begun(self, kept: str, asked: str) -> bool:
        """Nobody can say."""
        return True

    def mark(self) -> str:
        """Return a digest of when each of them was written, as GitHub says; "" = none is there."""
        return _mark_of(self.marks())

    def mark_of(self, written: Mapping[str, Secret | None]) -> str:
        """Return that of when they were written, as it was right after each."""
        times = {
            name: self._written.get(name) if name in written else self._time(name)
            for name in self.secret_names
            if written.get(name, "") is not None  # else it was removed
        }
        return _mark_of({name: time for name, time in times.items() if time})

    def is_missing(self, said: str) -> bool:
        """Ask whether the token sees secrets and variables here; else GitHub says 404, too."""
        if said != "Not Found":
            return False
        if not self._is_seen:
            for path in (self._secrets, self._variables):
                found = self.ask("GET", f"{path}?per_page=1")
                if not isinstance(found, dict) or "total_count" not in found:
                    raise not_understood("GitHub")
            self._is_seen = True
        return True


def _mark_of(times: Mapping[str, str]) -> str:
    text = "\n".join(f"{name} {time}" for name, time in times.items())
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK] if text else ""
