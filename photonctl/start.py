"""Where the command starts: what needs no other module is answered at once."""

import gc
import sys


def main() -> None:
    """Print the version, or run the command line; exits with a code of interface §3."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        from photonctl import __version__

        try:
            sys.stdout.write(f"photonctl {__version__}\n")
            sys.stdout.flush()
        except OSError:  # the long way says why
            pass
        else:
            sys.exit(0)
    gc.set_threshold(200_000, 20, 20)  # much is made, and nearly all of it is kept to the end
    # httpx loads its own command line with rich, and trio, wherever they are installed: 100 ms.
    for name in ("httpx._main", "trio"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # "there is no such module"
    from photonctl.cli.main import main as run

    run()
