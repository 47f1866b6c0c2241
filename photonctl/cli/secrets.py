"""``photonctl secrets env``."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from shutil import which
from typing import TYPE_CHECKING

import click

from photonctl.cli.options import EMULATOR, MANIFEST, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import PhotonctlError, RefusedError, UsageError
from photonctl.model.filled import shown_text
from photonctl.own_credentials import environment
from photonctl.texts import quote

if TYPE_CHECKING:
    from photonctl.model.spec import SinkSpec
    from photonctl.model.state import DesiredProject

_EXAMPLE = "photonctl secrets env -- npm start"
# No path, URL or option, which a program might take for a setting (contract §3.2 and §4.4).
_SECRET = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_-]{0,999}|whsec_[A-Za-z0-9+/=_-]{1,999}|-(?!-)[A-Za-z0-9_-]{23,999}"
)


@click.group()
def command() -> None:
    """Give stored secrets to a program."""


@command.command(
    cls=Command,
    epilog=f"{_EXAMPLE}\nphotonctl secrets env --emulator -- python bot.py",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, metavar="-- COMMAND [ARGS]...")
@with_options(MANIFEST, EMULATOR)
def env(settings: Settings, *, words: tuple[str, ...]) -> None:
    """Run a command with the manifest's stored secrets in its environment; they are never printed.

    Each webhook gives KEY, KEY_STANDARD and KEY_WEBHOOK_ID, and project.credentials give
    PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET. The command takes photonctl's place: its exit code
    is the result. For local development; a service reads its store by itself.
    """
    program = which(words[0]) if words else None
    if program is None:
        what = f"there is no command {words[0]}" if words else "there is no command to run"
        raise UsageError(what, hint=f"Name one after --, for example:\n  {_EXAMPLE}")
    found: dict[str, str] = {}
    projects = settings.load()
    _refuse_committed(projects)
    for project in projects:
        for name, value in _values(project):
            if found.setdefault(name, value) != value:
                raise RefusedError(
                    "two places give a variable of one name different values",
                    hint="Name one manifest with -f, or give each webhook a key of its own.",
                )
    if not found:
        settings.console.warn("no secret of this manifest is stored; the command runs without any")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(program, [program, *words[1:]], {**environment(), **found})  # noqa: S606  # as was asked


def _refuse_committed(projects: Sequence["DesiredProject"]) -> None:
    """Refuse what came with the repository: anybody may have written it, and a program would obey.

    Raises:
        RefusedError: git tracks an env file of a manifest, or can't tell.
    """
    from photonctl.versioned import tracked

    files = {path: shown for project in projects for path, shown in project.env_files().items()}
    for path, answer in tracked(files).items():
        shown = files[path]
        if answer is None:
            raise RefusedError(
                f"git can't tell whether {shown} is a part of the repository, so no command gets "
                "what is in it",
                hint="Check what git says of it:\n  git status",
            )
        if answer:
            raise RefusedError(
                f"{shown} is a part of the git repository, so no command gets what is in it",
                hint=f"Take it out, and store the secrets again:\n  git rm --cached {quote(shown)}",
            )


def _values(project: "DesiredProject") -> Iterator[tuple[str, str]]:
    """Yield the names and values of what is stored for a project."""
    for rows in project.resources.values():
        for declared in rows.values():
            if declared.secret is not None:
                yield from _of_webhook(declared.secret.sink, project)
    if project.credentials is not None:
        from photonctl.sinks.pair import values_of
        from photonctl.sinks.pair_places import pair_places

        places = pair_places(project.credentials, project.folder, project.state)
        found = _first_readable([partial(values_of, place) for place in places])
        yield from ((name, _in_form(value, name)) for name, value in found)


def _in_form(value: str, shown: str) -> str:
    """Return a value that no program could take for anything else than a secret or an id.

    ``shown``: its name, as messages give it.

    Raises:
        RefusedError: it is none.
    """
    if _SECRET.fullmatch(value) is None:
        raise RefusedError(
            f"what is stored as {shown} isn't of the form that Photon's secrets have, so no "
            "command gets it: it could be a path or an option",
            hint="If it is your own, set the variable without photonctl. See what is stored "
            "where:\n  photonctl status",
        )
    return value


def _of_webhook(sink: "SinkSpec", project: "DesiredProject") -> Iterator[tuple[str, str]]:
    """Yield a webhook's secrets under the names of each of its places.

    Raises:
        RefusedError: two places hold different ones.
    """
    found, error = [], None
    for place in sink.places:
        try:
            found.append(_kept(place, project))
        except PhotonctlError as refused:
            error = refused
    found = [kept for kept in found if kept]
    if error is not None and not found:
        raise error
    endings = {ending for kept in found for ending in kept}
    if any(len({kept[ending] for kept in found if kept.get(ending)}) > 1 for ending in endings):
        raise RefusedError(
            "two places of one webhook hold different secrets, or those of different registrations",
            hint="See which one verifies deliveries:\n  photonctl status",
        )
    for kept in found[:1]:
        for place in sink.places:
            for ending, value in kept.items():
                shown = f"{shown_text(place.key)}{ending}"
                yield f"{place.key}{ending}", _in_form(value, shown)


def _kept(place: "SinkSpec", project: "DesiredProject") -> Mapping[str, str]:
    """Return what a place holds, by what its names end with."""
    from photonctl.model.names import ID_SUFFIX, STANDARD_SUFFIX
    from photonctl.sinks import open_sink

    kept = open_sink(place, project.folder, project.state).kept()
    if kept is None or not kept.webhook_id:  # nothing says that photonctl has stored it
        return {}
    named = {
        "": kept.signing.reveal() if kept.signing else "",
        STANDARD_SUFFIX: kept.standard.reveal() if kept.standard else "",
        ID_SUFFIX: kept.webhook_id,
    }
    return {ending: value for ending, value in named.items() if value}


def _first_readable(places: Sequence[Callable[[], Mapping[str, str]]]) -> Iterator[tuple[str, str]]:
    """Yield what the first place gives that can be read.

    Raises:
        PhotonctlError: none can be.
    """
    error: PhotonctlError | None = None
    for read in places:
        try:
            found = read()
        except PhotonctlError as refused:
            error = refused
            continue
        if found:
            yield from found.items()
            return
    if error is not None:
        raise error
