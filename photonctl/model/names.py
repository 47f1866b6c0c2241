"""What a secret's variables are called, in env files and in keyrings (interface §5)."""

STANDARD_SUFFIX = "_STANDARD"
ID_SUFFIX = "_WEBHOOK_ID"


def standard_name(key: str) -> str:
    """Return under which name the standard secret of a key is stored."""
    return key + STANDARD_SUFFIX


def id_name(key: str) -> str:
    """Return under which name it is stored whose secrets a key has."""
    return key + ID_SUFFIX


def all_names(key: str) -> tuple[str, str, str]:
    """Return every name that a key takes."""
    return key, standard_name(key), id_name(key)
