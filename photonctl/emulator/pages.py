"""The pages that a person sees: plain HTML, for keyboard and screen reader, without scripts.

Only the console has one; it works without.
"""

from functools import cache
from typing import Any


def ask_for_code(problem: str = "") -> str:
    """Ask for the code that the device shows; ``problem`` says what was wrong with the last one."""
    return render("ask.html", problem=problem)


def ask_for_approval(code: str, client: str, scope: str) -> str:
    """Show who asks for what, and let the person approve or deny it."""
    return render("approve.html", code=code, client=client, scope=scope)


def told(text: str) -> str:
    """Say how it ended."""
    return render("told.html", text=text)


def render(name: str, **values: Any) -> str:
    """Fill a template; whatever isn't HTML of its own is escaped."""
    text: str = _templates().get_template(name).render(values)
    return text


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("photonctl.emulator"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
