"""``photonctl init``."""

import os
import posixpath
import re
from importlib.resources import files
from pathlib import Path

import click

from photonctl import __version__
from photonctl.cli.options import EMULATOR, FILES, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError, UsageError
from photonctl.files import refuse_link, write_public
from photonctl.texts import quote

_NEEDS = {
    "github": (
        "  environments photon-plan and photon-production, each with the secrets PHOTON_TOKEN\n"
        "  and PHOTONCTL_PLAN_KEY (a random text), and reviewers for photon-production"
    ),
    "gitlab": (
        "  masked variables PHOTON_TOKEN, PHOTONCTL_PLAN_KEY (a random text) and GITLAB_TOKEN\n"
        "  (with the scope api), and a pipeline schedule, to look for drift"
    ),
}
_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]*", re.ASCII)
_PIPELINES = {"github": ".github/workflows/photon.yml", "gitlab": ".gitlab-ci.yml"}


@click.command(
    cls=Command,
    epilog="photonctl init && photonctl plan --emulator\nphotonctl init --ci github\n"
    "photonctl init --from-live",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option(
    "--ci",
    "pipeline",
    type=click.Choice(list(_PIPELINES)),
    help="Write a pipeline: plan on pull requests, apply on main, look for drift.",
)
@click.option("--from-live", is_flag=True, help="Write what is live, instead of an example.")
@with_options(FILES, EMULATOR, NETWORK)
def command(settings: Settings, *, force: bool, pipeline: str | None, from_live: bool) -> None:
    """Write a commented starter manifest; or, with --ci, a pipeline for it."""
    if pipeline is not None and from_live:
        raise UsageError("--ci and --from-live write two files", hint="Give one after the other.")
    path = Path(settings.files[0])
    if os.path.isdir(path):  # noqa: PTH112  # takes a name of any length
        path /= "photon.yaml"
    if pipeline is not None:
        target = Path(_PIPELINES[pipeline])
        for folder in target.parents[:-1]:
            refuse_link(folder)
        again = f"photonctl init --ci {pipeline} --force"
        _write(target, _pipeline(pipeline, settings), force=force, again=again)
        settings.console.say(f"Wrote {target}. It needs:\n{_NEEDS[pipeline]}")
        return
    if from_live:
        from photonctl.cli.export import write_live

        write_live(settings, None, settings.files[0], force=force)
        return
    from photonctl.manifest.write import starter

    text = starter(path.absolute().parent.name)
    if settings.files[0] == "-":
        settings.console.document(text.rstrip("\n"))
        return
    named = f" -f {quote(settings.files[0])}" if settings.has_files else ""
    _write(path, text, force=force, again=f"photonctl init{named} --force")
    settings.console.say(f"Wrote {path}. Edit it, then look at what it would do:")
    settings.console.say("  photonctl plan")


def _pipeline(name: str, settings: Settings) -> str:
    """Return a pipeline for a manifest, or a folder of them."""
    if len(settings.files) > 1:
        raise UsageError(
            "a pipeline is of one manifest, or of one folder of them", hint="Name the folder:  -f"
        )
    (given,) = settings.files
    is_folder = os.path.isdir(given) or given.endswith("/")  # noqa: PTH112
    manifest = posixpath.normpath(given)
    if manifest.startswith(("/", "..", "-")) or _PLAIN.fullmatch(manifest) is None:
        raise UsageError(
            f"{given} can't be written into a pipeline",
            hint="Name a file or a folder of this repository, in plain characters:  -f prod/",
        )
    folder = manifest if is_folder else posixpath.dirname(manifest)
    paths = [f"{folder}/**"] if folder not in ("", ".") else ["**"]
    if not is_folder and not folder:
        paths = [manifest, "**.csv"]
    text = files("photonctl.templates").joinpath(f"{name}.yml").read_text("utf-8")
    listed = ", ".join(f'"{path}"' for path in paths)
    filled = {"@VERSION@": __version__, "@MANIFEST@": manifest, "@PATHS@": listed}
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text


def _write(path: Path, text: str, *, force: bool, again: str) -> None:
    refuse_link(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if force:
            write_public(path, text.encode())
        else:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError:
        raise RefusedError(
            f"{path} is there already", hint=f"To overwrite it:\n  {again}"
        ) from None
    except OSError as error:
        raise RefusedError(f"{path} can't be written: {error.strerror}") from error
