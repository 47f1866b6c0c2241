"""What a mount of Vault's KV v2 engine keeps, without HTTP."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.stores.base import Clock, Refusal

MOST_VERSIONS = 10  # what is kept where nobody says otherwise
NANOSECONDS = ".000000001Z"
CUSTOM = "custom_metadata validation failed"


def refused(status: int, *errors: str) -> Refusal:
    """Make an error with Vault's body."""
    return Refusal(status, {"errors": list(errors)})


@dataclass
class Version:
    """One version; its data goes when it is destroyed."""

    data: dict[str, Any] | None
    created: str
    deleted: str = ""
    destroyed: bool = False

    @property
    def readable(self) -> bool:
        is_past = bool(self.deleted) and self.deleted <= datetime.now(UTC).isoformat()
        return not self.destroyed and not is_past  # delete_version_after: a time to come


@dataclass
class Secret:
    """A path's versions and metadata."""

    created: str
    updated: str
    versions: dict[int, Version] = field(default_factory=dict)
    current: int = 0
    custom: dict[str, str] | None = None
    max_versions: int = 0
    cas_required: bool = False
    delete_version_after: str = "0s"

    def version_metadata(self, number: int) -> dict[str, Any]:
        version = self.versions[number]
        return {
            "created_time": version.created,
            "custom_metadata": self.custom,
            "deletion_time": version.deleted,
            "destroyed": version.destroyed,
            "version": number,
        }

    def metadata(self) -> dict[str, Any]:
        first = min(self.versions, default=0)
        return {
            "cas_required": self.cas_required,
            "created_time": self.created,
            "current_version": self.current,
            "custom_metadata": self.custom,
            "delete_version_after": self.delete_version_after,
            "max_versions": self.max_versions,
            "oldest_version": first if first > 1 else 0,
            "updated_time": self.updated,
            "versions": {
                str(number): {
                    "created_time": version.created,
                    "deletion_time": version.deleted,
                    "destroyed": version.destroyed,
                }
                for number, version in self.versions.items()
            },
        }


class Mount:
    """A mount; each method is a request, and throws what Vault would answer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.cas_required = False  # of every path
        self.max_versions = 0
        self.secrets: dict[str, Secret] = {}

    def read(self, path: str, number: int = 0) -> dict[str, Any]:
        """Read a version, the current one by default."""
        secret = self._secret(path)
        version = secret.versions.get(number or secret.current)
        if version is None:
            raise refused(404)
        metadata = secret.version_metadata(number or secret.current)
        if not version.readable:
            raise Refusal(404, {"data": None, "metadata": metadata})
        return {"data": version.data, "metadata": metadata}

    def write(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Write a new version."""
        data = _mapping(body, "data")
        secret = self.secrets.get(path)
        self._check_cas(secret, body)
        now = self.clock.tick(NANOSECONDS)
        secret = self.secrets.setdefault(path, Secret(now, now))
        secret.current += 1
        secret.updated = now
        secret.versions[secret.current] = Version(data, now)
        kept = max(self.max_versions, secret.max_versions) or MOST_VERSIONS
        for number in [one for one in secret.versions if one <= secret.current - kept]:
            del secret.versions[number]
        return secret.version_metadata(secret.current)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Merge into the current version, which must be readable."""
        changes = _mapping(body, "data")
        secret = self._secret(path)
        self._check_cas(secret, body)
        data = merged(self.read(path)["data"], changes)
        return self.write(path, {**body, "data": data})

    def _check_cas(self, secret: Secret | None, body: dict[str, Any]) -> None:
        options = body.get("options") or {}
        current = secret.current if secret else 0
        if "cas" not in options:
            if self.cas_required or (secret is not None and secret.cas_required):
                raise refused(400, "check-and-set parameter required for this call")
            return
        try:
            expected = int(options["cas"])
        except (TypeError, ValueError):
            raise refused(400, "error parsing check-and-set parameter") from None
        if expected != current:
            rule = "check-and-set parameter did not match the current version"
            raise refused(400, rule)

    def delete(self, path: str, numbers: list[int] | None = None) -> None:
        """Delete versions, the current one by default, so that they can come back."""
        secret = self.secrets.get(path)
        now = self.clock.tick(NANOSECONDS)
        for version in _versions(secret, numbers):
            version.deleted = version.deleted or now

    def undelete(self, path: str, numbers: list[int]) -> None:
        for version in _versions(self.secrets.get(path), numbers):
            version.deleted = ""

    def destroy(self, path: str, numbers: list[int]) -> None:
        for version in _versions(self.secrets.get(path), numbers):
            version.data, version.destroyed = None, True

    def read_metadata(self, path: str) -> dict[str, Any]:
        return self._secret(path).metadata()

    def write_metadata(self, path: str, body: dict[str, Any]) -> None:
        """Set what the body has of the metadata; a path that is not there comes into being."""
        custom = body.get("custom_metadata")
        if custom is not None:
            check_custom(custom)
        now = self.clock.tick(NANOSECONDS)
        secret = self.secrets.setdefault(path, Secret(now, now))
        secret.updated = now
        if custom is not None:
            secret.custom = dict(custom)
        _set_rules(secret, body)

    def patch_metadata(self, path: str, body: dict[str, Any]) -> None:
        """Merge: keys of custom metadata that are null go, others stay or change."""
        secret = self._secret(path)
        if "custom_metadata" in body:
            changes = body["custom_metadata"]
            custom = None if changes is None else merged(secret.custom or {}, changes)
            check_custom(custom or {})
            secret.custom = custom
        secret.updated = self.clock.tick(NANOSECONDS)
        _set_rules(secret, body)

    def listed(self, prefix: str) -> list[str]:
        """Give the names below a folder; folders end with a slash."""
        folder = prefix.strip("/") + "/" if prefix.strip("/") else ""
        below = [path.removeprefix(folder) for path in self.secrets if path.startswith(folder)]
        names = {name.partition("/")[0] + ("/" if "/" in name else "") for name in below}
        if not names:
            raise refused(404)
        return sorted(names)

    def _secret(self, path: str) -> Secret:
        if path not in self.secrets:
            raise refused(404)
        return self.secrets[path]


def _versions(secret: Secret | None, numbers: list[int] | None) -> list[Version]:
    if secret is None:
        return []
    wanted = [secret.current] if numbers is None else numbers
    return [secret.versions[number] for number in wanted if number in secret.versions]


def _set_rules(secret: Secret, body: dict[str, Any]) -> None:
    for name in ("max_versions", "cas_required", "delete_version_after"):
        if body.get(name) is not None:
            setattr(secret, name, body[name])


def _mapping(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if found is None:
        raise refused(400, "no data provided")
    if not isinstance(found, dict):
        problem = f'error converting input for field "{name}": expected a map'
        raise refused(400, f"Field validation failed: {problem}")
    return found


def merged(old: Any, changes: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396)."""
    if not isinstance(changes, dict):
        return changes
    found = dict(old) if isinstance(old, dict) else {}
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def check_custom(custom: Any) -> None:
    """Refuse custom metadata that Vault refuses: 64 keys of 128 bytes, values of 512."""
    if not isinstance(custom, dict):
        raise refused(400, f"{CUSTOM}: expected a map")
    problems = []
    if len(custom) > 64:
        problems = [f"payload must contain at most 64 keys, provided {len(custom)}"]
        custom = {}
    for key, value in custom.items():
        if not isinstance(value, str):
            problems.append(f"value for key {key!r} must be a string")
            continue
        for what, text, most in (("", key, 128), ("value for ", value, 512)):
            size = len(text.encode())
            if not 0 < size <= most:
                told = f'length of {what}key "{key}" is {size} but must be 0 < len'
                problems.append(f"{told}({'value' if what else 'key'}) <= {most}")
            if not text.isprintable():
                problems.append(f'{what}key "{key}" contains unprintable characters')
    if problems:
        many = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        lines = "".join(f"\t* {CUSTOM}: {problem}\n" for problem in problems)
        raise refused(400, f"{many} occurred:\n{lines}\n")
