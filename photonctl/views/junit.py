"""What became of a plan as JUnit XML, which every CI system shows. Reads a report's JSON.

A suite for each manifest, a case for each project: failed, skipped where nothing was to be done.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # only written

from photonctl.views.terminal import printable


def render_report(data: Mapping[str, Any]) -> str:
    """Return a report from ``report_to_json`` as XML."""
    root = Element("testsuites", name="photonctl")
    cases = sorted(_cases(data), key=lambda case: case[0])
    for manifest, found in groupby(cases, key=lambda case: case[0]):
        listed = list(found)
        suite = SubElement(root, "testsuite", name=printable(manifest), tests=str(len(listed)))
        failures = skipped = 0
        for _, name, error, has_actions in listed:
            case = SubElement(
                suite, "testcase", name=printable(name), classname=printable(manifest)
            )
            if error:
                failures += 1
                lines = [printable(line) for line in error]
                SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
            elif not has_actions:
                skipped += 1
                SubElement(case, "skipped", message="nothing to do")
        suite.attrib |= {"failures": str(failures), "skipped": str(skipped)}
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True)


def _cases(data: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str], bool]]:
    """Yield the manifest and name of each project, what went wrong, and was there work at all."""
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
        yield project["manifest"], project["name"], wrong, bool(project["actions"])
    for item in data.get("unplanned") or ():
        yield item["manifest"], item["name"], [f"can't be read: {item['error']}"], True
