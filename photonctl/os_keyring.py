"""The operating system's keyring: small secrets by service and name.

Which keyring it is, the keyring library finds out: from PYTHON_KEYRING_BACKEND, its own file of
settings, the system. Backends are others' code, and raise what they like.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from photonctl.deadline import GaveUp, within
from photonctl.errors import RefusedError
from photonctl.extras import install_command
from photonctl.model.secret import Secret

T = TypeVar("T")
_VARIABLE = "PYTHON_KEYRING_BACKEND"
_ELSEWHERE = "a private file instead: --store file for a login, {envFile: …} for a signing secret"


def check_keyring() -> None:
    """Make sure that there is a keyring, before anything is to be kept in it.

    Raises:
        RefusedError: there is none.
    """
    if _ask(_is_none, is_read=True):
        raise _no_keyring()


def read_keyring(service: str, name: str, *, is_noted: bool = True) -> Secret | None:
    """Return what is kept; None = nothing. ``is_noted``: as for ``Secret``.

    Raises:
        RefusedError: there is no keyring to ask.
    """
    text = _ask(lambda backend: backend.get_password(service, name), is_read=True)
    return Secret(text, is_noted=is_noted) if text else None


def write_keyring(service: str, name: str, secret: Secret) -> None:
    """Keep a secret, and see that it is kept.

    Raises:
        RefusedError: it isn't.
    """
    _ask(lambda backend: backend.set_password(service, name, secret.reveal()))
    if read_keyring(service, name, is_noted=False) != secret:
        raise RefusedError("the keyring doesn't keep what is put into it", hint=f"Use {_ELSEWHERE}")


def forget_keyring(service: str, name: str) -> None:
    """Remove a secret, if it is there.

    Raises:
        RefusedError: there is no keyring, or it refuses.
    """
    if read_keyring(service, name, is_noted=False) is not None:
        _ask(lambda backend: backend.delete_password(service, name))


def _ask(step: Callable[[Any], T], *, is_read: bool = False) -> T:
    """Ask the backend, and turn whatever it raises into an error of ours.

    One that waits for somebody to unlock it is waited for no longer than any other store.

    Raises:
        RefusedError: there is no keyring, or it refuses. Only the type of its error is shown: what
            a backend says may hold what it was given.
    """
    backend = _backend()
    if _is_missing(backend):  # no thread is needed to hear that
        raise _no_keyring()
    try:
        return within(lambda: step(backend), is_read=is_read)
    except GaveUp as error:
        why, hint = str(error), "Does it wait to be unlocked? Unlock it, and run the command again"
    except Exception as error:  # noqa: BLE001  # others' code
        why = kind = type(error).__name__
        if kind == "NoKeyringError":  # of one that looks further
            raise _no_keyring() from None
        is_locked = kind in ("KeyringLocked", "InitError")
        hint = "Unlock it, and run the command again" if is_locked else _setting_hint()
    raise RefusedError(f"the keyring refuses ({why})", hint=f"{hint}. Or use {_ELSEWHERE}.")


def _is_none(backend: Any) -> bool:
    return backend.priority <= 0 or type(backend).__module__.endswith((".fail", ".null"))


def _is_missing(backend: Any) -> bool:
    return type(backend).__module__ == "keyring.backends.fail"


def _backend() -> Any:
    try:
        import logging

        import keyring

        # The library logs a broken backend with its traceback; what matters of it is in our error.
        logging.getLogger("keyring").addHandler(logging.NullHandler())
    except ImportError:
        raise RefusedError(
            "the keyring library isn't installed, or not all of it",
            hint=f"Install it with:\n  {install_command('keyring')}",
        ) from None
    try:
        return keyring.get_keyring()
    except Exception as error:  # noqa: BLE001  # others' code
        named = f"that {_setting()} names " if _setting() else ""
        raise RefusedError(
            f"the keyring backend {named}can't be loaded ({type(error).__name__})",
            hint=f"{_setting_hint()}. Or use {_ELSEWHERE}.",
        ) from None


def _setting() -> str | None:
    """Return which setting chooses the backend; None = the library chooses by itself."""
    if _VARIABLE in os.environ:
        return _VARIABLE
    try:
        from keyring.util import platform_

        path = platform_.config_root() / "keyringrc.cfg"
        return str(path) if path.is_file() else None
    except Exception:  # noqa: BLE001  # it is for a message only
        return None


def _setting_hint() -> str:
    setting = _setting()
    if setting is None:
        return "Look with python -m keyring diagnose"
    fix = f"unset {setting}" if setting == _VARIABLE else f"remove {setting}"
    return f"Correct or {fix}"


def _no_keyring() -> RefusedError:
    setting = _setting()
    chosen = f" ({setting} chooses none)" if setting else ""
    return RefusedError(
        f"there is no keyring on this machine{chosen}",
        hint="On Linux a keyring is a service on D-Bus; the package gnome-keyring brings one.\n"
        f"Or use {_ELSEWHERE}.",
    )
