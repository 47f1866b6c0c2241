"""What an optional part needs, as a command that can be copied."""

import re

_REQUIREMENT = re.compile(r"([^;]+);.*\bextra == ['\"]([\w-]+)['\"]")


def install_command(extra: str) -> str:
    """Return the command that installs the libraries of an extra, wherever photonctl came from."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        declared = requires("photonctl") or []
    except PackageNotFoundError:
        declared = []
    found = (match for line in declared if (match := _REQUIREMENT.match(line)))
    needed = [f"'{match[1].strip()}'" for match in found if match[2] == extra]
    return f"pip install {' '.join(needed) or f'photonctl[{extra}]'}"
