"""What a plain scalar of YAML means. Pure."""

import re

from photonctl.model.spec import JsonValue

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"-?[0-9]{1,17}\.[0-9]{1,17}", re.ASCII)
_OF_NUMBERS = frozenset("-0123456789")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


def resolve(text: str) -> JsonValue:
    """Return what a plain scalar means, by YAML 1.2's core schema without a leading plus."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _OF_NUMBERS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
