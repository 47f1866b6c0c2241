"""``${env:NAME}``, ``${env:NAME:-default}``, ``${file:path}`` in values; ``$${`` is ``${``.

An environment variable that is set but empty counts as unset, as in a shell: ``:-`` gives the
default for both, ``-`` only for one that isn't set, so that ``${env:NAME-}`` allows empty.
"""

import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from photonctl.codes import Code
from photonctl.kinds.values import Problem
from photonctl.manifest.decode import NotYaml
from photonctl.manifest.trust import Trust
from photonctl.model.filled import LONGEST_RAW, Filled
from photonctl.model.spec import JsonValue
from photonctl.own_credentials import is_credential, is_forbidden

_EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_MOST_EXPRESSIONS = 10_000
_MOST_FILLED = 4 * 2**20
_EACH, _EACH_WRONG = 16, 800  # characters that an expression counts for, beside what it gives
_LONGEST_MESSAGE = 1_000
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)(.*))?", re.ASCII | re.DOTALL)


def refuse_many_expressions(text: str) -> None:
    """Refuse a manifest made to cost time, before any of it is read.

    Raises:
        NotYaml: there are too many.
    """
    if text.count("${") > _MOST_EXPRESSIONS:
        message = f"there are more than {_MOST_EXPRESSIONS:,} expressions. Write values out."
        raise NotYaml(message, 1, 1)


class Files(Struct):
    """What was read of files for expressions.

    Attributes:
        named: a folder and a path as declared → where that leads, or why it isn't read.
        texts: what is there, or why it can't be read.
    """

    named: dict[tuple[Path, str], Path | ValueError] = field(default_factory=dict)
    texts: dict[Path, str | OSError | ValueError] = field(default_factory=dict)


class Filling(Struct):
    """How much all manifests of a run have been filled with, in characters.

    An expression counts as some, too: an alias repeats it as often as it likes.
    """

    count: int = 0
    files: Files = field(default_factory=Files)

    @property
    def is_too_much(self) -> bool:
        """Is it more than any manifest needs?"""
        return self.count > _MOST_FILLED


class Interpolator(Struct, kw_only=True):
    """Replaces expressions in a document; what can't be replaced becomes a problem.

    Attributes:
        read_file: a path as declared → its text; raises OSError or ValueError.
        filling: shared by all documents of a run; once it is too much, nothing more is replaced.
    """

    trust: Trust
    read_file: Callable[[str], str]
    filling: Filling = field(default_factory=Filling)
    problems: list[Problem] = field(default_factory=list)

    def fill(self, value: JsonValue, at: tuple[str | int, ...] = ()) -> JsonValue:
        """Return a copy of the value with every expression in its strings replaced."""
        if isinstance(value, str):
            needs_none = "${" not in value or self.filling.is_too_much
            return value if needs_none else self._fill_text(value, at)
        if isinstance(value, list):
            return [self.fill(item, (*at, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.fill(item, (*at, key)) for key, item in value.items()}
        return value

    def _fill_text(self, text: str, at: tuple[str | int, ...]) -> str:
        if len(text) > LONGEST_RAW:
            message = f"this text has {len(text):,} characters. The most is {LONGEST_RAW:,}."
            self._complain(at, "", message, Code.TOO_LARGE)
            return text
        is_filled = False

        def replace(match: re.Match[str]) -> str:
            nonlocal is_filled
            if match.group() == "$${":
                return "${"
            if self.filling.is_too_much:
                return ""
            try:
                value = self._evaluate(match.group(1), is_closed=bool(match.group(2)))
            except _Wrong as wrong:
                self._complain(at, match.group(), str(wrong), Code.EXPRESSION)
                self._count(at, match.group(), _EACH_WRONG)
                return match.group()
            is_filled = True
            self._count(at, match.group(), _EACH + len(value))
            return "" if self.filling.is_too_much else value

        filled = _EXPRESSION.sub(replace, text)
        return Filled(filled, text) if is_filled else filled

    def _count(self, at: tuple[str | int, ...], expression: str, cost: int) -> None:
        self.filling.count += cost
        if self.filling.is_too_much:
            most = f"{_MOST_FILLED // 2**20} MiB"
            message = f"there are too many expressions, or they fill in more than {most} of text. "
            self._complain(at, expression, f"{message}Write less of them.", Code.TOO_LARGE)

    def _complain(
        self, at: tuple[str | int, ...], expression: str, message: str, code: Code
    ) -> None:
        message = message[:_LONGEST_MESSAGE]
        self.problems.append(Problem(code=code, at=at, message=message, needle=expression[:100]))

    def _evaluate(self, expression: str, *, is_closed: bool) -> str:
        if "${" in expression:
            raise _Wrong("expressions can't be nested. Use one of them.")
        source, colon, rest = expression.partition(":")
        if not is_closed or not colon or source not in ("env", "file"):
            raise _Wrong(
                f'"${{{expression}" isn\'t an expression. Write ${{env:NAME}}, '
                "${env:NAME:-default} or ${file:path}; a literal ${ is $${."
            )
        return self._env(rest) if source == "env" else self._file(rest)

    def _env(self, rest: str) -> str:
        match = _VARIABLE.fullmatch(rest)
        if match is None:
            raise _Wrong(f'"{rest}" isn\'t the name of a variable. Write ${{env:NAME}}.')
        name, operator, default = match.groups()
        if is_forbidden(name):
            whose = "photonctl" if is_credential(name) else "this run"
            raise _Wrong(f"{name} is a credential of {whose}, so no manifest may use it.")
        is_allowed = self.trust.names is None or name in self.trust.names
        value = self.trust.env.get(name) if is_allowed else None
        if value or (value is not None and operator == "-"):
            return self._text(name, value)
        if operator is not None:
            return default or ""
        if not is_allowed:
            raise _Wrong(
                f"this run doesn't let manifests use the environment variable {name}. Allow it "
                f"with --env-allow {name}."
            )
        if value is None:
            raise _Wrong(
                f"the environment variable {name} is not set. Set it, or give a default: "
                f"${{env:{name}:-default}}."
            )
        raise _Wrong(
            f"the environment variable {name} is set but empty. Set it, give a default: "
            f"${{env:{name}:-default}}, or allow an empty value: ${{env:{name}-}}."
        )

    def _text(self, name: str, value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Wrong(f"the environment variable {name} isn't UTF-8. Set it again.") from None
        return value

    def _file(self, path: str) -> str:
        if path.startswith("~"):
            raise _Wrong(f'the path "{path}" isn\'t expanded. Write it relative to this file.')
        try:
            return self.read_file(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except ValueError as error:
            reason = str(error)
        raise _Wrong(f'the file "{path}" can\'t be read: {reason}. Check the path.')


class _Wrong(Exception):
    """An expression that can't be replaced."""
