"""What became of a plan, for a pull request's comment or a job's summary. Reads a report's JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from photonctl.views.markdown import Block, cut, escape

_DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def render_report(data: Mapping[str, Any], most: int | None = None) -> str:
    """Return a report as Markdown: what went wrong first, then what was done.

    Args:
        data: from ``report_to_json``, people hidden or not.
        most: the most characters; None = any number.
    """
    blocks = [_head(data)]
    for project in data["projects"]:
        blocks += _project(project)
    unread = tuple(
        f"- **Error:** {escape(item['name'])} can't be read: {escape(item['error'])}"
        for item in data.get("unplanned") or ()
    )
    if unread:
        blocks.append(Block(lines=unread, what="errors"))
    return cut(blocks, most)


def said(data: Mapping[str, Any]) -> str:
    """Say in a few words how an apply ended."""
    outcomes = [action for project in data["projects"] for action in project["actions"]]
    done = Counter(action["action"] for action in outcomes if action["status"] == "ok")
    failed = sum(action["status"] != "ok" for action in outcomes)
    parts = [f"{done[verb]:,} {word}" for verb, word in _DONE.items() if done[verb]]
    parts += [f"{failed:,} not done"] if failed else []
    return ", ".join(parts) or "nothing to do"


def _head(data: Mapping[str, Any]) -> Block:
    facts = {
        "photonctl": data.get("photonctl"),
        "applied": data.get("appliedAt"),
        "digest": data.get("digest"),
    }
    lines = [f"- {name}: {escape(str(value))}" for name, value in facts.items() if value]
    return Block(before=(*lines, ""))


def _project(project: Mapping[str, Any]) -> Iterator[Block]:
    end = "verified against live state" if project["converged"] else "incomplete"
    title = f"### {escape(project['name'])}: {said({'projects': [project]})}, {end}"
    hosts = dict.fromkeys((project.get("hosts") or {}).values())
    who = f" as {project['account']}" if project.get("account") else ""
    at = f"at {' and '.join(hosts)}{who}"
    where = f"Manifest {project['manifest']}, project {project.get('id')}, {at}"
    yield Block(before=(title, "", escape(where), ""))
    troubled = tuple(map(_row, (a for a in project["actions"] if a["status"] != "ok")))
    errors = tuple(f"- **Error:** {escape(str(error))}" for error in project["errors"])
    if errors:
        yield Block(lines=errors, after=("",), what="errors", rank=1)
    if troubled:
        yield Block(
            before=("| | kind | key | why |", "|---|---|---|---|"),
            lines=troubled,
            after=("",),
            what="that weren't done",
            rank=2,
        )
    done = tuple(map(_row, (a for a in project["actions"] if a["status"] == "ok")))
    if done:
        yield Block(
            before=(
                f"<details><summary>{len(done):,} done</summary>",
                "",
                "| | kind | key | note |",
                "|---|---|---|---|",
            ),
            lines=done,
            after=("", "</details>", ""),
            what="done",
            rank=3,
        )


def _row(action: Mapping[str, Any]) -> str:
    word = _DONE[action["action"]] if action["status"] == "ok" else action["status"]
    label = action.get("label") or action["key"]
    note = action.get("error") or action.get("note") or ""
    return f"| {word} | {escape(action['kind'])} | {escape(str(label))} | {escape(str(note))} |"
