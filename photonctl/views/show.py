"""What is live → text, JSON or CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from photonctl.kinds import kind_named
from photonctl.kinds.values import Personal
from photonctl.model.spec import E164, JsonObject, JsonValue, spec_to_json
from photonctl.showing import ShownProject, ShownRow
from photonctl.texts import printable
from photonctl.urls import shown_live
from photonctl.views import rows
from photonctl.views.inert import inert, json_text
from photonctl.views.redact import OPEN, Redaction
from photonctl.views.terminal import Paint, plain, safe

_COLUMNS = ("phoneNumber", "firstName", "lastName", "email", "assignedPhoneNumber", "type")


def render_text(
    projects: Sequence[ShownProject], paint: Paint = plain, redaction: Redaction = OPEN
) -> str:
    """Return every project with its users and webhooks."""
    return "\n".join(line for project in projects for line in _project(project, paint, redaction))


def render_json(projects: Sequence[ShownProject], redaction: Redaction = OPEN) -> str:
    """Return the same for programs."""
    found: list[JsonValue] = [_project_json(project, redaction) for project in projects]
    return json_text({"projects": found})


def render_csv(projects: Sequence[ShownProject], redaction: Redaction = OPEN) -> str:
    """Return the users of every project, one per line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("project", *_COLUMNS, "state"))
    for project in projects:
        for row in project.rows:
            spec = _spec(row, redaction)
            if "phoneNumber" in spec:
                cells = ("" if spec.get(name) is None else str(spec[name]) for name in _COLUMNS)
                line = (project.name, *cells, _state(row))
                writer.writerow([_cell(cell) for cell in line])
    return out.getvalue().rstrip("\n")


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a phone number stays as it is."""
    is_formula = text[:1] in tuple("=@-\t\r") or (text[:1] == "+" and not E164.fullmatch(text))
    return inert(printable(f"'{text}" if is_formula else text))


def _project(project: ShownProject, paint: Paint, redaction: Redaction) -> Iterator[str]:
    live = f"({project.id})" if project.id else "(not live yet)"
    where = rows.where(project.place, redaction)
    yield paint(safe(f'project "{project.name}" {live} at {where}'), "bold")
    of = f" of {project.seat_cap}" if project.seat_cap is not None else ""
    yield f"  seats used by shared users: {project.seats}{of}"
    for row in project.rows:
        facts = _redacted(row, dict(kind_named(row.kind).facts(row.live)), redaction)
        who = "" if row.filled else redaction.who(kind_named(row.kind).who(row.live))
        label = redaction.field(row.label, kind_named(row.kind).personal.get(""))
        detail = [f"{row.kind} {label}", who, *_facts(row, facts), _state(row)]
        yield safe("  " + "  ".join(filter(None, detail)))


def _facts(row: ShownRow, facts: Any) -> Iterator[str]:
    if "assignedPhoneNumber" in facts:
        yield f"texts {facts['assignedPhoneNumber']}"
    if "signedBy" in facts:
        is_enabled = getattr(row.live.spec, "enabled", True) is not False
        yield f"id {row.live.id}, {'enabled' if is_enabled else 'disabled'}"
        yield f"signed with the {facts['signedBy']}"
    if row.stored:
        yield f"stored: {row.stored}"


def _state(row: ShownRow) -> str:
    words = [row.held.value] if row.held is not None else []
    if row.is_declared is not None:
        words.append("declared" if row.is_declared else "not declared")
    return ", ".join(words)


def _redacted(row: ShownRow, fields: JsonObject, redaction: Redaction) -> JsonObject:
    personal = kind_named(row.kind).personal
    return {
        name: redaction.field(value, personal.get(name)) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _project_json(project: ShownProject, redaction: Redaction) -> JsonObject:
    found: dict[str, list[JsonValue]] = {"users": [], "webhooks": []}
    for row in project.rows:
        section = kind_named(row.kind).section
        found.setdefault(section, []).append(_row_json(row, redaction))
    return {
        "name": project.name,
        "id": project.id,
        "hosts": {"dashboard": project.place.dashboard, "spectrum": project.place.spectrum},
        "account": redaction.field(project.place.account or "", Personal.EMAIL) or None,
        "seats": {"used": project.seats, "cap": project.seat_cap},
        **found,
    }


def _row_json(row: ShownRow, redaction: Redaction) -> JsonObject:
    return {
        "id": row.live.id,
        **_spec(row, redaction),
        **_redacted(row, dict(kind_named(row.kind).facts(row.live)), redaction),
        "owner": bool(row.live.is_owner),
        "declared": row.is_declared,
        "held": row.held.value if row.held is not None else None,
        **({"stored": row.stored} if kind_named(row.kind).has_secret else {}),
    }


def _spec(row: ShownRow, redaction: Redaction) -> JsonObject:
    """Return the fields without what may be a secret."""
    spec = spec_to_json(row.live.spec)
    shown = {k: shown_live(v) if isinstance(v, str) else v for k, v in spec.items()}
    known = {k: row.filled.get(k, v) if v is not None else v for k, v in shown.items()}
    return _redacted(row, known, redaction)
