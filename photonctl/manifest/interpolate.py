"""``${env:NAME}``, ``${env:NAME:-default}``, ``${file:path}`` in values; ``$${`` is ``${``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from photonctl.model.spec import JsonValue
from photonctl.resources.base import Problem

_EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_SHORTEST_MASKED = 3  # what is shorter is no secret, and stands in every other word
_LONGEST_SHOWN = 50  # messages cut longer values
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(slots=True, kw_only=True)
class Interpolator:
    """Replaces expressions in a document; what can't be replaced becomes a problem.

    Attributes:
        read_file: a path as declared → its text; raises OSError or ValueError.
        filled: what was put in → the expression it stands for, for messages.
    """

    env: Mapping[str, str]
    read_file: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)
    filled: dict[str, str] = field(default_factory=dict)

    def fill(self, value: JsonValue, at: tuple[str | int, ...] = ()) -> JsonValue:
        """Return a copy of the value with every expression in its strings replaced."""
        if isinstance(value, str):
            return self._fill_text(value, at) if "${" in value else value
        if isinstance(value, list):
            return [self.fill(item, (*at, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.fill(item, (*at, key)) for key, item in value.items()}
        return value

    def mask(self, message: str) -> str:
        """Show expressions instead of what they stand for: that may be a secret."""
        for value, expression in self.filled.items():
            for shown in (value, value[:_LONGEST_SHOWN]):
                if len(shown) >= _SHORTEST_MASKED:
                    message = message.replace(shown, expression)
        return message

    def _fill_text(self, text: str, at: tuple[str | int, ...]) -> str:
        def replace(match: re.Match[str]) -> str:
            if match.group() == "$${":
                return "${"
            try:
                value = self._evaluate(match.group(1), is_closed=bool(match.group(2)))
            except _Wrong as wrong:
                needle = match.group()
                self.problems.append(Problem(at=at, message=str(wrong), needle=needle))
                return needle
            self.filled[value] = match.group()
            return value

        return _EXPRESSION.sub(replace, text)

    def _evaluate(self, expression: str, *, is_closed: bool) -> str:
        if "${" in expression:
            raise _Wrong("expressions can't stand inside one another. Use one of them.")
        source, colon, rest = expression.partition(":")
        if not is_closed or not colon or source not in ("env", "file"):
            raise _Wrong(
                f'"${{{expression}" is no expression. Write ${{env:NAME}}, '
                "${env:NAME:-default} or ${file:path}; a literal ${ is $${."
            )
        return self._env(rest) if source == "env" else self._file(rest)

    def _env(self, rest: str) -> str:
        name, has_default, default = rest.partition(":-")
        if not _NAME.fullmatch(name):
            raise _Wrong(f'"{name}" is no variable name. Write ${{env:NAME}}.')
        if name in self.env:
            return self._text(name, self.env[name])
        if has_default:
            return default
        raise _Wrong(
            f"the environment variable {name} is not set. Set it, or give a default: "
            f"${{env:{name}:-default}}."
        )

    def _text(self, name: str, value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Wrong(f"the environment variable {name} is no UTF-8. Set it anew.") from None
        return value

    def _file(self, path: str) -> str:
        try:
            return self.read_file(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except ValueError as error:
            reason = str(error)
        raise _Wrong(f'the file "{path}" can\'t be read: {reason}. Check the path.')


class _Wrong(Exception):
    """An expression that can't be replaced."""
