"""A project's own id and secret in an env file: ``credentials`` in the manifest (interface §1)."""

from pathlib import Path

from photonctl.errors import RefusedError, SinkError
from photonctl.model.secret import Secret
from photonctl.sinks.env_file import read_variables, set_variables, why

_PAIR_ID, _PAIR_SECRET = "PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET"


def keep_pair(
    path: Path,
    project_id: str,
    secret: Secret | None,
    *,
    shown: Path | None = None,
    state: Path | None = None,
) -> bool:
    """Store a project's own credentials; False = they are there already.

    ``shown``: the file as messages name it. ``state``: as for ``EnvFileSink``.

    Raises:
        SinkError: they are not stored.
    """
    if secret is None:
        msg = f"the project's secret isn't known here, so it isn't stored in {shown or path}"
        raise SinkError(msg, hint="Sign in: the dashboard shows it.\n  photonctl login")
    values = {_PAIR_ID: project_id, _PAIR_SECRET: secret.reveal()}
    try:
        known = read_variables(path) if path.exists() else {}
        if all(known.get(key) == value for key, value in values.items()):
            return False
        set_variables(path, values, state)
    except (OSError, ValueError, RefusedError) as error:
        msg = f"the project's credentials could not be stored in {shown or path}: {why(error)}"
        raise SinkError(msg) from error
    return True


def is_old(path: Path, project_id: str, secret: Secret | None) -> bool:
    """Does a file hold this project's id, and another secret than the one that is valid?"""
    if secret is None:
        return False
    try:
        known = read_variables(path)
    except (OSError, ValueError):
        return False
    stored = known.get(_PAIR_SECRET)
    return known.get(_PAIR_ID) == project_id and stored not in (None, "", secret.reveal())


def pair_of(path: Path, project_id: str | None) -> str | None:
    """Return whose credentials a file holds, if they aren't this project's.

    "" = a secret without an id. None = there are none, or they can't be read; storing shows why.
    """
    try:
        known = read_variables(path)
    except (OSError, ValueError):
        return None
    found = known.get(_PAIR_ID, "")
    is_own = found == project_id or not (found or known.get(_PAIR_SECRET))
    return None if is_own else found
