"""An import contract that is an allow list: what each room of the house may import, and no more.

A module that is in no room breaks it, so a new one is inside the walls by default. Used by
``lint-imports`` (see [tool.importlinter] in pyproject.toml).
"""

from fnmatch import fnmatchcase
from sys import stdlib_module_names
from typing import NamedTuple

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class Room(NamedTuple):
    """Modules that may import one another, and what else they may import."""

    modules: tuple[str, ...]
    allowed: frozenset[str]


class AllowContract(Contract):
    """``rooms``: lines of ``PATTERNS: ALLOWED …``, module patterns relative to ``package``.

    The first line whose pattern fits a module is its room. It may import modules of its own room,
    those that ``ALLOWED`` names with everything in them, and nothing else. Packages from elsewhere
    are named with a ``+`` before them; the standard library is free, unless ``-`` stands before
    one of its modules. ``everywhere``: packages from elsewhere that every room may import.
    """

    package = fields.StringField()
    everywhere = fields.SetField(subfield=fields.StringField(), required=False)
    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001  # as it calls
        """Hold every import against the rooms."""
        self._lines = [_room(line) for line in self.rooms]
        problems: list[str] = []
        for module in sorted(graph.modules):
            name = self._name(module)
            if not name:
                continue
            room = self._room_of(name)
            if room is None:
                problems.append(f"{name} is in no room")
                continue
            problems += [
                f"{name} imports {imported}"
                for imported in sorted(graph.find_modules_directly_imported_by(module))
                if not self._may(imported, room)
            ]
        return ContractCheck(kept=not problems, metadata={"problems": problems})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Show what breaks it."""
        for problem in check.metadata["problems"]:
            output.print_error(problem, bold=False)

    def _name(self, module: str) -> str:
        """Return a module's name within the package; "" = it is elsewhere, or the package."""
        return module.removeprefix(f"{self.package}.") if "." in module else ""

    def _room_of(self, name: str) -> Room | None:
        fitting = (room for room in self._lines if any(fnmatchcase(name, p) for p in room.modules))
        return next(fitting, None)

    def _may(self, imported: str, room: Room) -> bool:
        if imported == self.package:
            return True
        if not imported.startswith(f"{self.package}."):
            name = imported.split(".", maxsplit=1)[0]
            is_named = f"+{name}" in room.allowed or name in (self.everywhere or ())
            return is_named or (f"-{name}" not in room.allowed and name in stdlib_module_names)
        name = self._name(imported)
        return self._room_of(name) is room or any(
            name == word or name.startswith(f"{word}.") for word in room.allowed
        )


def _room(line: str) -> Room:
    modules, _, allowed = line.partition(":")
    return Room(tuple(modules.split()), frozenset(allowed.split()))
