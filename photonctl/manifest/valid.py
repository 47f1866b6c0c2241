"""Is a document surely valid? Yes is certain; no means: ask jsonschema, which words what is wrong.

jsonschema walks every keyword of every value, and takes 35 ms to import. Here a schema becomes
functions once. A keyword that isn't known here is never surely valid, so a new one costs time only.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any], bool]

LONGEST_TEXT = LONGEST_LIST = 10_000
"""Characters and entries, where the schema gives no bound."""
MOST_KEYS = 100
_SAID = frozenset({"$schema", "$defs", "title", "description", "default"})
_TYPES: dict[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


def compiled(schema: Mapping[str, Any]) -> Check:
    """Return what says whether a value is surely valid, and within all bounds."""
    parts: list[Check] = []
    rest = {k: v for k, v in schema.items() if k not in _SAID and not k.startswith("x-")}
    types = _types(rest)
    for names, make in _MAKERS:
        given = {name: rest.pop(name) for name in names if name in rest}
        is_bound = names in _BOUNDS and (types is None or _BOUNDS[names] in types)
        if given or is_bound:
            parts.append(make(given))
    if rest:
        return _never
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:  # noqa: PLR2004  # a type, and what it holds: nearly all
        first, second = parts
        return lambda value: first(value) and second(value)
    return lambda value: all([part(value) for part in parts])  # noqa: C419  # no generator: faster


def _types(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the types that a schema allows; None = it doesn't say, or isn't sure."""
    wanted = schema.get("type")
    return None if wanted is None else frozenset([wanted] if isinstance(wanted, str) else wanted)


def _never(_: Any) -> bool:
    return False


def _type(given: Mapping[str, Any]) -> Check:
    wanted = given["type"]
    checks = [
        _TYPES.get(name, _never) for name in ([wanted] if isinstance(wanted, str) else wanted)
    ]
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:  # noqa: PLR2004  # text or null, say
        one, other = checks
        return lambda value: one(value) or other(value)
    return lambda value: any(check(value) for check in checks)


def _equal(given: Mapping[str, Any]) -> Check:
    known = [*given.get("enum", ()), *([given["const"]] if "const" in given else ())]
    if len(given) > 1:
        return _never
    return lambda value: any(
        value == one and isinstance(value, bool) is isinstance(one, bool) for one in known
    )


def _text(given: Mapping[str, Any]) -> Check:
    most, least = given.get("maxLength", LONGEST_TEXT), given.get("minLength", 0)
    search = re.compile(given["pattern"]).search if "pattern" in given else None
    return lambda value: (
        not isinstance(value, str)
        or (least <= len(value) <= most and (search is None or search(value) is not None))
    )


def _list(given: Mapping[str, Any]) -> Check:
    most, least = given.get("maxItems", LONGEST_LIST), given.get("minItems", 0)
    check = compiled(given["items"]) if "items" in given else None
    is_unique = given.get("uniqueItems", False)

    def is_valid(value: Any) -> bool:
        if not isinstance(value, list):
            return True
        if not least <= len(value) <= most or not (check is None or all(map(check, value))):
            return False
        texts = {item for item in value if isinstance(item, str)} if is_unique else ()
        return not is_unique or len(texts) == len(value)

    return is_valid


def _object(given: Mapping[str, Any]) -> Check:
    known = {name: compiled(schema) for name, schema in given.get("properties", {}).items()}
    required, least = given.get("required", ()), given.get("minProperties", 0)
    is_closed = given.get("additionalProperties") is False
    if not is_closed and given.get("additionalProperties", True) is not True:
        return _never

    def is_valid(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        if not least <= len(value) <= MOST_KEYS:
            return False
        for name, item in value.items():
            check = known.get(name)
            if is_closed if check is None else not check(item):
                return False
        return all(name in value for name in required)

    return is_valid


def _unequal(given: Mapping[str, Any]) -> Check:
    if given["not"].keys() != {"const"}:
        return _never  # a check that isn't sure can't be turned round
    is_equal = _equal(given["not"])
    return lambda value: not is_equal(value)


def _number(given: Mapping[str, Any]) -> Check:
    least, most = given.get("minimum", float("-inf")), given.get("maximum", float("inf"))
    return lambda value: (
        not isinstance(value, int) or isinstance(value, bool) or least <= value <= most
    )


_OF_TEXT = ("minLength", "maxLength", "pattern")
_OF_LIST = ("items", "minItems", "maxItems", "uniqueItems")
_OF_OBJECT = ("properties", "required", "additionalProperties", "minProperties")
_BOUNDS = {_OF_TEXT: "string", _OF_LIST: "array", _OF_OBJECT: "object"}
"""Which keywords bound a type, even where the schema has none of them."""
_MAKERS: tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Check]], ...] = (
    (("type",), _type),
    (("enum", "const"), _equal),
    (("not",), _unequal),
    (("minimum", "maximum"), _number),
    (_OF_TEXT, _text),
    (_OF_LIST, _list),
    (_OF_OBJECT, _object),
)
