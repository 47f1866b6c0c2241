"""The library, as a program of somebody else uses it: against the emulator, printing nothing."""

import asyncio
import os
import re
from pathlib import Path

import pytest

import photonctl
from photonctl import Access, LockRules, PhotonctlError, Rules, Secret, Session, Trust
from photonctl.ci import ci_system
from photonctl.errors import PlanRefused, RefusedError
from photonctl.events import (
    ActionFinished,
    ActionStarted,
    ApplyStarted,
    IntentNoted,
    PlanMade,
    ProjectApplied,
    ProjectRead,
    ReadStarted,
    RequestFinished,
    Warned,
)
from photonctl.model.report import Status
from photonctl.testing import local_photon

DOCS = Path(__file__).parents[2] / "docs" / "library.md"
HOOK = "https://bot.example.com/hook"


@pytest.fixture(scope="module")
def photon():
    with local_photon() as running:
        yield running


@pytest.fixture
def folder(tmp_path, monkeypatch, photon):
    """A working directory with a manifest, and an environment that leads to the emulator."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n, value in os.environ.items() if ci_system({n: value})]:
        monkeypatch.delenv(name)
    for name, value in {**photon.environment, "XDG_STATE_HOME": str(tmp_path / "state")}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def write(folder, name, users=1, file="photon.yaml", secret=""):
    rows = "".join(f"  - {{phoneNumber: +1555123000{n}}}\n" for n in range(users))
    hook = f"{{url: '{HOOK}'{secret}}}"
    text = f"version: 1\nproject: {{name: {name}}}\nusers:\n{rows}webhooks: [{hook}]\n"
    (folder / file).write_text(text)
    return file


def test_ten_lines_plan_and_apply_twice_and_print_nothing(folder, request, capfd):
    write(folder, request.node.name)

    async def main():
        async with Session.from_environment() as session:
            plan = await session.plan(session.load("photon.yaml"))
            if plan.has_changes:
                return (await session.apply(plan)).converged
            return None

    assert [asyncio.run(main()), asyncio.run(main())] == [True, None]
    assert capfd.readouterr() == ("", "")


def test_two_projects_at_once_in_one_loop_and_one_session(folder, photon, request):
    names = [f"{request.node.name}-{letter}" for letter in "ab"]
    secrets = [f", secret: {{envFile: .env, key: {key}}}" for key in "AB"]
    both = zip(names, secrets, strict=True)
    files = [write(folder, name, file=f"{name}.yaml", secret=secret) for name, secret in both]

    async def main():
        async with Session.from_environment() as session:
            return await asyncio.gather(*(session.apply(session.load(file)) for file in files))

    reports = asyncio.run(main())

    assert [report.converged for report in reports] == [True, True]
    assert [photon.webhooks(name) for name in names] == [[HOOK], [HOOK]]


def test_the_events_say_what_happened(folder, request):
    write(folder, request.node.name)
    events = []

    async def main():
        async with Session.from_environment(on_event=events.append) as session:
            await session.apply(session.load("photon.yaml"))

    asyncio.run(main())

    beside = RequestFinished | Warned | IntentNoted
    kinds = [type(event) for event in events if not isinstance(event, beside)]
    assert kinds[:4] == [ReadStarted, ProjectRead, PlanMade, ApplyStarted]
    assert kinds[4:6] == [ActionStarted, ActionFinished]
    assert kinds.count(ActionStarted) == kinds.count(ActionFinished) == len(kinds[4:-1]) // 2
    assert kinds[-1] is ProjectApplied
    finished = [event.outcome for event in events if isinstance(event, ActionFinished)]
    assert {outcome.status for outcome in finished} == {Status.OK}
    requests = [event for event in events if isinstance(event, RequestFinished)]
    assert all(event.status < 400 and event.seconds >= 0 for event in requests)


def test_once_stopped_nothing_more_is_begun_and_the_next_run_continues(folder, photon, request):
    write(folder, request.node.name, users=3)
    stop = asyncio.Event()

    def on_event(event):
        if isinstance(event, ActionFinished):
            stop.set()

    async def main(**more):
        async with Session.from_environment(**more) as session:
            return await session.apply(session.load("photon.yaml"))

    stopped = asyncio.run(main(on_event=on_event, stop=stop))
    continued = asyncio.run(main())

    assert (stopped.was_interrupted, stopped.converged) == (True, False)
    assert continued.converged
    assert photon.webhooks(request.node.name) == [HOOK]


def test_a_plan_is_applied_only_while_live_state_is_what_it_was_made_from(folder, request):
    write(folder, request.node.name)

    async def main():
        async with Session.from_environment() as session:
            old = await session.plan(session.load("photon.yaml"))
            await session.apply(session.load("photon.yaml"))
            await session.apply(old)

    with pytest.raises(PlanRefused, match="has changed since"):
        asyncio.run(main())


def test_the_defaults_run_no_program_and_read_no_variable(folder, photon, request):
    access = Access(dashboard_url=photon.url, spectrum_url=photon.url, token=Secret(photon.token))
    write(folder, request.node.name)
    text = (folder / "photon.yaml").read_text()
    runs = text.replace("}]", ", secret: {exec: [touch, ran]}}]")
    (folder / "runs.yaml").write_text(runs)
    (folder / "reads.yaml").write_text(text.replace("name: ", "name: x${env:HOME}"))
    (folder / "leaks.yaml").write_text(text.replace("name: ", f"name: {photon.token}"))

    session = Session(access)
    with pytest.raises(RefusedError, match="touch"):
        session.load("runs.yaml")
    for file in ("reads.yaml", "leaks.yaml"):
        with pytest.raises(PhotonctlError) as caught:
            session.load(file)
        assert photon.token not in str(caught.value.diagnostics)
    assert Session(access, rules=Rules(allow_exec=True)).load("runs.yaml")


def test_without_a_lock_folder_the_caller_is_told_that_there_is_no_lock(folder, photon, request):
    access = Access(dashboard_url=photon.url, spectrum_url=photon.url, token=Secret(photon.token))
    write(folder, request.node.name)
    rules = Rules(keeps_secrets_apart=True)

    async def main(rules):
        events = []
        async with Session(access, rules=rules, on_event=events.append) as session:
            await session.apply(session.load("photon.yaml"))
        return [event.text for event in events if isinstance(event, Warned)]

    assert any("no folder for a lock" in text for text in asyncio.run(main(rules)))
    locked = Rules(keeps_secrets_apart=True, lock=LockRules(folder=folder / "locks"))
    assert not any("lock" in text for text in asyncio.run(main(locked)))


def test_the_journal_is_where_the_caller_says(folder, photon, request, monkeypatch):
    access = Access(dashboard_url=photon.url, spectrum_url=photon.url, token=Secret(photon.token))
    write(folder, request.node.name)
    monkeypatch.setenv("PHOTONCTL_STATE_DIR", str(folder / "not-read"))
    rules = Rules(state=folder / "state")

    async def main():
        async with Session(access, rules=rules) as session:
            return await session.apply(await session.plan(session.load("photon.yaml")))

    assert asyncio.run(main()).converged
    assert (folder / "state" / "registered").is_dir()
    assert not (folder / "not-read").exists()
    assert not (folder / ".photonctl").exists()


def test_a_session_that_isnt_open_says_so(photon):
    access = Access(dashboard_url=photon.url, spectrum_url=photon.url)

    with pytest.raises(PhotonctlError, match="isn't open"):
        asyncio.run(Session(access, trust=Trust()).plan([]))


def test_the_examples_of_the_documentation_run(folder, photon, request, capfd):
    write(folder, request.node.name)
    session, explicit, simple = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)

    exec(compile(session, "session", "exec"), {})  # our own documentation
    assert capfd.readouterr().out == "True\n"
    write(folder, request.node.name, users=2)
    exec(compile(simple, "simple", "exec"), {})
    assert capfd.readouterr().out == "True\n"
    names = {}
    exec(compile(explicit, "explicit", "exec"), names)
    (folder / "photon.yaml").write_text("version: 1\nproject: {name: without-hooks}\n")
    assert asyncio.run(names["provision"](photon.url, photon.token)) is True


def test_the_functions_without_async_do_the_same(folder, photon, request):
    write(folder, request.node.name)
    desired = photonctl.load("photon.yaml")

    assert photonctl.apply(desired).converged
    assert not photonctl.plan(desired).has_changes
    assert [shown.name for shown in photonctl.show(desired)] == [request.node.name]
    (document,) = photonctl.export(request.node.name)
    assert document["project"]["name"] == request.node.name
    assert photonctl.destroy(desired, project_too=True).converged
