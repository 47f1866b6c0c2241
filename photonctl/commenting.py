"""One comment per label on a pull request: planned → outdated → applied, failed or nothing to do.

A comment is ours if its first line is our marker **and** our token's account wrote it: anybody can
write a marker.
"""

import hmac
import json
import re
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct
from msgspec.structs import asdict, replace

from photonctl.errors import Ambiguous, PlanRefused, RefusedError, ServerFailed, UsageError
from photonctl.forges.base import Comment, Forge, Request

LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536."""
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
_MARKER = re.compile(r"<!-- photonctl:comment (\{.*\}) -->")
_LONGEST_MARKER = 4_000
_VERSION = 1
_EDITED = "edited"  # which no seal is


class State(Enum):
    """What a comment says of a plan."""

    PLANNED = "planned"
    OUTDATED = "outdated"
    APPLIED = "applied"
    FAILED = "failed"
    NOTHING = "nothing to do"


class Marker(Struct, frozen=True, kw_only=True):
    """What the first line of a comment says to photonctl.

    Attributes:
        label: which of several comments it is, such as ``prod``.
        digest: of the plan.
        head: the newest commit of the pull request then.
        seal: over these, the pull request and the text below, by the plan key; "" = no key.
    """

    label: str
    state: State
    digest: str
    head: str
    seal: str = ""

    def line(self) -> str:
        """Return it as an HTML comment, which nobody sees."""
        content = {"v": _VERSION, **asdict(self), "state": self.state.value}
        if not self.seal:
            del content["seal"]
        text = json.dumps(content)
        for character, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("--", "-\\u002d")):
            text = text.replace(character, escaped)
        return f"<!-- photonctl:comment {text} -->"


def marker_of(body: str) -> Marker | None:
    """Read the marker of a comment; None = it has none.

    One that photonctl doesn't write so approves nothing: more in that line, such as the end of the
    HTML comment, would be shown above what is sealed.
    """
    line = body.partition("\n")[0].removesuffix("\r")
    found = _MARKER.match(line[:_LONGEST_MARKER])
    if found is None:
        return None
    try:
        data = json.loads(found[1])
        if data["v"] != _VERSION:
            return None
        texts = {name: str(data[name]) for name in ("label", "digest", "head")}
        marker = Marker(state=State(data["state"]), seal=str(data.get("seal", "")), **texts)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return marker if marker.line() == line else replace(marker, digest="", seal=_EDITED)


def sealed(marker: Marker, number: int, text: str, key: str) -> Marker:
    """Return a marker that only one with the plan key can write for this text; "" = no key.

    Who wrote a comment isn't enough: every workflow of a repository writes as the same account,
    and on GitHub who may write to the repository may edit what others wrote.
    """
    if not key:
        return replace(marker, seal="")
    # A forge may drop white space at the end; at the beginning it would change what is shown.
    lines = "\n".join(line.rstrip(" \t") for line in _lines(text)).rstrip("\n")
    parts = (str(number), marker.label, marker.state.value, marker.digest, marker.head, lines)
    content = json.dumps(["comment", *parts]).encode()
    return replace(marker, seal=hmac.new(key.encode(), content, "sha256").hexdigest())


def _lines(text: str) -> list[str]:
    """Split where Markdown does: any other break, such as U+2028, is a part of what is sealed."""
    return text.replace("\r\n", "\n").split("\n")


def checked_label(label: str) -> str:
    """Return a label.

    Raises:
        UsageError: it has characters that no label has.
    """
    if _LABEL.fullmatch(label) is None:
        raise UsageError(
            f'"{label}" can\'t be a label',
            hint="Use letters, digits, dots, dashes and slashes, for example --label prod.",
        )
    return label


def own_comments(forge: Forge, request: Request) -> Iterator[tuple[Marker, Comment]]:
    """Yield the comments of a pull request that are ours, the oldest first."""
    me = forge.me()
    for comment in forge.comments(request.number):
        marker = marker_of(comment.body) if comment.author == me else None
        if marker is not None:
            yield marker, comment


def put_comment(forge: Forge, request: Request, marker: Marker, text: str, key: str = "") -> bool:
    """Write or edit the comment of a label; returns whether anything had to be written.

    What is nothing to do is said only where something was said before. ``key``: of plans.
    """
    body = f"{sealed(marker, request.number, text, key).line()}\n{text}"
    found = _own(forge, request, marker.label)
    if found:
        return _write(forge, request, found, body, key)
    if marker.state is State.NOTHING:
        return False
    try:
        forge.add_comment(request.number, body)
    except (Ambiguous, ServerFailed):
        # It may be there all the same: a second one would never be found again.
        found = _own(forge, request, marker.label)
        if not found:
            raise
    else:
        found = _own(forge, request, marker.label)
    _write(forge, request, found, body, key)
    return True


def _write(
    forge: Forge, request: Request, found: list[tuple[Marker, Comment]], body: str, key: str
) -> bool:
    """Write the first comment of a label; others, of runs at the same time, say that it counts."""
    has_written = bool(found) and _edit(forge, request, found[0][1], body)
    for marker, comment in found[1:]:
        heading = title(marker.label, State.OUTDATED, "")
        text = f"{heading}\n\nThe first comment of this label counts."
        old = replace(marker, state=State.OUTDATED)
        line = sealed(old, request.number, text, key).line()
        has_written |= _edit(forge, request, comment, f"{line}\n{text}")
    return has_written


def outdate(forge: Forge, request: Request, label: str) -> bool:
    """Say of a planned comment that a newer commit is there; returns whether there was one."""
    found = _own(forge, request, label)
    if not found or found[0][0].state is not State.PLANNED or found[0][0].head == request.head:
        return False
    marker, comment = found[0]
    old = comment.body.partition("\n")[2]
    text = (
        f"{title(label, State.OUTDATED, '')}\n\nThis plan was made for {marker.head[:12]}. Newer "
        f"commits are there, and no plan of them yet.\n\n<details><summary>The old plan</summary>"
        f"\n\n{old}\n\n</details>"
    )
    return put_comment(forge, request, replace(marker, state=State.OUTDATED), text)


def title(label: str, state: State, said: str) -> str:
    """Return a comment's heading."""
    return f"## photonctl {label}: {state.value}{f': {said}' if said else ''}"


def approved_digest(forge: Forge, label: str | None, key: str = "") -> str | None:
    """Return the digest that our comment on the merged pull request of this commit names.

    None = there is no comment: where there is nothing to do, none is written. ``key``: of plans;
    a comment without its seal, or with another text than was sealed, approves nothing.

    Raises:
        PlanRefused: another plan was shown than of what was merged, several and no label was
            given, or the comment isn't as photonctl wrote it.
    """
    request = forge.merged_request()
    found = [
        (marker, comment)
        for marker, comment in own_comments(forge, request)
        if label is None or marker.label == label
    ]
    labels = sorted({marker.label for marker, _ in found})
    if len(labels) > 1:
        raise PlanRefused(
            f"pull request {request.number} has plans of {', '.join(labels)}",
            hint=f"Name one:  --label {labels[0]}",
        )
    if not found:
        return None
    marker, comment = found[0]
    text = comment.body.partition("\n")[2]
    seal = sealed(marker, request.number, text, key).seal if key else ""
    if key and not hmac.compare_digest(marker.seal.encode(errors="replace"), seal.encode()):
        raise PlanRefused(
            f"the comment on pull request {request.number} isn't as photonctl wrote it with this "
            "PHOTONCTL_PLAN_KEY: it was edited, or written without the key",
            hint="Plan and comment again, with the key.",
        )
    if marker.state not in (State.PLANNED, State.NOTHING) or marker.head != request.head:
        raise PlanRefused(
            f"the plan on pull request {request.number} is {marker.state.value}, made for "
            f"{marker.head[:12]}, and {request.head[:12]} was merged",
            hint="Look at what apply would do now:  photonctl plan",
        )
    return marker.digest


def _own(forge: Forge, request: Request, label: str) -> list[tuple[Marker, Comment]]:
    return [pair for pair in own_comments(forge, request) if pair[0].label == label]


def _edit(forge: Forge, request: Request, comment: Comment, body: str) -> bool:
    if len(body) > 65_000:  # noqa: PLR2004  # nobody's text is cut without a word
        raise RefusedError("the comment is longer than GitHub takes")
    if comment.body.replace("\r\n", "\n").rstrip() == body.rstrip():
        return False
    forge.edit_comment(request.number, comment, body)
    return True
