"""The operating system's keyring: small secrets by service and name."""

from typing import Any

from photonctl.errors import RefusedError
from photonctl.model.secret import Secret


def check_keyring() -> None:
    """Make sure that there is a keyring, before anything is to be kept in it.

    Raises:
        RefusedError: there is none.
    """
    backend = _library().get_keyring()
    if backend.priority <= 0 or type(backend).__module__.endswith((".fail", ".null")):
        raise RefusedError("there is no keyring on this machine", hint=_HINT)


def read_keyring(service: str, name: str) -> Secret | None:
    """Return what is kept; None = nothing.

    Raises:
        RefusedError: there is no keyring to ask.
    """
    library = _library()
    try:
        text = library.get_password(service, name)
    except library.errors.KeyringError as error:
        raise _refused(error) from None
    return Secret(text) if text else None


def write_keyring(service: str, name: str, secret: Secret) -> None:
    """Keep a secret, and see that it is kept.

    Raises:
        RefusedError: it isn't.
    """
    library = _library()
    try:
        library.set_password(service, name, secret.reveal())
    except library.errors.KeyringError as error:
        raise _refused(error) from None
    if read_keyring(service, name) != secret:
        raise RefusedError("the keyring doesn't keep what is put into it", hint=_HINT)


def forget_keyring(service: str, name: str) -> None:
    """Remove a secret, if it is there.

    Raises:
        RefusedError: there is no keyring, or it refuses.
    """
    library = _library()
    try:
        if library.get_password(service, name) is not None:
            library.delete_password(service, name)
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
    # The type only: what a backend says may hold what it was given.
    return RefusedError(f"the keyring refuses ({type(error).__name__})", hint=_HINT)


_HINT = "Use a private file instead: --store file for a login, {envFile: …} for a signing secret."
