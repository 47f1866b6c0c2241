"""What a run says of how far it is: counted from events, on a clock that the test moves."""

import io

import pytest

from photonctl.cli.console import Console
from photonctl.cli.live import Lines
from photonctl.cli.progress import Progress, duration
from photonctl.cli.reporting import Reporter
from photonctl.events import Paced, PlanMade, ProjectRead, ReadStarted, Waiting
from photonctl.tally import Tally
from photonctl.views.redact import Redaction
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

USERS = "users: [{phoneNumber: +15551230001}, {phoneNumber: +15551230002}]\n"
ONE = f"version: 1\nproject: {{name: alpha}}\n{USERS}"
TWO = f"{ONE}---\nversion: 1\nproject: {{name: beta}}\n{USERS}"


class Watch:
    """Takes a second for each event, and notes each line that could be said."""

    def __init__(self):
        self.seconds = 0.0
        self.progress = Progress(lambda: self.seconds)
        self.lines = []

    def append(self, event):
        self.seconds += 1
        self.progress.take(event)
        self.lines.append(self.progress.line())


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount()
    for name in ("alpha", "beta"):
        account.add(name)
    found = Engine(tmp_path, account)
    found.events = Watch()
    return found


def test_reading_applying_and_reading_back_are_counted(engine):
    engine.apply(TWO)
    lines = list(dict.fromkeys(engine.events.lines))

    assert lines[0] == "Reading live state: 0 of 2 projects, 0 s so far"
    assert any(line.startswith("Applying: 2 of 4 actions, ") for line in lines)
    assert any(line.startswith("Reading live state back: 4 of 4 actions") for line in lines)
    assert "" in lines  # while the plan is looked at


def test_each_project_under_way_has_a_track_of_its_own(engine):
    seen = []
    take = engine.events.progress.take

    def looking(event):
        take(event)
        tracks = engine.events.progress.projects
        seen.append({name: (t.done, t.total) for name, t in tracks.items() if t.is_begun})

    engine.events.progress.take = looking
    engine.apply(TWO)

    assert any(now.get("alpha") == (1, 2) for now in seen)
    assert any(now.get("beta") == (1, 2) for now in seen)
    assert seen[-1] == {}


def test_a_single_project_has_no_track_of_its_own(engine):
    engine.apply(ONE)

    assert engine.events.progress.projects == {}


def test_the_rest_is_estimated_from_what_was_done():
    watch = Watch()
    watch.append(ReadStarted(projects=10))
    for n in range(4):
        watch.append(ProjectRead(project=f"p{n}", project_id=f"id{n}"))

    assert watch.lines[-1] == "Reading live state: 4 of 10 projects, 1.0/s, about 6 s left"


def test_a_wait_has_its_reason_and_its_project_until_it_is_over():
    watch = Watch()
    for event in (
        ReadStarted(projects=2),
        ProjectRead(project="alpha", project_id="a"),
        ProjectRead(project="beta", project_id="b"),
        Waiting(request="GET /x", reason="status 429", seconds=3.0, project_id="b"),
    ):
        watch.append(event)

    assert watch.lines[-1].endswith("waiting for beta: status 429")
    watch.append(Paced(project_id="a", seconds=0.5))
    assert watch.lines[-1].endswith("waiting for alpha: the limit of requests")
    watch.seconds += 1
    assert "waiting" not in watch.progress.line()


def test_in_a_pipe_it_is_said_every_few_seconds_and_never_when_quiet():
    watch, err = Watch(), io.StringIO()
    lines = Lines(watch.progress, Console(err=err).say)
    watch.append(ReadStarted(projects=100))
    for n in range(12):
        watch.append(ProjectRead(project=f"p{n}", project_id=None))
        lines.show()

    assert err.getvalue().count("Reading live state: ") == 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (90, "2 min"), (3599, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_times_are_written_as_people_say_them(seconds, said):
    assert duration(seconds) == said


def test_what_each_project_cost_is_counted_from_a_moment_on():
    tally = Tally()
    tally.take(Paced(project_id="a", seconds=0.5))
    before = tally.now()
    tally.take(Waiting(request="GET /x", reason="status 503", seconds=2.0, project_id="a"))
    tally.take(Waiting(request="GET /x", reason="status 503", seconds=2.0))  # the dashboard's
    usage = tally.since(before, "a")

    assert (usage.requests, usage.retries, usage.waited_s) == (0, 1, 2.0)
    assert tally.since(before, "b").retries == 0


def test_names_are_learned_from_every_plan_also_one_that_is_not_shown(tmp_path):
    account = FakeAccount()
    account.add("bot")
    people = "users: [{phoneNumber: +15551230001, firstName: Lovelace}]\n"
    text = f"version: 1\nproject: {{name: bot}}\n{people}"
    plan = Engine(tmp_path, account).plan(text)
    reporter = Reporter(None, None, Redaction(is_on=True))

    reporter(PlanMade(plan=plan))

    assert "Lovelace" in reporter._redaction.names
