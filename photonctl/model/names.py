"""What a secret's variables are called, in env files and in keyrings (interface §5)."""

import re

ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""What a webhook's id beside a secret may look like; anything else is somebody else's value."""
STANDARD_SUFFIX = "_STANDARD"
ID_SUFFIX = "_WEBHOOK_ID"
ROTATED_SUFFIX = "_ROTATED_AT"
STATE_SUFFIX = "_WEBHOOK_STATE"
PROBE_SUFFIX = "_PHOTONCTL_PROBE"


def standard_name(key: str) -> str:
    """Return under which name the standard secret of a key is stored."""
    return key + STANDARD_SUFFIX


def id_name(key: str) -> str:
    """Return under which name it is stored whose secrets a key has."""
    return key + ID_SUFFIX


def all_names(key: str) -> tuple[str, str, str]:
    """Return every name that a key takes."""
    return key, standard_name(key), id_name(key)


def rotated_name(key: str) -> str:
    """Return under which name it is stored when the standard secret was rotated last."""
    return key + ROTATED_SUFFIX


def taken_names(key: str) -> tuple[str, ...]:
    """Return every name that a key takes in any kind of place."""
    return *all_names(key), rotated_name(key), key + STATE_SUFFIX, key + PROBE_SUFFIX
