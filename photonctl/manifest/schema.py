"""The JSON Schema of a manifest, and its errors in words that say how to fix them."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from photonctl.codes import Code
from photonctl.kinds import kinds
from photonctl.kinds.values import Problem
from photonctl.manifest.paths import At
from photonctl.manifest.valid import LONGEST_LIST, LONGEST_TEXT, MOST_KEYS, Check, compiled
from photonctl.model.filled import Filled, shown
from photonctl.model.spec import JsonValue
from photonctl.published import schema_text

MOST_PROBLEMS = 10_000
"""More aren't looked for in one document."""
_FEW = 100  # entries, for which no limit needs to be looked up
_CLOSE = 50  # a longer word is no typing error, and comparing it costs its square
_TYPES = {
    "string": ("text", 'Put it in quotes: "…".'),
    "object": ("a mapping", "Write it as key: value lines."),
    "array": ("a list", "Write [a, b], or lines that begin with a dash."),
    "boolean": ("true or false", "Write true or false."),
    "integer": ("a whole number", "Write digits only."),
}


def check_document(document: JsonValue) -> list[Problem]:
    """Hold a manifest's document against the schema."""
    schema = _with_kinds(_schema())
    is_valid = _valid_document() if schema is _schema() else compiled(schema)
    return [] if is_valid(document) else _check(document, schema)


def check_users(rows: JsonValue) -> list[Problem]:
    """Hold the rows of a user table against the schema of ``users``."""
    return [] if _valid_users()(rows) else _check(rows, _schema()["properties"]["users"])


def is_too_long(section: str, value: JsonValue) -> bool:
    """Has a list of a document more entries than the schema allows? Then none is looked at."""
    if not isinstance(value, list) or len(value) <= _FEW:
        return False
    known = _with_kinds(_schema())["properties"].get(section, {})
    most: int = known.get("maxItems", LONGEST_LIST)
    return len(value) > most


@cache
def _valid_document() -> Check:
    return compiled(_schema())


@cache
def _valid_users() -> Check:
    return compiled(_schema()["properties"]["users"])


@cache
def _schema() -> dict[str, Any]:
    schema = json.loads(schema_text())
    inlined: dict[str, Any] = _inlined(schema, schema["$defs"])
    return inlined


def _with_kinds(schema: dict[str, Any]) -> dict[str, Any]:
    """Add the sections of kinds that bring their own schema."""
    found = {kind.section: kind.schema for kind in kinds() if kind.schema is not None}
    if not found:
        return schema
    known = schema["properties"]
    lists = {
        name: {
            **known[name],
            "properties": {**known[name]["properties"], **dict.fromkeys(found, entries)},
        }
        for name, entries in (
            ("ignore", known["ignore"]["properties"]["users"]),
            ("protect", known["protect"]["properties"]["users"]),
        )
    }
    return {**schema, "properties": {**known, **lists, **found}}


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    """Put definitions where they are referred to: looking them up is a third of a check's time."""
    if isinstance(part, list):
        return [_inlined(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    whole = {key: _inlined(value, definitions) for key, value in part.items() if key != "$ref"}
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return {**_inlined(definitions[name], definitions), **whole}
    return whole


def _check(data: JsonValue, schema: dict[str, Any]) -> list[Problem]:
    size = _oversized(data, schema)
    if size is not None:
        return [size]
    errors = _validator()(schema).iter_errors(data)
    found = (problem for error in errors for problem in _problems(error))
    return list(islice(found, MOST_PROBLEMS))


@cache
def _validator() -> Callable[[dict[str, Any]], Any]:
    """Return jsonschema's own, which would compare each entry of a list with all before it."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def unique_items(_: object, is_unique: bool, found: JsonValue, __: object) -> Iterator[Any]:  # noqa: FBT001
        if is_unique and isinstance(found, list):
            texts = [json.dumps(item, sort_keys=True) for item in found]
            if len(set(texts)) < len(texts):
                yield ValidationError("an entry is here twice")

    make: Any = extend
    made: Callable[[dict[str, Any]], Any] = make(
        Draft202012Validator, {"uniqueItems": unique_items}
    )
    return made


def _oversized(data: JsonValue, schema: dict[str, Any], at: At = ()) -> Problem | None:
    """Find the first list or text that is too large to be looked into any further."""
    if isinstance(data, str):
        most = schema.get("maxLength", LONGEST_TEXT)
        if len(data) > most:
            size = "more" if isinstance(data, Filled) else f"{len(data):,}"
            message = f"this text has {size} characters. The most is {most:,}."
            return Problem(code=Code.TOO_LARGE, at=at, message=message)
    elif isinstance(data, list):
        most = schema.get("maxItems", LONGEST_LIST)
        if len(data) > most:
            message = f"this list has {len(data):,} entries. The most is {most:,}."
            return Problem(code=Code.TOO_LARGE, at=at, message=message)
        items = schema.get("items", {})
        parts = ((items, item, index) for index, item in enumerate(data))
        return _first_oversized(parts, at)
    elif isinstance(data, dict):
        if len(data) > MOST_KEYS:
            message = f"this mapping has {len(data):,} keys. The most is {MOST_KEYS:,}."
            return Problem(code=Code.TOO_LARGE, at=at, message=message)
        known = schema.get("properties", {})
        return _first_oversized(((known[k], v, k) for k, v in data.items() if k in known), at)
    return None


def _first_oversized(
    parts: Iterable[tuple[dict[str, Any], JsonValue, str | int]], at: At
) -> Problem | None:
    found = (_oversized(value, schema, (*at, step)) for schema, value, step in parts)
    return next((problem for problem in found if problem is not None), None)


def _problems(error: Any) -> Iterator[Problem]:
    at = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, at)
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            # One error per missing key; each lists all keys that are required.
            name = next(n for n in missing if repr(n) in error.message)
            where = f'"{at[-1]}"' if at and isinstance(at[-1], str) else "this"
            if not at:
                where = "the manifest"
            elif isinstance(at[-1], int):
                where = f"this entry of {at[-2]}" if len(at) > 1 else "this entry"
            yield Problem(code=Code.MISSING_KEY, at=at, message=f'{where} has no "{name}". Add it.')
        case _:
            yield Problem(
                code=_code(error),
                at=at,
                message=_message(error),
                quotes=_shown(error.instance),
            )


def _code(error: Any) -> Code:
    own = error.schema.get("x-code")
    if own is not None:
        return Code(own)
    return {
        "type": Code.WRONG_TYPE,
        "uniqueItems": Code.DECLARED_TWICE,
        "maxLength": Code.TOO_LARGE,
        "maxItems": Code.TOO_LARGE,
    }.get(error.validator, Code.WRONG_VALUE)


def _unknown_keys(error: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    known = list(error.schema["properties"])
    is_person = bool(at) and (at[0] == "users" or isinstance(at[0], int))  # or of a table's row
    for key in error.instance:
        if key in known:
            continue
        near = _near(key, tuple(known), cutoff=0.5) or _ignoring_case(key, known)
        fix = f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(known)}."
        yield Problem(
            code=Code.UNKNOWN_KEY,
            at=(*at, key),
            message=f'unknown key "{key}". {fix}',
            is_key=True,
            quotes="" if near and not is_person else f'"{key}"',
        )


@lru_cache(maxsize=4_096)  # a table has the same heading in each row
def _near(word: str, known: tuple[str, ...], *, cutoff: float) -> list[str]:
    from difflib import get_close_matches  # only once something is wrong

    return get_close_matches(word[:_CLOSE], known, n=1, cutoff=cutoff)


def _ignoring_case(key: str, known: list[str]) -> list[str]:
    return [name for name in known if name.casefold() == key.casefold()]


def _message(error: Any) -> str:
    value = _shown(error.instance)
    fix = error.schema.get("x-fix", "")
    match error.validator:
        case "type":
            return _wrong_type(error, value)
        case "enum":
            words = tuple(str(word) for word in error.validator_value)
            near = _near(str(shown(error.instance)), words, cutoff=0.6)
            hint = f'Did you mean "{near[0]}"?' if near else "Use one of these."
            message = f"{value} is none of {', '.join(words)}. {hint}"
        case "const":
            message = f"{value} is not {error.validator_value}."
        case "pattern":
            message = f"{value} {error.schema.get('x-what', 'is empty')}."
        case "minLength" | "minItems" | "minProperties":
            message = f"{value} is empty. Give it a value, or leave it out."
        case "minimum":
            message = f"{value} is too small. The least is {error.validator_value}."
        case "maximum":
            message = f"{value} is too large. The most is {error.validator_value}."
        case "not":
            message = f"{value} isn't a value for this."
        case "uniqueItems":
            message = "an entry is here twice. Remove one."
        case _:
            message = f"{error.message}."
    return f"{message} {fix}".strip()


def _wrong_type(error: Any, value: str) -> str:
    wanted = error.validator_value
    names = [wanted] if isinstance(wanted, str) else [w for w in wanted if w != "null"]
    detail = " or ".join(_TYPES[name][0] for name in names)
    if error.instance is None:
        return f"there is no value here, and {detail} is needed. Write one, or leave the key out."
    if error.schema.get("x-what"):
        return f"{value} {error.schema['x-what']}. {error.schema['x-fix']}"
    return f"{value} is not {detail}. {_TYPES[names[0]][1]}"


def _shown(value: JsonValue) -> str:
    text = json.dumps(shown(value), ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004  # fits a line
