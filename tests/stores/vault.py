"""A stand-in of HashiCorp Vault's HTTP API, which OpenBao has too: KV v2, and what a login needs.

From developer.hashicorp.com/vault/api-docs: secret/kv/kv-v2, system and auth.
"""

import re
import secrets
import uuid
from typing import Any

from tests.stores.base import Answer, Refusal, Request, StandIn, json_object
from tests.stores.vault_bodies import envelope, health, login, seal_status, token_entry
from tests.stores.vault_kv import Mount, refused

EVERYTHING = {"*": ["root"]}
# Of the policy "default", which every token has; an entry of the same path overrides it.
DEFAULT_POLICY = {
    "auth/token/lookup-self": ["read"],
    "sys/capabilities-self": ["update"],
    "sys/internal/ui/mounts/*": ["read"],
}
MERGE_PATCH = "application/merge-patch+json"
UNVERSIONED = (
    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API "
    "endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation."
)


class VaultStandIn(StandIn):
    """Vault with KV v2 mounts, one root token, and one AppRole.

    ``policy`` has capabilities by path, without "v1/": a ``*`` at the end takes any ending, a
    ``+`` one segment, the longest path counts, and "root" stands for all capabilities.
    ``sealed`` may be set at any time. ``tokens`` are the valid ones; a login adds one.
    """

    def __init__(self, mounts: tuple[str, ...] = ("secret",)) -> None:
        super().__init__()
        self.token = f"hvs.{secrets.token_hex(12)}"
        self.tokens: set[str] = {self.token}
        self.role_id = str(uuid.uuid4())
        self.secret_id = str(uuid.uuid4())
        self.policy: dict[str, list[str]] = dict(EVERYTHING)
        self.sealed = False
        self._mounts = {name: Mount(self.clock) for name in mounts}

    def mount(self, name: str) -> Mount:
        """Give a mount, to set its ``cas_required`` or to change secrets behind a client."""
        return self._mounts[name]

    def data(self, mount: str, path: str) -> dict[str, Any] | None:
        """Give the data of the current version, or None where it is not readable."""
        with self.lock:
            secret = self._mounts[mount].secrets.get(path)
            version = secret and secret.versions.get(secret.current)
            return dict(version.data or {}) if version and version.readable else None

    def custom_metadata(self, mount: str, path: str) -> dict[str, str] | None:
        """Give the custom metadata of a path, ``{}`` where it has none, None without the path."""
        with self.lock:
            secret = self._mounts[mount].secrets.get(path)
            return None if secret is None else dict(secret.custom or {})

    def capabilities(self, path: str) -> list[str]:
        """Give what the policy grants on a path: sorted, "deny" alone where nothing is granted."""
        if self.policy == EVERYTHING:
            return ["root"]
        rules = {**DEFAULT_POLICY, **self.policy}
        matching = [glob for glob in rules if _matches(glob, path)]
        best = max(matching, key=lambda glob: (not glob.endswith("*"), len(glob)), default=None)
        granted = sorted(set(rules[best])) if best is not None else []
        return ["deny"] if not granted or "deny" in granted else granted

    # The requests.

    def answer(self, request: Request) -> Answer:
        version, _, path = "/".join(request.segments).partition("/")
        method = {"PUT": "POST"}.get(request.method, request.method)
        if method == "GET" and request.query.get("list") == "true":
            method = "LIST"
        if version != "v1":
            raise refused(404)
        match path:
            case "sys/seal-status":
                return Answer(200, seal_status(sealed=self.sealed))
            case "sys/health":
                return self._health(request)
        if self.sealed:
            raise refused(503, "Vault is sealed")
        if path == "auth/approle/login" and method == "POST":
            return self._log_in(_body(request))
        self._authenticate(request)
        return self._authenticated(request, method, path)

    def _authenticate(self, request: Request) -> None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = request.headers.get("x-vault-token") or (scheme == "Bearer" and bearer)
        if not token:
            raise refused(403, "permission denied")
        if token not in self.tokens:
            raise refused(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")

    def _authenticated(self, request: Request, method: str, path: str) -> Answer:
        match method, path.split("/"):
            case "GET", ["auth", "token", "lookup-self"]:
                self._require(path, "read")
                return _enveloped(self._token_entry(request), mount_type="token")
            case "POST", ["sys", "capabilities-self"]:
                self._require(path, "update")
                return self._capabilities(_body(request))
            case "GET", ["sys", "internal", "ui", "mounts", *rest]:
                return self._preflight("/".join(rest))
        for name, mount in self._mounts.items():
            if path.startswith(f"{name}/"):
                return self._in_mount(request, method, mount, path, path[len(name) + 1 :])
        raise refused(404, f'no handler for route "{path}". route entry not found.')

    def _require(self, path: str, capability: str) -> None:
        if not {"root", capability} & set(self.capabilities(path)):
            raise refused(403, "1 error occurred:\n\t* permission denied\n\n")

    def _in_mount(
        self, request: Request, method: str, mount: Mount, full: str, below: str
    ) -> Answer:
        area, _, path = below.partition("/")
        known = ("data", "metadata", "delete", "undelete", "destroy")
        capability = {"GET": "read", "POST": "update"}.get(method, method.lower())
        new = area in ("data", "metadata") and path not in mount.secrets
        if method == "LIST" and not full.endswith("/"):
            full += "/"
        self._require(full, "create" if method == "POST" and new else capability)
        if area not in known:
            raise Refusal(404, {"errors": [], "warnings": [UNVERSIONED]})
        if not path and method != "LIST":
            raise _unsupported()
        if method == "PATCH":
            _check_merge_patch(request)
        body = _body(request) if method in ("POST", "PATCH") else {}
        match area:
            case "data":
                return _data(request, method, mount, path, body)
            case "metadata":
                return _metadata(method, mount, path, body)
            case _ if method == "POST":
                numbers = [int(number) for number in body.get("versions") or ()]
                if not numbers:
                    raise refused(400, "No version number provided")
                getattr(mount, area)(path, numbers)
                return Answer(204)
        raise _unsupported()

    def _capabilities(self, body: dict[str, Any]) -> Answer:
        paths = body.get("paths") or body.get("path") or ()
        paths = [paths] if isinstance(paths, str) else list(paths)
        if not paths:
            raise refused(400, "paths must be supplied")
        found = {path: self.capabilities(path.removeprefix("/")) for path in paths}
        if len(found) == 1:
            found["capabilities"] = next(iter(found.values()))
        return Answer(200, {**envelope(found, mount_type="system"), **found})

    def _preflight(self, path: str) -> Answer:
        """Say what is mounted where a path is, to a token that may do something there."""
        for name in self._mounts:
            if f"{path.rstrip('/')}/".startswith(f"{name}/") and self._reaches(f"{name}/"):
                kept = {"options": {"version": "2"}, "path": f"{name}/", "type": "kv"}
                more = {"accessor": f"kv_{name}", "description": "", "local": False}
                return _enveloped({**kept, **more}, mount_type="system")
        problem = "preflight capability check returned 403, please ensure client's policies grant"
        raise refused(403, f'{problem} access to path "{path.strip("/")}/"')

    def _reaches(self, mount: str) -> bool:
        """Does the policy grant anything below a mount?"""
        for glob, granted in self.policy.items():
            fixed = re.split("[*+]", glob)[0]
            if "deny" not in granted and (fixed.startswith(mount) or mount.startswith(fixed)):
                return True
        return False

    def _log_in(self, body: dict[str, Any]) -> Answer:
        if not body.get("role_id"):
            raise refused(400, "missing role_id")
        if (body["role_id"], body.get("secret_id")) != (self.role_id, self.secret_id):
            raise refused(400, "invalid role or secret ID")
        token = f"hvs.{secrets.token_hex(12)}"
        self.tokens.add(token)
        return Answer(200, {**envelope(None), "auth": login(token)})

    def _token_entry(self, request: Request) -> dict[str, Any]:
        token = request.headers.get("x-vault-token") or request.headers["authorization"][7:]
        return token_entry(token, int(self.clock.now.timestamp()), root=token == self.token)

    def _health(self, request: Request) -> Answer:
        status = request.number("sealedcode", 503) if self.sealed else 200
        return Answer(status, health(int(self.clock.now.timestamp()), sealed=self.sealed))


def _data(request: Request, method: str, mount: Mount, path: str, body: dict[str, Any]) -> Answer:
    try:
        match method:
            case "GET":
                return _enveloped(mount.read(path, request.number("version", 0)))
            case "POST":
                return _enveloped(mount.write(path, body))
            case "PATCH":
                return _enveloped(mount.patch(path, body))
            case "DELETE":
                mount.delete(path)
                return Answer(204)
    except Refusal as refusal:
        found = refusal.answer.body
        if "errors" in found:
            raise
        return Answer(404, envelope(found))  # a version that was deleted keeps its metadata
    raise _unsupported()


def _metadata(method: str, mount: Mount, path: str, body: dict[str, Any]) -> Answer:
    match method:
        case "GET":
            return _enveloped(mount.read_metadata(path))
        case "LIST":
            return _enveloped({"keys": mount.listed(path)})
        case "POST":
            mount.write_metadata(path, body)
        case "PATCH":
            mount.patch_metadata(path, body)
        case "DELETE":
            mount.secrets.pop(path, None)
        case _:
            raise _unsupported()
    return Answer(204)


def _check_merge_patch(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip()
    if given != MERGE_PATCH:
        raise refused(415, f"PATCH requires Content-Type of {MERGE_PATCH}, provided {given}")


def _unsupported() -> Refusal:
    return refused(405, "1 error occurred:\n\t* unsupported operation\n\n")


def _body(request: Request) -> dict[str, Any]:
    return json_object(request, refused(400, "error parsing JSON"))


def _enveloped(data: Any, mount_type: str = "kv") -> Answer:
    return Answer(200, envelope(data, mount_type))


def _matches(glob: str, path: str) -> bool:
    """Does a path of a policy take a path?"""
    pattern = re.escape(glob.removesuffix("*")).replace(r"\+", "[^/]+")
    return bool(re.fullmatch(pattern + (".*" if glob.endswith("*") else ""), path))
