"""The ``keyring`` sink: three entries of one service, named like an env file's (interface §5)."""

import secrets
from datetime import UTC, datetime

from photonctl.errors import RefusedError, SinkError, SinkNotWritable
from photonctl.model.moments import moment, time_of
from photonctl.model.names import id_name, rotated_name, standard_name
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.os_keyring import check_keyring, forget_keyring, read_keyring, write_keyring


class KeyringSink:
    """Stores secrets in the operating system's keyring."""

    def __init__(self, service: str, key: str, *, shown: str | None = None) -> None:
        """Take a service and a key; ``shown``: the service as messages name it."""
        self._service = service
        self._key = key
        self._shown = shown or service
        self.shown = f"the keyring {self._shown}"
        self._seen: tuple[OneTimeSecrets | None] | None = None

    def check_writable(self) -> None:
        """Write an entry beside the secrets, and remove it."""
        try:
            check_keyring()
            probe = f"photonctl-probe-{secrets.token_hex(8)}"  # nobody's name
            write_keyring(self._service, probe, Secret("probe", is_noted=False))
            forget_keyring(self._service, probe)
            self._seen = (self.kept(),)
        except (RefusedError, SinkError) as error:
            raise SinkNotWritable(
                f"the keyring {self._shown} can't be written: {error}", hint=error.hint
            ) from None

    def look(self) -> None:
        """Look whether there is a keyring, and whether it can be read."""
        try:
            check_keyring()
            self._id()
        except RefusedError as error:
            raise SinkNotWritable(
                f"the keyring {self._shown} can't be used: {error}", hint=error.hint
            ) from None

    def store(self, given: OneTimeSecrets) -> None:
        """Keep what the server gave; the id last, as it says that the others are there."""
        if self._seen is not None and self.kept() != self._seen[0]:
            msg = f"somebody else has stored a secret in the keyring {self._shown} meanwhile"
            raise SinkError(msg)
        self._seen = None  # from here on it holds what this writes
        try:
            is_other = self._id() != given.webhook_id
            if is_other:  # until all of it is there nothing says whose it is
                forget_keyring(self._service, id_name(self._key))
            for name, secret in (
                (self._key, given.signing),
                (standard_name(self._key), given.standard),
            ):
                if secret is not None:
                    self._write(name, secret)
                elif is_other:  # what is there belongs to another registration
                    forget_keyring(self._service, name)
            self._note_rotation(given)
            if is_other and given.webhook_id:
                webhook_id = Secret(given.webhook_id, is_noted=False)
                write_keyring(self._service, id_name(self._key), webhook_id)
        except RefusedError as error:
            msg = f"the secret could not be stored in the keyring {self._shown}: {error}"
            raise SinkError(msg, hint=error.hint) from None

    def _write(self, name: str, secret: Secret) -> None:
        """Write an entry, unless it is there: one that failed before may fail again."""
        if read_keyring(self._service, name, is_noted=False) != secret:
            write_keyring(self._service, name, secret)

    def _note_rotation(self, given: OneTimeSecrets) -> None:
        name = rotated_name(self._key)
        is_there = read_keyring(self._service, name, is_noted=False) is not None
        if is_there and self.rotated_at() is None:
            return  # somebody else's
        is_rotated = given.signing is None and given.standard is not None
        since = datetime.now(UTC) if is_rotated else None
        since = given.given_at if given.is_copy else since
        if since is not None:
            write_keyring(self._service, name, Secret(moment(since), is_noted=False))
        else:
            forget_keyring(self._service, name)

    def rotated_at(self) -> datetime | None:
        """Return when the standard secret was rotated last."""
        try:
            found = read_keyring(self._service, rotated_name(self._key), is_noted=False)
        except RefusedError:
            return None
        return time_of(found.reveal()) if found is not None else None

    def stored_for(self, webhook_id: str) -> Stored:
        """Compare the stored id with the live one; one that can't be asked may hold it."""
        try:
            kept = self.kept(webhook_id)
        except SinkError:
            return Stored.UNREADABLE
        if kept is None:
            return Stored.NOTHING
        if not webhook_id or kept.webhook_id != webhook_id:
            return Stored.OTHER
        if kept.signing is not None and kept.standard is not None:
            return Stored.ALL
        return Stored.STANDARD if kept.signing is None else Stored.SIGNING

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read the three entries; other names aren't listed.

        An id without a secret may be somebody else's entry of that name: of unknown origin, unless
        it is the id asked for.
        """
        try:
            signing = read_keyring(self._service, self._key, is_noted=False)
            standard = read_keyring(self._service, standard_name(self._key), is_noted=False)
            found_id = self._id()
        except RefusedError as error:
            msg = f"the keyring {self._shown} can't be read: {error}"
            raise SinkError(msg, hint=error.hint) from None
        if signing is None and standard is None:
            is_anothers = found_id not in ("", webhook_id)
            return OneTimeSecrets(webhook_id="") if is_anothers else None
        return OneTimeSecrets(
            webhook_id=found_id, signing=signing, standard=standard, given_at=self.rotated_at()
        )

    def _id(self) -> str:
        found = read_keyring(self._service, id_name(self._key), is_noted=False)
        return found.reveal() if found is not None else ""
