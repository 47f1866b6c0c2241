"""What is gathered over all documents of a run, and how much of it there may be."""

from itertools import islice

from msgspec import Struct, field

from photonctl.errors import Diagnostic, ManifestError
from photonctl.kinds import kinds
from photonctl.kinds.sinks import is_asked, places_in
from photonctl.kinds.values import Problem, errors_of
from photonctl.manifest.env_files import EnvFiles
from photonctl.manifest.quoting import quotable
from photonctl.manifest.rules import Claims
from photonctl.manifest.table import Budget
from photonctl.manifest.trust import Trust
from photonctl.model.spec import JsonObject
from photonctl.model.state import DesiredProject

MOST_SECRETS = 20_000
"""Webhooks of a run, each with a secret of its own."""
MOST_WARNINGS = 10_000
"""Of a run: each costs time wherever it is shown."""
_MOST_FILES, _MOST_ASKED = 20_000, 5_000
_TOO_MANY = (
    f"the manifests of this run name more than {_MOST_FILES:,} env files for secrets, or more than "
    f"{_MOST_ASKED:,} places in secret stores, keyrings and plugins. Split the run."
)
_MOST_ODD = 100_000  # which take seconds: an expression may give many hosts in few characters
_TOO_ODD = (
    f"the hosts of this run that aren't ASCII have more than {_MOST_ODD:,} characters. Split the "
    "run."
)
_MOST_ERRORS = 10_000  # of a run; after these nothing more is checked
_MOST_PLACED = 1_000  # of a document or table: the first 100 are shown, and a count


class Run(Struct):
    """What was read, and what is wrong with it.

    Attributes:
        unplaced: how many errors there are beside ``errors``.
        secrets: how many webhooks are declared.
        files: how many places are env files.
        asked: how many are in other programs.
        odd_letters: how many characters of hosts aren't ASCII.
        is_cut: after so many errors, what is left wasn't checked.
    """

    trust: Trust
    credentials: frozenset[str]
    budget: Budget
    env_files: EnvFiles = field(default_factory=EnvFiles)
    errors: list[Diagnostic] = field(default_factory=list)
    unplaced: int = 0
    secrets: int = 0
    files: int = 0
    asked: int = 0
    odd_letters: int = 0
    is_cut: bool = False
    warnings: list[Diagnostic] = field(default_factory=list)
    projects: list[DesiredProject] = field(default_factory=list)
    claims: Claims = field(default_factory=Claims)

    @property
    def has_too_many(self) -> bool:
        """Are there so many errors that no more are looked for?"""
        return len(self.errors) + self.unplaced >= _MOST_ERRORS

    @property
    def has_many_warnings(self) -> bool:
        """Are there more warnings than a run may have?"""
        return len(self.warnings) > MOST_WARNINGS

    def too_much_in(self, document: JsonObject) -> str | None:
        """Count what takes long, before any of it is looked at; return of what is too much."""
        for _, place in places_in(document):
            self.files += "envFile" in place
            self.asked += is_asked(place)
        self.odd_letters += sum(kind.odd_letters(document) for kind in kinds())
        if self.odd_letters > _MOST_ODD:
            return _TOO_ODD
        is_right = self.files <= _MOST_FILES and self.asked <= _MOST_ASKED
        return None if is_right else _TOO_MANY

    def to_place(self, problems: list[Problem]) -> list[Problem]:
        """Return those to find the places of; others, of entries further on, are only counted.

        All warnings are, up to where they are too many: one of them may be what a reviewer must
        see.
        """
        errors = errors_of(problems)
        warnings = (problem for problem in problems if problem.is_warning)
        if len(errors) > _MOST_PLACED:
            errors.sort(key=lambda problem: [n for n in problem.at if type(n) is int])
            self.unplaced += len(errors) - _MOST_PLACED
        return [*errors[:_MOST_PLACED], *islice(warnings, MOST_WARNINGS + 1)]

    def error(self) -> ManifestError:
        """Return everything that is wrong as one error; no credential is quoted in it."""
        found = ManifestError(self.errors, self.unplaced)
        found.diagnostics = tuple(quotable(d, self.credentials) for d in found.diagnostics)
        found.warnings = tuple(quotable(d, self.credentials) for d in self.warnings)
        return found
