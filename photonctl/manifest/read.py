"""Bytes → YAML documents, safely: bounded depth and aliases, no tags, no duplicate keys.

The documents are built from the parser's events, not by PyYAML's constructor. That gives one pass
in which everything can be refused before it costs anything, and the scalars of YAML 1.2: ``+1555``,
``No`` and ``2024-01-01`` stay the text they were written as.
"""

from collections.abc import Callable, Iterator
from operator import gt
from typing import Any, TypeAlias

import yaml
from msgspec import Struct, field

from photonctl.codes import Code
from photonctl.manifest.decode import DEEPEST, TOO_DEEP, NotYaml, syntax_message
from photonctl.manifest.scalars import resolve
from photonctl.model.spec import JsonValue

Path: TypeAlias = "tuple[str | int, ...]"
Mark: TypeAlias = "tuple[int, int]"
OnScalar: TypeAlias = "Callable[[str | None, Any, JsonValue], None] | None"

_DEEPEST_MARK = 10
_MOST_DOCUMENTS, _MOST_IN_RUN = 5_000, 12_000
_MOST_VALUES = 1_200_000  # 100,000 users with every field are 700,000
_MOST_ALIASED_NODES = 10_000
_CHARACTERS_PER_NODE = 100
_MOST_REPEATED = 8 * 2**20  # characters in a run, as they may be shown
_WIDEST = 10  # of a character that is shown as an escape
_MOST_KEYS = 1_000
MOST_COMPLAINTS = 10_000
LONGEST_KEY = 500  # characters: each error about a key quotes it, and aliases repeat both
_QUOTED = 100  # characters of a name that an error is about
_STRING_TAG = "tag:yaml.org,2002:str"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Values(Struct):
    """How many lists, mappings and what is in them the manifests and tables of a run hold.

    Attributes:
        documents: how many there are.
        complaints: what was wrong with them that didn't stop the reading.
        aliased: how many characters aliases repeat.
    """

    count: int = 0
    aliased: int = 0
    documents: int = 0
    complaints: int = 0

    @property
    def is_full(self) -> bool:
        """Was there more than a run reads?"""
        most = _MOST_VALUES, _MOST_IN_RUN, _MOST_REPEATED
        return any(map(gt, (self.count, self.documents, self.aliased), most))


class Yaml(Struct):
    """The documents of a text, and what is wrong with them that didn't stop the reading.

    Attributes:
        problems: line, column, code, message, and what of it repeats the text.
        marks: per document, where each value is; keys under the path plus ``KEY``.
    """

    documents: list[JsonValue] = field(default_factory=list)
    problems: list[tuple[int, int, Code, str, str]] = field(default_factory=list)
    marks: list[dict[Path, Mark]] = field(default_factory=list)


KEY = "\0key"
"""Ends the path under which a mapping's key, not its value, is marked."""


def parse(text: str, values: Values | None = None, on_scalar: OnScalar = None) -> Yaml:
    """Read every document of a text.

    Args:
        text: YAML.
        values: what the run has read before; None = nothing that counts.
        on_scalar: called with the key of each scalar or alias that is a value (None = it is in a
            list, or is all of the document), with its event, and with what it says.

    Raises:
        NotYaml: a syntax error, or a document made to hurt.
    """
    found = Yaml()
    for _ in read_into(found, text, values or Values(), on_scalar=on_scalar):
        pass
    return found


def read_into(
    found: Yaml, text: str, values: Values, *, with_marks: bool = False, on_scalar: OnScalar = None
) -> Iterator[None]:
    """Read a text event by event, as ``parse`` does.

    Marks cost memory, so they are made only when there is an error to place; values are None then.
    """
    loader = LOADER(text)
    try:
        builder = _Builder(found, values, with_marks=with_marks, on_scalar=on_scalar)
        while loader.check_event():
            builder.take(loader.get_event())
            yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise NotYaml(syntax_message(error), line, column) from None
    except yaml.YAMLError as error:
        raise NotYaml(f"this is no YAML: {error}", 1, 1) from None
    finally:
        loader.dispose()


class _Open(Struct):
    """A list or mapping whose end hasn't come yet."""

    value: list[JsonValue] | dict[str, JsonValue]
    at: Path
    anchor: str | None
    key: str | None = None
    skips_value: bool = False
    size: int = 1
    letters: int = 0


class _Builder:
    """Builds documents from events, and refuses what mustn't be built."""

    def __init__(
        self, found: Yaml, values: Values, *, with_marks: bool, on_scalar: OnScalar
    ) -> None:
        self._found = found
        self._on_scalar = on_scalar
        self._with_marks = with_marks
        self._marks: dict[Path, Mark] = {}
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[JsonValue, int, int]] = {}
        self._aliased = 0
        self._values = values
        self._takers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._begin(event, {}),
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: lambda event: self._begin(event, []),
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: Any) -> None:
        if self._values.count > _MOST_VALUES:
            self._fail(event, f"the files of a run hold at most {_MOST_VALUES:,} values. Split it.")
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def _document(self, event: Any) -> None:
        if len(self._found.documents) >= _MOST_DOCUMENTS:
            self._fail(event, f"a file holds at most {_MOST_DOCUMENTS:,} documents. Split it.")
        self._values.documents += 1
        if self._values.documents > _MOST_IN_RUN:
            self._fail(event, f"a run reads at most {_MOST_IN_RUN:,} documents. Name fewer files.")
        self._anchors.clear()
        self._marks = {}
        self._found.marks.append(self._marks)

    def _end(self, _: Any) -> None:
        done = self._stack.pop()
        self._put(done.value, done.size, done.letters, done.anchor)

    def _scalar(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        if self._expects_key():
            self._key(event)
            return
        value = event.value
        self._mark(event)
        self._say(event, value)
        is_plain = event.implicit[0] and not event.style
        size = 1 + len(value) // _CHARACTERS_PER_NODE
        letters = len(value) if value.isascii() else len(value) * _WIDEST
        self._put(resolve(value) if is_plain else value, size, letters, event.anchor)

    def _begin(self, event: Any, value: list[JsonValue] | dict[str, JsonValue]) -> None:
        self._refuse_tag(event)
        if self._expects_key():
            self._fail(event, "a key can't be a list or mapping. Write a plain word.")
        if len(self._stack) >= DEEPEST:
            self._fail(event, TOO_DEEP)
        self._mark(event)
        at = self._path() if self._marks_here else ()
        self._stack.append(_Open(value=value, at=at, anchor=event.anchor))

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            name = f"*{event.anchor[:_QUOTED]}"
            message = f"the alias {name} names no anchor above it. Check its name."
            self._fail(event, message, name)
        if self._expects_key():
            self._fail(event, "a key can't be an alias. Write a plain word.")
        value, size, letters = self._anchors[event.anchor]
        self._aliased += size
        self._values.aliased += letters
        if self._aliased > _MOST_ALIASED_NODES or self._values.aliased > _MOST_REPEATED:
            self._fail(
                event,
                f"aliases expand to more than {_MOST_ALIASED_NODES:,} values, or those of the run "
                f"to more than {_MOST_REPEATED // 2**20} MiB of text. Write them out.",
            )
        self._mark(event)
        self._say(event, value)
        self._values.count += size - 1  # each is made again, for each alias
        self._put(value, size, letters, None)

    def _say(self, event: Any, value: JsonValue) -> None:
        if self._on_scalar is not None:
            self._on_scalar(self._stack[-1].key if self._stack else None, event, value)

    def _key(self, event: Any) -> None:
        top = self._stack[-1]
        top.key = event.value
        assert isinstance(top.value, dict)
        top.skips_value = True
        if len(event.value) > LONGEST_KEY:
            self._fail(event, f"a key has at most {LONGEST_KEY} characters. Is a quote missing?")
        if len(top.value) >= _MOST_KEYS:
            self._fail(event, f"a mapping has at most {_MOST_KEYS:,} keys. Remove some.")
        if event.value == "<<":
            self._complain(event, "merge keys (<<) aren't supported. Write the fields out.")
        elif event.value in top.value:
            key = f'"{event.value}"'
            twice = f"the key {key} is here twice. Remove one."
            self._complain(event, twice, Code.DUPLICATE_KEY, key)
        else:
            top.skips_value = False
            if self._with_marks:
                self._mark(event, KEY)

    def _put(self, value: JsonValue, size: int, letters: int, anchor: str | None) -> None:
        if self._with_marks:
            value = None  # only where it is, is asked for
        if anchor is not None:
            self._anchors[anchor] = (value, size, letters)
        self._values.count += 1
        if not self._stack:
            self._found.documents.append(value)
            return
        top = self._stack[-1]
        top.size += size
        top.letters += letters
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is not None:
            if not top.skips_value:
                top.value[top.key] = value
            top.key = None

    def _expects_key(self) -> bool:
        top = self._stack[-1] if self._stack else None
        return top is not None and top.key is None and isinstance(top.value, dict)

    def _path(self) -> Path:
        if not self._stack:
            return ()
        top = self._stack[-1]
        step = len(top.value) if isinstance(top.value, list) else top.key
        return (*top.at, "" if step is None else step)

    @property
    def _marks_here(self) -> bool:
        """Is a place noted here? What is deeper than any field is near one that is noted."""
        return self._with_marks and len(self._stack) <= _DEEPEST_MARK

    def _mark(self, event: Any, *more: str) -> None:
        if self._marks_here:
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            self._marks.setdefault((*self._path(), *more), place)

    def _refuse_tag(self, event: Any) -> None:
        if event.tag not in (None, "!", _STRING_TAG):
            tag = f'"{event.tag[:_QUOTED]}"'
            self._complain(event, f"the tag {tag} isn't allowed. Remove it.", quotes=tag)

    def _complain(
        self, event: Any, message: str, code: Code = Code.NOT_YAML, quotes: str = ""
    ) -> None:
        self._values.complaints += 1
        if self._values.complaints > MOST_COMPLAINTS:
            self._fail(event, f"this is one of more than {MOST_COMPLAINTS:,} errors. {message}")
        mark = event.start_mark
        self._found.problems.append((mark.line + 1, mark.column + 1, code, message, quotes))

    def _fail(self, event: Any, message: str, quotes: str = "") -> None:
        mark = event.start_mark
        raise NotYaml(message, mark.line + 1, mark.column + 1, quotes)
