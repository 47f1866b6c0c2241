"""The ``photonctl`` command: a table of commands, each imported when chosen, and the only exit."""

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from photonctl import __version__
from photonctl.cli.leaving import INTERRUPTED, say_interrupted

_REINSTALL = "Install photonctl again:\n  python -m pip install --force-reinstall photonctl"

try:
    import click
except ImportError as missing:
    sys.exit(f"Error: photonctl isn't whole: there is no module {missing.name}\n{_REINSTALL}")

_COMMANDS = {
    "init": "Write a commented starter manifest.",
    "validate": "Check manifests, offline.",
    "fmt": "Format manifests.",
    "plan": "Show what apply would do; change nothing.",
    "apply": "Apply a manifest or a saved plan.",
    "watch": "Plan or apply again and again.",
    "drift": "Say what differs from live state, and who changed it.",
    "destroy": "Delete the declared project's webhooks and users.",
    "comment": "Show a plan or report as a pull request's comment.",
    "show": "Show what is live, or a saved plan.",
    "list": "List the projects of manifests, offline.",
    "report": "Join the reports of several runs.",
    "export": "Write a manifest from live state.",
    "login": "Sign in with a browser.",
    "logout": "Revoke and forget the stored token.",
    "whoami": "Say whose token this is.",
    "secrets": "Run a command with the stored secrets in its environment.",
    "status": "Say which credentials are stored, and where.",
    "doctor": "Check the setup and say how to fix what is wrong.",
    "project": "Rotate a project's secret.",
    "webhook": "Verify a delivery; rotate or take over a secret.",
    "schema": "Print the manifest's JSON Schema.",
    "explain": "Say what a message's code means.",
    "emulator": "Run a local Photon.",
    "completion": "Print a completion script for your shell.",
}
_USAGE = 64
_CANT_PRINT = (errno.ENOSPC, errno.EIO)


class _Commands(click.Group):
    """Knows the commands by name and one line, and imports one when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"photonctl.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else " See photonctl --help."
            raise click.UsageError(f'There is no command "{args[0]}".{hint}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it without an account:\n\n\b\n  photonctl init && photonctl apply --emulator",
)
@click.version_option(__version__, prog_name="photonctl", message="%(prog)s %(version)s")
def cli() -> None:
    """Declarative provisioning for Photon Spectrum.

    A photon.yaml declares a project, its users and its webhook URLs. plan shows what differs from
    live state; apply changes live state to match.
    """


def main() -> NoReturn:
    """Run the command line and exit with a code of interface §3."""
    for name in ("stdin", "stdout", "stderr"):  # closed by the parent process
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115  # to the very end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no name may break a narrow terminal
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run the command line and return its exit code. The only place where errors end."""
    try:
        result = cli.main(args=list(args), prog_name="photonctl", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return _USAGE
    except click.ClickException as error:
        from photonctl.cli.console import Console

        Console.for_streams().usage(error)
        return _USAGE
    except (click.Abort, KeyboardInterrupt):
        say_interrupted()
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the one place that turns errors into exit codes
        return _explain(error)
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    from photonctl.cli.console import Console, drop_output
    from photonctl.errors import PhotonctlError

    if isinstance(error, OSError) and error.errno in _CANT_PRINT and error.filename is None:
        drop_output()
        error = PhotonctlError(f"the output can't be written: {error.strerror}")
    console = Console.for_streams()
    shown: Exception = error
    if isinstance(error, ImportError):
        detail = f"photonctl isn't whole: the module {error.name} can't be loaded"
        error = PhotonctlError(detail, hint=_REINSTALL)
    if console.is_debugging and not isinstance(shown, PhotonctlError):
        console.write_err(f"{_traceback(shown)}\n")
    if isinstance(error, PhotonctlError):
        console.error(error)
        return error.exit_code
    console.unexpected(error)
    return 1


def _traceback(error: Exception) -> str:
    """Return the places of a traceback, and its type: an error's text may hold anything."""
    import traceback

    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{frames}{type(error).__name__}"
