"""Findings for programs: JSON, and the forms of GitHub, GitLab, Azure and SARIF readers."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from photonctl import __version__
from photonctl.codes import MEANINGS
from photonctl.findings import Finding
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.texts import printable
from photonctl.views.inert import inert, json_text
from photonctl.views.redact import Redaction

_MOST_SHOWN = 10
_PEOPLE = Redaction(is_on=True)
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_json(found: Sequence[Finding]) -> str:
    """Return findings as JSON: an array, the errors first."""
    listed: list[JsonValue] = [
        {
            "code": _code(finding),
            "level": _level(finding),
            "file": finding.file,
            "line": finding.line,
            "column": finding.column,
            "message": finding.message,
        }
        for finding in found
    ]
    return json_text(listed)


def render_gitlab(found: Sequence[Finding]) -> str:
    """Return findings as a Code Quality report.

    See https://docs.gitlab.com/ci/testing/code_quality/
    """
    listed: list[JsonValue] = [
        {
            "description": _PEOPLE.message(finding.shown),
            "check_name": _code(finding),
            "fingerprint": fingerprint,
            "severity": "minor" if finding.is_warning else "major",
            "location": {"path": finding.file, "lines": {"begin": finding.line}},
        }
        for fingerprint, finding in _fingerprinted(found)
    ]
    return json_text(listed)


def render_sarif(found: Sequence[Finding]) -> str:
    """Return findings as SARIF 2.1.0, for code scanning."""
    rules: list[JsonValue] = [
        {
            "id": code.value,
            "shortDescription": {"text": meaning.title},
            "help": {"text": meaning.text, "markdown": meaning.text},
        }
        for code, meaning in MEANINGS.items()
    ]
    driver: JsonObject = {"name": "photonctl", "version": __version__, "rules": rules}
    results: list[JsonValue] = [
        _result(finding, fingerprint) for fingerprint, finding in _fingerprinted(found)
    ]
    run: JsonObject = {"tool": {"driver": driver}, "results": results}
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def github_lines(found: Sequence[Finding]) -> list[str]:
    """Return workflow commands that annotate lines: the worst ten, then how many more there are.

    GitHub shows ten of a level and step, and leaves out the others without a word.
    """
    lines = [
        f"::{_level(finding)} file={_property(finding.file)},line={finding.line},"
        f"col={finding.column},title={_property(finding.title)}::{_data(finding)}"
        for finding in found[:_MOST_SHOWN]
    ]
    return [*lines, *(f"::notice title=photonctl::{text}" for text in _more(found))]


def azure_lines(found: Sequence[Finding]) -> list[str]:
    """Return logging commands of Azure Pipelines, likewise."""
    lines = [
        f"##vso[task.logissue type={_level(finding)};sourcepath={azure_property(finding.file)};"
        f"linenumber={finding.line};columnnumber={finding.column};code={_code(finding)}]"
        f"{azure_data(_PEOPLE.message(finding.shown))}"
        for finding in found[:_MOST_SHOWN]
    ]
    return [*lines, *(f"##vso[task.logissue type=warning]{text}" for text in _more(found))]


def azure_data(text: str) -> str:
    """Escape the text of a logging command."""
    return _lines(text).replace("%", "%AZP25").replace("\n", "%0A")


def azure_property(text: str) -> str:
    """Escape a property of a logging command."""
    return azure_data(text).replace(";", "%3B").replace("]", "%5D")


def github_data(text: str) -> str:
    """Escape the text of a workflow command."""
    return _lines(text).replace("%", "%25").replace("\n", "%0A")


def _lines(text: str) -> str:
    """Return a text whose lines hold nothing that isn't printable, and are no CI's command."""
    return inert("\n".join(printable(line) for line in text.split("\n")))


def _property(text: str) -> str:
    return github_data(text).replace(":", "%3A").replace(",", "%2C")


def _data(finding: Finding) -> str:
    return github_data(_PEOPLE.message(finding.shown))


def _more(found: Sequence[Finding]) -> list[str]:
    count = len(found) - _MOST_SHOWN
    if count <= 0:
        return []
    return [f"{count:,} more finding{'s' * (count > 1)}: see the log."]


def _level(finding: Finding) -> str:
    return "warning" if finding.is_warning else "error"


def _code(finding: Finding) -> str:
    return finding.code.value if finding.code else "photonctl"


def _result(finding: Finding, fingerprint: str) -> JsonObject:
    region: JsonObject = {"startLine": finding.line, "startColumn": finding.column}
    uri = quote(finding.file, errors="surrogateescape")
    location: JsonObject = {"artifactLocation": {"uri": uri}, "region": region}
    return {
        "ruleId": _code(finding),
        "level": _level(finding),
        "message": {"text": _PEOPLE.message(finding.shown)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"photonctl/v2": fingerprint},
    }


def _fingerprinted(found: Sequence[Finding]) -> Iterator[tuple[str, Finding]]:
    """Yield a name of each finding: a hash of what is shown of it, without the line's number.

    Who guesses what a line holds finds no hash of it here. Equal ones are counted, so that each
    has a name of its own.
    """
    seen: Counter[bytes] = Counter()
    for finding in found:
        content = (_code(finding), finding.file, _PEOPLE.message(finding.shown))
        name = hashlib.sha256("\0".join(content).encode(errors="backslashreplace"))
        key = name.digest()  # and not the line, of which each finding would keep a copy
        seen[key] += 1
        name.update(f"\0{seen[key]}".encode())
        yield name.hexdigest()[:32], finding
