"""``photonctl init``."""

import os
from importlib.resources import files
from pathlib import Path
from shlex import quote

import click

from photonctl import __version__
from photonctl.cli.options import EMULATOR, FILES, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError, UsageError
from photonctl.files import refuse_link

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
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, _pipeline(pipeline, settings.files[0]), force=force)
        settings.console.say(f"Wrote {target}. What it needs:  docs/gitops.md")
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
    _write(path, text, force=force)
    settings.console.say(f"Wrote {path}. Edit it, then look at what it would do:")
    settings.console.say("  photonctl plan")


def _pipeline(name: str, manifest: str) -> str:
    """Return a pipeline for a manifest, or a folder of them."""
    is_folder = os.path.isdir(manifest)  # noqa: PTH112
    folder = manifest if is_folder else str(Path(manifest).parent)
    paths = "**/*" if folder in (".", "") else f"{folder.rstrip('/')}/**"
    if not is_folder and folder in (".", ""):
        paths = f'{Path(manifest).name}", "*.csv'
    text = files("photonctl.templates").joinpath(f"{name}.yml").read_text("utf-8")
    filled = {"@VERSION@": __version__, "@MANIFEST@": quote(manifest), "@PATHS@": f'"{paths}"'}
    if any(character in manifest for character in "'\"\\\n@${}"):
        raise UsageError(
            f"{manifest} can't be written into a pipeline", hint="Name it by plain characters."
        )
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return text


def _write(path: Path, text: str, *, force: bool) -> None:
    refuse_link(path)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RefusedError(
            f"{path} is there already", hint="To overwrite it:\n  photonctl init --force"
        ) from None
    except OSError as error:
        raise RefusedError(f"{path} can't be written: {error.strerror}") from error
