"""What ``--only``, ``--exclude`` and ``--replace`` name."""

from collections.abc import Iterable, Sequence

from photonctl.errors import UsageError
from photonctl.kinds import kind_named, kinds
from photonctl.model.part import Choice, Part
from photonctl.model.ref import ResourceRef
from photonctl.model.state import DesiredProject


def part_of(
    only: Iterable[str],
    exclude: Iterable[str],
    replace: Iterable[str],
    desired: Sequence[DesiredProject],
) -> Part:
    """Read ``KIND[:PATTERN]`` and, for what is replaced, ``KIND:KEY``.

    Raises:
        UsageError: there is no such kind, or what is to be replaced isn't declared.
    """
    return Part(
        only=tuple(map(_choice, only)),
        exclude=tuple(map(_choice, exclude)),
        replace=tuple(_replaced(text, desired) for text in replace),
    )


def _choice(text: str) -> Choice:
    name, colon, pattern = text.partition(":")
    if colon and not pattern:
        raise UsageError(f'"{text}" has an empty pattern', hint=f"Use {name}, or {name}:PATTERN.")
    for kind in kinds():
        if name in (kind.name, kind.section):
            return Choice(kind.name, pattern if colon else None)
    known = ", ".join(kind.name for kind in kinds())
    raise UsageError(
        f'"{name}" is no kind of resource',
        hint=f"Use KIND or KIND:PATTERN, with one of {known}. For example:  --only user:+1555*",
    )


def _replaced(text: str, desired: Sequence[DesiredProject]) -> ResourceRef:
    choice = _choice(text)
    kind = kind_named(choice.kind)
    if not kind.has_secret or not choice.pattern:
        able = ", ".join(f"{kind.name}:KEY" for kind in kinds() if kind.has_secret)
        raise UsageError(f'"{text}" can\'t be replaced', hint=f"Use {able}.")
    forms = kind.pattern_forms(choice.pattern)
    declared = {key for project in desired for key in project.resources.get(kind.name, {})}
    key = next((form for form in forms if form in declared), None)
    if key is None:
        raise UsageError(
            f"{kind.name} {kind.label(choice.pattern)} isn't declared, so it can't be replaced",
            hint="Check its spelling against the manifest.",
        )
    return ResourceRef(kind.name, key)
