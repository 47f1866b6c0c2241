"""The bodies of Vault's answers that don't depend on what is kept."""

import secrets
import uuid
from typing import Any

VERSION = "1.20.0"


def envelope(data: Any, mount_type: str = "kv") -> dict[str, Any]:
    """Make what every answer with data is wrapped in."""
    lease = {"lease_id": "", "renewable": False, "lease_duration": 0}
    rest = {"wrap_info": None, "warnings": None, "auth": None, "mount_type": mount_type}
    return {"request_id": str(uuid.uuid4()), **lease, "data": data, **rest}


def seal_status(*, sealed: bool) -> dict[str, Any]:
    keys = {"t": 3, "n": 5, "progress": 0, "nonce": "", "type": "shamir"}
    build = {"version": VERSION, "build_date": "2026-01-01T00:00:00Z", "migration": False}
    status = {"initialized": True, "sealed": sealed, "recovery_seal": False}
    cluster = {} if sealed else {"cluster_name": "stand-in", "cluster_id": "stand-in"}
    return {**keys, **build, **status, **cluster, "storage_type": "inmem"}


def health(now: int, *, sealed: bool) -> dict[str, Any]:
    status = {"initialized": True, "sealed": sealed, "standby": False, "version": VERSION}
    return {**status, "performance_standby": False, "server_time_utc": now}


def login(token: str) -> dict[str, Any]:
    """Make the "auth" of a login."""
    return {
        "client_token": token,
        "accessor": secrets.token_hex(12),
        "policies": ["default", "photonctl"],
        "token_policies": ["default", "photonctl"],
        "metadata": {"role_name": "photonctl"},
        "lease_duration": 1200,
        "renewable": True,
        "entity_id": str(uuid.uuid4()),
        "token_type": "service",
        "orphan": True,
        "mfa_requirement": None,
        "num_uses": 0,
    }


def token_entry(token: str, now: int, *, root: bool) -> dict[str, Any]:
    """Make what a token may look up about itself."""
    return {
        "accessor": "accessor",
        "creation_time": now,
        "creation_ttl": 0 if root else 1200,
        "display_name": "root" if root else "approle",
        "entity_id": "",
        "expire_time": None if root else "2026-01-01T00:20:00Z",
        "explicit_max_ttl": 0,
        "id": token,
        "meta": None if root else {"role_name": "photonctl"},
        "num_uses": 0,
        "orphan": True,
        "path": "auth/token/root" if root else "auth/approle/login",
        "policies": ["root"] if root else ["default", "photonctl"],
        "renewable": not root,
        "ttl": 0 if root else 1200,
        "type": "service",
    }
