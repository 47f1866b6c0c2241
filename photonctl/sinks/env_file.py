"""The ``envFile`` sink: ``KEY``, ``KEY_STANDARD`` and ``KEY_WEBHOOK_ID`` (interface §5).

Reading is python-dotenv's parser; writing keeps every other byte of the file as it is.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from photonctl.errors import RefusedError, SinkError, SinkNotWritable
from photonctl.model.moments import moment, time_of
from photonctl.model.names import id_name, rotated_name, standard_name
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.sinks.variables import Variables, look_at, read_variables, set_variables, why


class EnvFileSink:
    """Stores secrets as lines of an env file."""

    def __init__(
        self,
        path: Path,
        key: str,
        *,
        shown: Path | None = None,
        state: Path | None = None,
        beside: Sequence[tuple[Path, str]] = (),
    ) -> None:
        """Take a file and a key.

        Args:
            path: the file.
            key: the name of the variable.
            shown: the file as messages name it.
            state: for locks and temporary files; None = the ``.photonctl`` beside the file.
            beside: files and keys of the other places of the same secret, if there are several.
        """
        self._path = path
        self._key = key
        self._shown = shown or path
        self.shown = str(self._shown)
        self._state = state
        self._beside = beside
        self._seen: tuple[str | None, ...] | None = None

    def check_writable(self) -> None:
        """Write the file as it is, or empty: the same steps that storing takes."""
        check_file(self._path, self._shown, self._state)
        try:
            self._seen = self._held(self._read())
        except (OSError, ValueError) as error:
            raise _not_writable(self._shown, error) from error

    def look(self) -> None:
        """Read the file, and ask whether it and its folder may be written."""
        try:
            look_at(self._path)
        except (OSError, ValueError, RefusedError) as error:
            raise _not_writable(self._shown, error) from error

    def store(self, secrets: OneTimeSecrets) -> None:
        """Set the keys that the server gave; a standard secret of another registration goes.

        Where another name claimed this registration, it does so no more: its secret, which nobody
        would keep up to date, can't be taken for the valid one later.
        """

        def values(known: Variables) -> dict[str, str | None]:
            if self._seen is not None and self._held(known) != self._seen:
                msg = "somebody else has stored a secret there meanwhile"
                raise ValueError(msg)
            return self._assignments(secrets, known)

        try:
            set_variables(self._path, values, self._state)
            self._seen = self._held(self._read())
        except (OSError, ValueError, RefusedError) as error:
            msg = f"the secret could not be stored in {self._shown}: {why(error)}"
            raise SinkError(msg) from error

    def _held(self, found: Mapping[str, str]) -> tuple[str | None, ...]:
        """Return what is under this name; storing under another name may take the id away."""
        is_there = any(found.get(name) for name in (self._key, standard_name(self._key)))
        names = (self._key, standard_name(self._key)) if is_there else (id_name(self._key),)
        return tuple(found.get(name) or None for name in names)

    def _assignments(self, secrets: OneTimeSecrets, known: Variables) -> dict[str, str | None]:
        claims, here = known.claims.get(secrets.webhook_id, ()), self._names_here()
        values: dict[str, str | None] = {id_name(name): None for name in claims if name not in here}
        values[id_name(self._key)] = secrets.webhook_id or None
        is_rotated = secrets.signing is None and secrets.standard is not None
        since = datetime.now(UTC) if is_rotated else None
        since = secrets.given_at if secrets.is_copy else since
        noted = known.get(rotated_name(self._key))
        if noted is None or time_of(noted) is not None:  # else it is somebody else's variable
            values[rotated_name(self._key)] = moment(since) if since is not None else None
        if known.get(id_name(self._key)) != secrets.webhook_id:
            # What is there and isn't given belongs to another registration, and must not pass for
            # this one's. A rotation renews the standard secret only.
            values[self._key] = values[standard_name(self._key)] = None
        if secrets.signing is not None:
            values[self._key] = secrets.signing.reveal()
        if secrets.standard is not None:
            values[standard_name(self._key)] = secrets.standard.reveal()
        return values

    def _names_here(self) -> set[str]:
        """Return the names that the same secret has in this file on purpose."""
        here = os.path.realpath(self._path)
        return {self._key, *(key for path, key in self._beside if os.path.realpath(path) == here)}

    def stored_for(self, webhook_id: str) -> Stored:
        """Compare ``KEY_WEBHOOK_ID`` with the live id; a file that can't be read may hold it."""
        try:
            found = self._read()
        except (OSError, ValueError):
            return Stored.UNREADABLE
        has_signing = bool(found.get(self._key))
        has_standard = bool(found.get(standard_name(self._key)))
        is_there = bool(webhook_id) and (has_signing or has_standard)
        if is_there and found.get(id_name(self._key)) == webhook_id:
            if has_signing and has_standard:
                return Stored.ALL
            return Stored.SIGNING if has_signing else Stored.STANDARD
        if any(_holds(found, name) for name in found.claims.get(webhook_id, ())):
            return Stored.ELSEWHERE
        claimed = found.get(id_name(self._key))
        is_others = has_signing or has_standard or claimed not in (None, "", webhook_id)
        return Stored.OTHER if is_others else Stored.NOTHING

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read the three keys; an id alone may be a variable of somebody else."""
        try:
            found = self._read()
        except (OSError, ValueError) as error:
            raise SinkError(f"the secret sink {self._shown} can't be read: {why(error)}") from error
        names = [self._key] if webhook_id is None else found.claims.get(webhook_id, ())
        name = next((name for name in names if _holds(found, name)), self._key)
        signing, standard = found.get(name), found.get(standard_name(name))
        if not (signing or standard or found.get(id_name(name))):
            return None
        return OneTimeSecrets(
            webhook_id=found.get(id_name(name), ""),
            signing=Secret(signing, is_noted=False) if signing else None,
            standard=Secret(standard, is_noted=False) if standard else None,
            given_at=time_of(found.get(rotated_name(name), "")),
        )

    def rotated_at(self) -> datetime | None:
        """Return when the standard secret was rotated last."""
        try:
            return time_of(self._read().get(rotated_name(self._key), ""))
        except (OSError, ValueError):
            return None

    def _read(self) -> Variables:
        try:
            return read_variables(self._path)
        except FileNotFoundError:
            return Variables()


def _holds(variables: Mapping[str, str], name: str) -> bool:
    return bool(variables.get(name) or variables.get(standard_name(name)))


def names_by_id(path: Path) -> dict[str, str]:
    """Return webhook id → the name that its secret is stored under; {} if it can't be read."""
    try:
        found = read_variables(path)
    except (OSError, ValueError):
        return {}
    return {
        webhook_id: name
        for webhook_id, names in found.claims.items()
        for name in names
        if name.isidentifier() and _holds(found, name)
    }


def check_file(path: Path, shown: Path | None = None, state: Path | None = None) -> None:
    """Prove that an env file can be written: by writing it as it is, or empty.

    Args:
        path: the file.
        shown: the file as messages name it.
        state: as for ``EnvFileSink``.

    Raises:
        SinkNotWritable: it can't.
    """
    try:
        set_variables(path, {}, state)
    except (OSError, ValueError, RefusedError) as error:
        raise _not_writable(shown or path, error) from error


def _not_writable(shown: Path, error: Exception) -> SinkNotWritable:
    fix = (error.hint if isinstance(error, RefusedError) else None) or (
        "Make the file and its folder writable, or name another in secret.envFile."
    )
    return SinkNotWritable(
        f"the secret sink {shown} can't be written: {why(error)}",
        hint=f"Nothing was changed. {fix}",
    )
