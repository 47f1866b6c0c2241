"""The ``gitlabVariable`` sink: masked CI/CD variables of a project.

See https://docs.gitlab.com/api/project_level_variables/. GitLab gives the value of a variable to
who may read it, unless it is hidden; a plan asks for it to see that it is there, and keeps nothing.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from photonctl.deadline import check
from photonctl.forges.client import ForgeClient
from photonctl.model.secret import Secret
from photonctl.model.spoken_of import judge
from photonctl.sinks.service import StoreProblem, not_understood
from photonctl.sinks.web import LIMITS, WebStore, part

_API = "https://gitlab.com/api/v4"
_SCOPE = f"?{quote('filter[environment_scope]')}=*"
_MARK = 16
_RIGHTS = (
    "GITLAB_TOKEN needs the scope api and the role Maintainer in that project. A job's own "
    "CI_JOB_TOKEN can't have it."
)


class GitlabVariables(WebStore):
    """The variables of one project, by its path or number."""

    def __init__(self, project: str, key: str, names: tuple[str, ...], *, shown: str) -> None:
        """Take a project, a name and the names under it; ``shown``: the project in messages."""
        whole = f"the variables of the GitLab project {shown}"
        super().__init__(key, names, shown=whole, rights=_RIGHTS)
        self._base = f"/projects/{part(project)}/variables"

    def open_client(self, env: Mapping[str, str]) -> ForgeClient:
        """Use the API that a GitLab job knows, else gitlab.com's."""
        token = env.get("GITLAB_TOKEN")
        if not token:
            raise StoreProblem("GITLAB_TOKEN isn't set", _RIGHTS)
        headers = {"PRIVATE-TOKEN": token, "User-Agent": "photonctl"}
        return ForgeClient("GitLab", env.get("CI_API_V4_URL") or _API, headers, check, LIMITS)

    def prove(self) -> None:
        """Look; the intent's variable, which is written next, needs the same permission.

        What is written must be known again: GitLab shows nobody the value of a hidden variable.
        """
        for name in self.secret_names:
            if (self._row(name) or {}).get("hidden"):
                raise StoreProblem(
                    "a variable is hidden, so what is written there can't be known again",
                    "Make it again as a masked one that isn't hidden, or name another key.",
                )

    def read(self) -> Mapping[str, str]:
        """Read the values; a hidden one can't be read."""
        found = {}
        for name in self.secret_names:
            row = self._row(name)
            if row is not None and row.get("hidden"):
                raise StoreProblem(
                    "a variable is hidden, and GitLab gives nobody its value",
                    "Store it in a second place, too.",
                    is_denied=True,
                )
            if row is not None:
                found[name] = str(row.get("value") or "")
        return found

    def variable(self, name: str) -> str | None:
        """Read a variable."""
        row = self._row(name)
        return None if row is None else str(row.get("value") or "")

    def set_variable(self, name: str, value: str, *, is_new: bool) -> None:
        """Create or change a variable that jobs may show."""
        self._write(name, {"value": value, "raw": True}, is_new=is_new)

    def drop_variable(self, name: str) -> None:
        """Delete a variable."""
        self.ask("DELETE", f"{self._base}/{part(name)}{_SCOPE}", may_miss=True)

    def put_secret(self, name: str, secret: Secret) -> None:
        """Set a variable's value; a new one is masked, another keeps how it is protected."""
        row = self._row(name)
        what = {"value": secret.reveal(), "masked": True, "raw": True}
        self._write(name, what, is_new=row is None)

    def drop_secret(self, name: str) -> None:
        """Delete a variable."""
        self.drop_variable(name)

    def marks(self) -> Mapping[str, str]:
        """Return digests of the values; a hidden one, which has none, is like no other."""
        rows = {name: self._row(name) for name in self.secret_names}
        return {name: _digest(row) or _HIDDEN for name, row in rows.items() if row is not None}

    def is_begun(self, kept: str, asked: str) -> bool:
        """Compare the values; a hidden one may be."""
        rows = {n: row for n in self.secret_names if (row := self._row(n)) is not None}
        values = {name: str(row.get("value") or "") for name, row in rows.items()}
        is_hidden = any(row.get("hidden") for row in rows.values())
        return is_hidden or judge(kept, asked, self._key, self._names, values).is_begun

    def mark(self) -> str:
        """Return a digest of the values, which GitLab gives no time for; "" = none is there."""
        return self.mark_of({})

    def mark_of(self, written: Mapping[str, Secret | None]) -> str:
        """Return the digest of these values and of what is there beside them."""
        found = {}
        for name in self.secret_names:
            secret = written.get(name)
            row = None if name in written else self._row(name)
            if secret is not None:
                found[name] = secret.reveal()
            elif row is not None:
                found[name] = str(row.get("value") or "")
        text = "\n".join(f"{name} {value}" for name, value in found.items())
        return hashlib.sha256(text.encode()).hexdigest()[:_MARK] if found else ""

    def is_missing(self, said: str) -> bool:
        """Read what GitLab says: of a project that the token doesn't see, it is another thing."""
        return said == "404 Variable Not Found"

    def _row(self, name: str) -> dict[str, Any] | None:
        """Read a variable for every environment; one for some of them is another variable."""
        found = self.look_up(f"{self._base}/{part(name)}{_SCOPE}", name, "key")
        if found is not None and found.get("environment_scope", "*") != "*":
            raise not_understood("GitLab")
        return found

    def _write(self, name: str, what: Mapping[str, Any], *, is_new: bool) -> None:
        if is_new:
            self.ask("POST", self._base, {"key": name, "environment_scope": "*", **what})
        else:
            self.ask("PUT", f"{self._base}/{part(name)}{_SCOPE}", what)


_HIDDEN = "hidden"


def _digest(row: Mapping[str, Any]) -> str:
    value = str(row.get("value") or "")
    return "" if row.get("hidden") else Secret(value, is_noted=False).digest()
