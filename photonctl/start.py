"""Where the command starts: what needs no other module is answered at once."""

import atexit
import gc
import os
import sys
import threading


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
    from photonctl.cli.leaving import take_signals

    take_signals()
    gc.set_threshold(200_000, 20, 20)  # much is made, and nearly all of it is kept to the end
    # httpx loads its own command line with rich, and trio, wherever they are installed: 100 ms.
    for name in ("httpx._main", "trio"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # "there is no such module"
    from photonctl.own_credentials import take_credentials

    take_credentials()
    from photonctl.cli.main import main as run

    try:
        run()
    except SystemExit as end:
        _leave(end)
        raise


def _leave(end: SystemExit) -> None:
    """End at once: to take every module and object down again costs a sixth of a short command."""
    others = (t for t in threading.enumerate() if t is not threading.main_thread())
    if not isinstance(end.code, int) or any(not thread.daemon for thread in others):
        return
    atexit._run_exitfuncs()  # noqa: SLF001  # as Python does, and multiprocessing
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):  # Python has its own words and code for that
        return
    os._exit(end.code)
