"""A stand-in of GitHub's REST API: the secrets and variables of Actions.

From docs.github.com/rest/actions/secrets and docs.github.com/rest/actions/variables. Names are kept
in upper case; values come encrypted for the scope's key and never leave again.
"""

import base64
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from tests.stores.base import Answer, Refusal, Request, StandIn, json_object

LARGEST = 48 * 1024  # bytes of a value
BASE64 = r"^(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=|[A-Za-z0-9+\/]{4})$"
DOCS = "https://docs.github.com/rest"
NAME_RULE = (
    "names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
    "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)


@dataclass
class Entry:
    """A secret, with its plaintext, or a variable."""

    name: str
    value: str
    created_at: str
    updated_at: str

    def row(self, area: str) -> dict[str, str]:
        """Give what GitHub shows of it."""
        shown = {"name": self.name, "created_at": self.created_at, "updated_at": self.updated_at}
        return {**shown, "value": self.value} if area == "variables" else shown


@dataclass
class Scope:
    """A repository or one of its environments: a key of its own, and what it holds."""

    key: PrivateKey = field(default_factory=PrivateKey.generate)
    key_id: str = field(default_factory=lambda: str(10**17 + secrets.randbelow(9 * 10**17)))
    secrets: dict[str, Entry] = field(default_factory=dict)
    variables: dict[str, Entry] = field(default_factory=dict)

    def public_key(self) -> dict[str, str]:
        public = base64.b64encode(bytes(self.key.public_key)).decode()
        return {"key_id": self.key_id, "key": public}


@dataclass
class Repository:
    """A repository by the name that it was added with."""

    full_name: str
    own: Scope = field(default_factory=Scope)
    environments: dict[str, Scope] = field(default_factory=dict)  # by names in lower case


def refused(status: int, message: str) -> Refusal:
    """Make an error with GitHub's body."""
    body = {"message": message, "documentation_url": DOCS, "status": str(status)}
    return Refusal(status, body)


class GithubStandIn(StandIn):
    """GitHub, as a fine-grained personal access token sees it.

    ``permissions`` has "read" and "write" by area: "secrets" and "variables" are a repository's
    own, "environments" is for both in an environment, as GitHub divides them. Names in
    ``hidden`` answer as if the token had no access to the repository.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token = f"github_pat_{secrets.token_hex(20)}"
        areas = ("secrets", "variables", "environments")
        self.permissions: dict[str, set[str]] = {area: {"read", "write"} for area in areas}
        self.hidden: set[str] = set()
        self._repositories: dict[str, Repository] = {}

    def add_repository(self, name: str, environments: tuple[str, ...] = ()) -> None:
        scopes = {environment.lower(): Scope() for environment in environments}
        with self.lock:
            self._repositories[name.lower()] = Repository(name, environments=scopes)

    def rotate_key(self, name: str, environment: str | None = None) -> None:
        """Replace the key of a scope; what was encrypted for the old one is refused."""
        with self.lock:
            scope, new = self._scope(name, environment), Scope()
            scope.key, scope.key_id = new.key, new.key_id

    def secret(self, repository: str, name: str, environment: str | None = None) -> str | None:
        """Give a secret's plaintext, or None where there is none."""
        with self.lock:
            entry = self._scope(repository, environment).secrets.get(name.upper())
            return entry.value if entry else None

    def variable(self, repository: str, name: str, environment: str | None = None) -> str | None:
        """Give a variable's value, or None where there is none."""
        with self.lock:
            entry = self._scope(repository, environment).variables.get(name.upper())
            return entry.value if entry else None

    def set_secret(
        self, repository: str, name: str, value: str, environment: str | None = None
    ) -> None:
        """Set a secret as somebody else would, without a request."""
        with self.lock:
            self._store(self._scope(repository, environment).secrets, name.upper(), value)

    def set_variable(
        self, repository: str, name: str, value: str, environment: str | None = None
    ) -> None:
        """Set a variable as somebody else would, without a request."""
        with self.lock:
            self._store(self._scope(repository, environment).variables, name.upper(), value)

    def _scope(self, repository: str, environment: str | None) -> Scope:
        found = self._repositories[repository.lower()]
        return found.own if environment is None else found.environments[environment.lower()]

    def _store(self, entries: dict[str, Entry], name: str, value: str) -> bool:
        """Create or change an entry. Is it new?"""
        now = self.clock.tick()
        old = entries.get(name)
        entries[name] = Entry(name, value, old.created_at if old else now, now)
        return old is None

    # The requests.

    def answer(self, request: Request) -> Answer:
        if "user-agent" not in request.headers:
            rule = b"Request forbidden by administrative rules. Please send a User-Agent header."
            return Answer(403, rule, {"Content-Type": "text/plain"})
        self._authenticate(request)
        match request.segments:
            case ["repos", owner, name, *rest]:
                return self._in_repository(request, self._repository(owner, name), rest)
        raise refused(404, "Not Found")

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise refused(401, "Requires authentication")
        if scheme.lower() not in ("bearer", "token") or token != self.token:
            raise refused(401, "Bad credentials")

    def _repository(self, owner: str, name: str) -> Repository:
        full_name = f"{owner}/{name}".lower()
        found = self._repositories.get(full_name)
        if found is None or full_name in {hidden.lower() for hidden in self.hidden}:
            raise refused(404, "Not Found")
        return found

    def _in_repository(self, request: Request, found: Repository, rest: list[str]) -> Answer:
        match rest:
            case []:
                owner, _, name = found.full_name.partition("/")
                named = {"id": 1, "name": name, "full_name": found.full_name}
                return Answer(200, {**named, "private": True, "owner": {"login": owner}})
            case ["actions", ("secrets" | "variables") as area, *names]:
                self._permit(request, area)
                return self._in_area(request, found.own, area, names)
            case ["environments", environment, ("secrets" | "variables") as area, *names]:
                self._permit(request, "environments")
                scope = found.environments.get(environment.lower())
                if scope is None:
                    raise refused(404, "Not Found")
                return self._in_area(request, scope, area, names)
            case ["environments", environment] if environment.lower() in found.environments:
                return Answer(200, {"id": 1, "name": environment, "protection_rules": []})
        raise refused(404, "Not Found")

    def _permit(self, request: Request, area: str) -> None:
        """A token that may write may read too."""
        enough = {"read", "write"} if request.method == "GET" else {"write"}
        if not enough & set(self.permissions.get(area, ())):
            raise refused(403, "Resource not accessible by personal access token")

    def _in_area(self, request: Request, scope: Scope, area: str, names: list[str]) -> Answer:
        entries = scope.secrets if area == "secrets" else scope.variables
        match request.method, area, names:
            case "GET", _, []:
                return _listed(request, area, entries)
            case "GET", "secrets", ["public-key"]:
                return Answer(200, scope.public_key())
            case "PUT", "secrets", [name]:
                return self._put_secret(request, scope, name)
            case "POST", "variables", []:
                return self._post_variable(request, scope)
            case "PATCH", "variables", [name]:
                return self._patch_variable(request, scope, name)
            case ("GET" | "DELETE") as method, _, [name] if name.upper() in entries:
                found = entries[name.upper()] if method == "GET" else entries.pop(name.upper())
                return Answer(200, found.row(area)) if method == "GET" else Answer(204)
        raise refused(404, "Not Found")

    def _put_secret(self, request: Request, scope: Scope, name: str) -> Answer:
        name = _checked_name(name, "Secret")
        body = _body(request)
        encrypted, key_id = _text(body, "encrypted_value"), _text(body, "key_id")
        if not re.fullmatch(BASE64[1:-1], encrypted):
            raise refused(422, f"Invalid request.\n\n{encrypted} does not match /{BASE64}/.")
        if key_id != scope.key_id:
            raise refused(422, "Bad request - the provided key_id is not the current public key")
        try:
            value = SealedBox(scope.key).decrypt(base64.b64decode(encrypted)).decode()
        except (CryptoError, ValueError):
            problem = "validation failed due to an improperly encrypted secret"
            raise refused(422, f"Bad request - {problem}") from None
        _check_size(value, "Secret")
        created = self._store(scope.secrets, name, value)
        return Answer(201, {}) if created else Answer(204)

    def _post_variable(self, request: Request, scope: Scope) -> Answer:
        body = _body(request)
        name = _checked_name(_text(body, "name"), "Variable")
        value = _text(body, "value")
        _check_size(value, "Variable")
        if name in scope.variables:
            raise refused(409, "Already exists - Variable already exists")
        self._store(scope.variables, name, value)
        return Answer(201, {})

    def _patch_variable(self, request: Request, scope: Scope, name: str) -> Answer:
        old = scope.variables.get(name.upper())
        if old is None:
            raise refused(404, "Not Found")
        body = {"name": old.name, "value": old.value} | _body(request)
        new, value = _checked_name(_text(body, "name"), "Variable"), _text(body, "value")
        _check_size(value, "Variable")
        if new != old.name and new in scope.variables:
            raise refused(409, "Already exists - Variable already exists")
        del scope.variables[old.name]
        scope.variables[new] = Entry(new, value, old.created_at, self.clock.tick())
        return Answer(204)


def _listed(request: Request, area: str, entries: dict[str, Entry]) -> Answer:
    default, most = (30, 100) if area == "secrets" else (10, 30)
    size, page = min(request.number("per_page", default), most), request.number("page", 1)
    rows = [entries[name].row(area) for name in sorted(entries)]
    headers = {}
    if page * size < len(rows):
        path, host = request.target.partition("?")[0], request.headers.get("host", "")
        headers["Link"] = f'<http://{host}{path}?per_page={size}&page={page + 1}>; rel="next"'
    shown = rows[(page - 1) * size : page * size]
    return Answer(200, {"total_count": len(rows), area: shown}, headers)


def _body(request: Request) -> dict[str, Any]:
    return json_object(request, refused(400, "Problems parsing JSON"))


def _text(body: dict[str, Any], name: str) -> str:
    if name not in body:
        raise refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    value = body[name]
    if not isinstance(value, str):
        raise refused(422, f"Invalid request.\n\nFor 'properties/{name}', {value} is not a string.")
    return value


def _checked_name(name: str, what: str) -> str:
    upper = name.upper()
    if not re.fullmatch("[A-Z_][A-Z0-9_]*", upper):
        raise refused(422, f"{what} {NAME_RULE}")
    if upper.startswith("GITHUB_"):
        raise refused(422, f"{what} names must not start with GITHUB_.")
    return upper


def _check_size(value: str, what: str) -> None:
    if len(value.encode()) > LARGEST:
        raise refused(422, f"{what} value is larger than 48 KB")
