"""What became of a plan as JUnit XML, which every CI system shows. Reads a report's JSON.

A suite for each manifest, a case for each project: failed, skipped where nothing was to be done.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # only written

from photonctl.texts import printable
from photonctl.views.inert import inert


def render_report(data: Mapping[str, Any]) -> str:
    """Return a report from ``report_to_json`` as XML."""
    root = Element("testsuites", name="photonctl")
    cases = sorted(_cases(data), key=lambda case: case.manifest)
    for manifest, found in groupby(cases, key=lambda case: case.manifest):
        listed = list(found)
        suite = SubElement(root, "testsuite", name=_text(manifest), tests=str(len(listed)))
        failures = skipped = 0
        for one in listed:
            case = SubElement(
                suite,
                "testcase",
                name=_text(one.name),
                classname=_text(manifest),
                time=f"{one.seconds:.3f}",
            )
            if one.wrong:
                failures += 1
                lines = [_text(line) for line in one.wrong]
                SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
            elif not one.has_actions:
                skipped += 1
                SubElement(case, "skipped", message="nothing to do")
        suite.attrib |= {"failures": str(failures), "skipped": str(skipped)}
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True)


def _text(text: str) -> str:
    return inert(printable(text))


class _Case(NamedTuple):
    manifest: str
    name: str
    wrong: list[str]
    has_actions: bool
    seconds: float


def _cases(data: Mapping[str, Any]) -> Iterator[_Case]:
    """Yield each project: what went wrong with it, and was there work at all."""
    for project in data["projects"]:
        wrong = [
            f"{action['kind']} {action.get('label') or action['key']}: {action['status']}: "
            f"{action.get('error') or ''}"
            for action in project["actions"]
            if action["status"] != "ok"
        ]
        wrong += project["errors"]
        if not wrong and not project["converged"]:
            wrong = ["live state, read back, doesn't show every action"]
        seconds = project.get("seconds", 0.0)
        yield _Case(project["manifest"], project["name"], wrong, bool(project["actions"]), seconds)
    for item in data.get("unplanned") or ():
        wrong = [f"can't be read: {item['error']}"]
        yield _Case(item["manifest"], item["name"], wrong, has_actions=True, seconds=0.0)
