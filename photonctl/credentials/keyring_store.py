"""A token in the operating system's keyring, for ``photonctl login --store keyring``."""

from typing import Any

from photonctl.errors import RefusedError
from photonctl.model.secret import Secret

_SERVICE = "photonctl"
_MISSING = "No usable keyring is here."


def read_keyring(host: str) -> str:
    """Return the token of a dashboard, or nothing.

    Raises:
        RefusedError: there is no keyring to ask.
    """
    library = _library()
    try:
        return library.get_password(_SERVICE, host) or ""
    except library.errors.KeyringError as error:
        raise _refused(error) from None


def write_keyring(host: str, token: Secret) -> None:
    """Store the token of a dashboard.

    Raises:
        RefusedError: there is no keyring, or it refuses.
    """
    library = _library()
    try:
        library.set_password(_SERVICE, host, token.reveal())
        kept = library.get_password(_SERVICE, host)
    except library.errors.KeyringError as error:
        raise _refused(error) from None
    if kept != token.reveal():
        raise RefusedError("the keyring doesn't keep what is put into it", hint=_hint())


def check_keyring() -> None:
    """Make sure, before anybody logs in, that there is a keyring.

    Raises:
        RefusedError: there is none.
    """
    library = _library()
    backend = library.get_keyring()
    if backend.priority <= 0 or type(backend).__module__.endswith((".fail", ".null")):
        raise RefusedError("there is no keyring on this machine", hint=_hint())


def forget_keyring(host: str) -> None:
    """Remove the token of a dashboard, if it is there.

    Raises:
        RefusedError: there is no keyring, or it refuses.
    """
    library = _library()
    try:
        if library.get_password(_SERVICE, host) is not None:
            library.delete_password(_SERVICE, host)
    except library.errors.KeyringError as error:
        raise _refused(error) from None


def _library() -> Any:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise RefusedError(
            "the keyring library isn't installed",
            hint="Install it with:\n  pip install 'photonctl[keyring]'",
        ) from None
    return keyring


def _refused(error: Exception) -> RefusedError:
    return RefusedError(f"the keyring refuses ({type(error).__name__})", hint=_hint())


def _hint() -> str:
    return f"{_MISSING} Store the token in a private file instead:\n  photonctl login --store file"
