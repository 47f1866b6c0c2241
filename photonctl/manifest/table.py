"""What a table of users is once it is read, and how many of them a run may have."""

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.errors import Diagnostic
from photonctl.kinds.values import Problem
from photonctl.manifest.locate import Places
from photonctl.manifest.read import Values
from photonctl.model.spec import JsonValue

_MOST_BYTES = 64 * 2**20
_MOST_ROWS = 500_000
MOST_READS = 2_000
"""How often the documents of a run name a table."""
_MOST_REPEATED = 60_000  # rows that were counted for another document already


class Table(Struct):
    """The rows of one file, and what is wrong with it.

    Attributes:
        places: where the rows are; None when the file isn't what it should be.
        unread: why the file could not be read at all: the declaration's fault, not the file's.
        checked: of the file, what is wrong with its rows, by the credentials of the run.
    """

    rows: list[JsonValue] = field(default_factory=list)
    places: Places | None = None
    problems: list[Diagnostic] = field(default_factory=list)
    unread: str | None = None
    checked: dict[frozenset[str], list[Problem]] = field(default_factory=dict)

    def named(self, name: str) -> "Table":
        """Return the same content of another file, or for another document."""
        return replace(
            self,
            rows=[*self.rows],
            places=self.places.named(name) if self.places is not None else None,
            problems=[replace(problem, file=name) for problem in self.problems],
        )


class Budget(Struct):
    """How many bytes and rows all tables of a run have had, and how often one was read.

    Attributes:
        values: how many values manifests and tables have had.
        parsed: form and bytes → its rows. Many documents, and many links, may name one file.
        spent: what there is too much of; no table is read any more.
    """

    used: int = 0
    rows: int = 0
    repeated: int = 0
    reads: int = 0
    values: Values = field(default_factory=Values)
    parsed: dict[tuple[bool, bool, bytes], Table] = field(default_factory=dict)
    spent: str = ""

    def take(self, size: int) -> None:
        """Count a table."""
        self.used += size
        self.reads += 1
        if self.used > _MOST_BYTES or self.reads > MOST_READS:
            most = f"{_MOST_BYTES // 2**20} MiB, or are named more than {MOST_READS:,} times"
            self.spent = f"the tables of this run hold more than {most}. Split the run."

    def take_rows(self, count: int, *, is_repeated: bool) -> None:
        """Count a table's rows, each time that it is used."""
        self.rows += count
        self.repeated += count if is_repeated else 0
        if self.rows > _MOST_ROWS or self.repeated > _MOST_REPEATED:
            most = f"{_MOST_ROWS:,} rows, or {_MOST_REPEATED:,} that documents share"
            self.spent = f"the tables of this run hold more than {most}. Split it."
