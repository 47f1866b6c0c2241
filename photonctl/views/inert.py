"""Output that no CI system takes for a command, whatever name or message is in it.

GitHub Actions and its kin read ``::name::`` at the beginning of a line and ``##[name]`` anywhere in
one, Azure Pipelines ``##vso[``, TeamCity ``##teamcity[``. A pull request can put any of these into
a manifest, a file's name or, by way of a live project, a server's answer.
"""

import json
import re

from photonctl.texts import is_seen, printable

_BREAKS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_GAP = rf"(?:[^\S{_BREAKS}]|\x1b\[[0-9;]*m)*"  # white space of one line, and colours
_LINE_COMMAND = re.compile(rf"(^|[{_BREAKS}])({_GAP}):(?=:)")
_COMMAND = re.compile(r"#(?=#\w*\[)")
_CONTROL = re.compile(r"\x1b(?!\[[0-9;]{0,9}m)|[\0-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_UNUSUAL = re.compile("[^\n -~]")


def inert(text: str) -> str:
    """Return text for people in which no command begins, and nothing moves the cursor."""
    text = _CONTROL.sub(lambda found: printable(found.group()), text)
    if ":" in text:
        text = _LINE_COMMAND.sub(r"\1\2\\x3a", text)
    return _COMMAND.sub(r"\\x23", text) if "##" in text else text


def json_line(value: object) -> str:
    """Return JSON in one line, all of it ASCII, without a command in it."""
    return _COMMAND.sub(r"\\u0023", json.dumps(value).replace("\x7f", "\\u007f"))


def json_text(value: object) -> str:
    """Return JSON in which what isn't printable, and what could be a command, is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = text.replace("\x7f", "\\u007f")  # which JSON has as it is
    text = _COMMAND.sub(r"\\u0023", text) if "##" in text else text
    return text if text.isascii() else _UNUSUAL.sub(lambda m: _escaped(m.group()), text)


def _escaped(character: str) -> str:
    return character if is_seen(character) else json.dumps(character)[1:-1]
