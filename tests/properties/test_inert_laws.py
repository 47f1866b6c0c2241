"""Whatever is in a name: no output begins a CI system's command, or sends a control character."""

import json
import re
from datetime import UTC, datetime

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from photonctl.events import PlanMade, ProjectApplied, Warned
from photonctl.kinds.project.kind import ProjectSpec
from photonctl.kinds.user.kind import UserSpec
from photonctl.manifest.write import write_documents
from photonctl.model.plan import Plan
from photonctl.model.policy import Policy
from photonctl.model.report import ProjectReport, Report
from photonctl.model.spec import Declared
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.planner.diff import plan_project
from photonctl.views import html, junit, markdown, text
from photonctl.views import json as json_view
from photonctl.views.events import EventLines
from photonctl.views.inert import inert, json_text
from photonctl.views.redact import OPEN

COMMANDS = re.compile(r"(?:^|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])\s*::|##\w*\[")
PIECES = st.sampled_from(
    [
        *("::", "::error::", "##[", "##vso[", "##teamcity[", "#", ":", "|", "a", "'", '"', "\\"),
        *("\n", "\r", "\t", " ", "\u2028", "\x1b[0m", "\x85", "\u3164", "\u2800", "\U000e0100"),
    ]
)
UNSEEN = set("\u034f\u115f\u1160\u17b4\u2800\u3164\uffa0\ufe00\ufffc\U000e0100")
NAMES = st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).map("".join)


@given(NAMES)
def test_text_for_people_begins_no_command(name):
    assert not COMMANDS.search(inert(name))
    assert inert(inert(name)) == inert(name)


@example("\x7f")
@example("\x80\u2028")
@given(NAMES)
def test_json_begins_no_command_and_reads_back(name):
    shown = json_text({"a": name, name: [name]})

    assert not COMMANDS.search(shown)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert json.loads(shown) == {"a": name, name: [name]}


@given(NAMES.filter(lambda name: all(c.isprintable() or c in "\n\u2028\x85\t" for c in name)))
def test_an_export_begins_no_command_and_reads_back(name):
    written = write_documents([{"project": {"name": name}, "users": [{"firstName": name}]}])

    assert not COMMANDS.search(written)
    assert all(c.isprintable() or c == "\n" for c in written)
    (found,) = yaml.safe_load_all(written)
    assert found["project"]["name"] == name.replace("${", "$${")


@given(NAMES, NAMES)
def test_no_view_of_a_plan_begins_a_command_or_hides_anything(name, warning):
    user = UserSpec(phone_number="+15551230001", first_name=name)
    desired = DesiredProject(
        manifest=name or "-",
        name=name,
        resources={
            "project": {name: Declared(key=name, spec=ProjectSpec(name=name))},
            "user": {"+15551230001": Declared(key="+15551230001", spec=user)},
        },
        policy=Policy(),
        warnings=(warning,),
    )
    plan = Plan(projects=(plan_project(desired, LiveProject()),))

    report = ProjectReport(
        plan=plan.projects[0], id=None, outcomes=(), notes=(warning,), errors=(warning, name)
    )
    views = [view.render_plan(plan) for view in (markdown, html, json_view)]
    views += [junit.render_report(json_view.report_to_json(Report(projects=(report,))))]
    events = (PlanMade(plan=plan), Warned(text=warning), ProjectApplied(report=report))
    views += [EventLines(OPEN, "").event(event, datetime.now(UTC)) for event in events]
    for shown in [*views, inert(text.render_plan(plan))]:
        assert not COMMANDS.search(shown), shown
        assert all(c.isprintable() or c == "\n" for c in shown)
        assert not set(shown) & UNSEEN


def test_white_space_without_end_costs_no_more_than_its_length():
    assert inert(" " * 200_000 + ":y" + "\n" * 200_000).startswith(" ")
    assert inert(" \t::error::x") == " \t\\x3a:error::x"
