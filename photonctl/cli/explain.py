"""``photonctl explain``."""

import click

from photonctl.cli.options import Command
from photonctl.cli.settings import Settings, with_options
from photonctl.codes import MEANINGS, Code, code_named
from photonctl.errors import UsageError


@click.command(cls=Command, epilog="photonctl explain PH012")
@click.argument("code", required=False)
@with_options()
def command(settings: Settings, *, code: str | None) -> None:
    """Say what the code of a message means, and how to fix it; without CODE, list them."""
    if code is None:
        for known, meaning in MEANINGS.items():
            settings.console.result(f"{known.value}  {meaning.title}")
        return
    found = code_named(code)
    if found is None:
        raise UsageError(f'there is no code "{code}"', hint="List them:\n  photonctl explain")
    settings.console.result(_in_words(found))


def _in_words(code: Code) -> str:
    import textwrap

    meaning = MEANINGS[code]
    text = "\n".join(textwrap.wrap(meaning.text, 88, break_on_hyphens=False))
    return f"{code.value}: {meaning.title}\n\n{text}"
