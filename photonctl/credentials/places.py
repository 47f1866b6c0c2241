"""Where credential files are; nothing here reads one."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from photonctl.files import home_folder


def auth_file(env: Mapping[str, str]) -> Path | None:
    """Return where the credential file is or would be; None = nothing says so."""
    chosen = env.get("PHOTONCTL_AUTH_FILE", "")
    base = _config_home(env)
    return Path(chosen) if chosen else base and base / "photonctl" / "auth.json"


def official_logins(env: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files of the official CLI's logins, for any host."""
    base = official_folder(env)
    with suppress(OSError):
        yield from base.glob("*.json") if base is not None else ()


def official_folder(env: Mapping[str, str]) -> Path | None:
    """Return the folder of the official CLI's logins (contract §1.3); None = nothing says so."""
    chosen = env.get("PHOTON_CONFIG_DIR") or env.get("DASHBOARD_CONFIG_DIR")
    config = _config_home(env)
    base = Path(chosen) if chosen else config and config / "photon"
    return base and base / "credentials"


def _config_home(env: Mapping[str, str]) -> Path | None:
    """Return the folder of settings; None = nothing says where it is."""
    chosen = env.get("XDG_CONFIG_HOME", "")
    home = home_folder(env)
    return Path(chosen) if chosen else home and home / ".config"
