"""Many projects: listed, split over machines, applied by each, and their reports joined."""

import json
import re
import subprocess
from xml.etree import ElementTree as ET

import jsonschema
import pexpect
import pytest

from tests.conftest import PHOTONCTL, wait_for

PROJECT = "version: 1\nproject: {{name: {name}-{n}}}\nusers: [{{phoneNumber: +1555123{n:04d}}}]\n"


@pytest.fixture
def fleet(newer_cli, name):
    (newer_cli.folder / "fleet").mkdir()
    for n in range(8):
        (newer_cli.folder / f"fleet/{n}.yaml").write_text(PROJECT.format(name=name, n=n))
    return newer_cli


def test_a_fleet_is_listed(fleet, name):
    listed = fleet.ok("list", "-f", "fleet")
    found = json.loads(fleet.ok("list", "-f", "fleet", "--format", "json"))["projects"]
    matrix = json.loads(fleet.ok("list", "-f", "fleet", "--format", "matrix"))

    assert listed.splitlines()[0] == f"fleet/0.yaml: {name}-0"
    assert [project["users"] for project in found] == [1] * 8
    assert matrix["include"][7] == {"manifest": "fleet/7.yaml"}


def test_shards_apply_every_project_once_and_their_reports_join(fleet, name):
    reports = []
    for index in range(3):
        env = {"JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": "3"}
        path = f"shard-{index}.json"
        fleet.ok("apply", "-y", "-f", "fleet", "--shard", "auto", "--report", path, env=env)
        reports.append(path)

    joined = json.loads(fleet.ok("report", "merge", *reports))
    keyed = json.loads(fleet.ok("report", "merge", *reports, env={"PHOTONCTL_PLAN_KEY": "k"}))
    assert joined["digest"].startswith("sha256:")
    assert keyed["digest"].startswith("hmac-sha256:")
    (full, *_) = (r for r in reports if json.loads((fleet.folder / r).read_text())["projects"])
    alone = json.loads(fleet.ok("report", "merge", full))
    assert alone["digest"] != json.loads((fleet.folder / full).read_text())["digest"]

    assert sorted(project["name"] for project in joined["projects"]) == [
        f"{name}-{n}" for n in range(8)
    ]
    assert joined["converged"] is True
    assert "All 8 projects: 0 to create" in fleet.ok("plan", "-f", "fleet", "--shard", "1/1")
    assert fleet.run("report", "merge", full, full).returncode == 5
    assert fleet.run("report", "merge", "no.json").returncode == 64


def test_a_shard_may_have_nothing_to_do(newer_cli, name):
    newer_cli.write(PROJECT.format(name=name, n=1))
    done = [newer_cli.run("apply", "-y", "--shard", f"{n}/4") for n in range(1, 5)]

    assert [one.returncode for one in done] == [0] * 4
    assert sum("applied: 2 created" in one.stdout for one in done) == 1


@pytest.mark.parametrize("shard", ["5/4", "x", "auto"])
def test_what_is_no_shard_is_wrong_usage(fleet, shard):
    assert fleet.run("plan", "-f", "fleet", "--shard", shard).returncode == 64


def test_after_its_time_an_apply_begins_nothing(fleet):
    done = fleet.run("apply", "-y", "-f", "fleet/0.yaml", "--max-duration", "0", "--json")

    report = json.loads(done.stdout)
    assert done.returncode == 6
    assert {a["status"] for a in report["projects"][0]["actions"]} == {"skipped"}
    assert "--max-duration is over" in done.stderr
    assert fleet.run("apply", "-y", "-f", "fleet/0.yaml", "--max-duration", "1h").returncode == 0
    assert fleet.run("apply", "-y", "--max-duration", "soon").returncode == 64


def test_a_report_is_junit_where_its_name_ends_so(fleet, newer_photon, name):
    newer_photon.add_faults("POST /projects/*/users/ : succeed-false : *")
    fleet.run("apply", "-y", "-f", "fleet/0.yaml", "--report", "report.xml")
    newer_photon.clear()
    fleet.ok("apply", "-y", "-f", "fleet/1.yaml")
    root = ET.fromstring((fleet.folder / "report.xml").read_text())

    (suite,) = root.findall("testsuite")
    assert (suite.get("name"), suite.get("failures")) == ("fleet/0.yaml", "1")
    assert "+15551230000" in suite.find("testcase/failure").text

    fleet.ok("apply", "-y", "-f", "fleet/0.yaml", "-f", "fleet/1.yaml", "--report", "report.xml")
    root = ET.fromstring((fleet.folder / "report.xml").read_text())
    assert [s.get("skipped") for s in root.findall("testsuite")] == ["0", "1"]


def test_on_a_terminal_it_is_shown_how_far_an_apply_is(fleet, name):
    child = pexpect.spawn(
        str(PHOTONCTL),
        ["apply", "-y", "-f", "fleet", "--rate", "1", "--no-color"],
        cwd=fleet.folder,
        env={**fleet.env, "TERM": "xterm"},
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 120),
    )
    child.expect(pexpect.EOF)
    shown = child.before
    end = shown[shown.rindex("\x1b[2K") :]  # what is left once the bars are gone

    assert f"{name}-0: user +15551230000: created" in shown
    assert re.search(r"(Applying|Reading live state back)….* [0-9]+/16", shown)
    assert "…" not in end
    assert "Verified against live state" in end


def test_in_a_pipe_each_line_names_its_project_and_moves_no_cursor(fleet, name):
    done = fleet.run("apply", "-y", "-f", "fleet")

    assert f"{name}-7: user +15551230007: created" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_report_says_what_each_project_cost(fleet):
    report = json.loads(fleet.ok("apply", "-y", "-f", "fleet", "--json"))

    for project in report["projects"]:
        assert project["requests"] >= 2  # the user, and live state read back
        assert project["seconds"] > 0
        assert project["retries"] == 0


def test_every_event_is_of_the_published_form(fleet, newer_cli):
    schema = json.loads(newer_cli.ok("schema", "events"))
    lines = fleet.ok("apply", "-y", "-f", "fleet", "--events", "-").splitlines()
    events = [json.loads(line) for line in lines]
    for event in events:
        jsonschema.validate(event, schema)

    names = [event["event"] for event in events]
    assert names.count("read") == names.count("project") == 8
    assert names.count("action-start") == names.count("action") == 16
    assert {event["state"] for event in events if event["event"] == "intent"} == {"open", "closed"}


BROKEN = "version: 1\nprojekt: {name: x}\n"


def test_a_broken_manifest_doesnt_hold_back_the_others(fleet, name):
    (fleet.folder / "fleet/3.yaml").write_text(BROKEN)

    plan = fleet.run("plan", "-f", "fleet", "--json")
    done = fleet.run("apply", "-y", "-f", "fleet", "--report", "report.json", "--events", "e.jsonl")
    report = json.loads((fleet.folder / "report.json").read_text())
    last = json.loads((fleet.folder / "e.jsonl").read_text().splitlines()[-1])

    assert plan.returncode == done.returncode == 3
    assert "fleet/3.yaml:2:1" in done.stderr
    assert [item["manifest"] for item in json.loads(plan.stdout)["unplanned"]] == ["fleet/3.yaml"]
    assert len(report["projects"]) == 7
    assert all(project["converged"] for project in report["projects"])
    assert [item["manifest"] for item in report["unplanned"]] == ["fleet/3.yaml"]
    assert report["converged"] is last["converged"] is False
    assert fleet.run("validate", "-f", "fleet").returncode == 3


def test_where_another_project_fails_that_is_the_exit_code(fleet, newer_photon, name):
    (fleet.folder / "fleet/3.yaml").write_text(BROKEN)
    newer_photon.add_faults("POST /projects/*/users/ : succeed-false : *")

    assert fleet.run("apply", "-y", "-f", "fleet").returncode == 6


def test_manifests_that_claim_the_same_project_hold_back_everything(fleet, name):
    (fleet.folder / "fleet/9.yaml").write_text(PROJECT.format(name=name, n=0))

    done = fleet.run("apply", "-y", "-f", "fleet")

    assert done.returncode == 3
    assert "created" not in done.stdout
    assert "0 of" not in done.stderr


def test_a_destruction_of_a_fleet_needs_every_manifest(fleet, name):
    fleet.ok("apply", "-y", "-f", "fleet")
    (fleet.folder / "fleet/3.yaml").write_text(BROKEN)

    assert fleet.run("destroy", "-y", "-f", "fleet").returncode == 3
    assert "No changes" in fleet.ok("plan", "-f", "fleet/1.yaml")


def test_pods_that_are_killed_and_run_again_apply_every_project_exactly_once(
    fleet, newer_photon, name
):
    """As a Kubernetes Indexed Job does it: three pods, each killed at another time."""
    count, kills = 3, iter([2, 5, 9])

    def pod(index, *args):
        env = {"JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": str(count)}
        words = [PHOTONCTL, "apply", "-y", "-f", "fleet", "--shard", "auto", "--rate", "3", *args]
        return subprocess.Popen(
            words, cwd=fleet.folder, env={**fleet.env, **env}, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def asked():
        return sum(entry["method"] == "POST" for entry in newer_photon.log())

    for index in range(count):  # each is killed once it has asked for so many changes
        before, limit = asked(), next(kills)
        with pod(index) as first:
            wait_for(lambda b=before, n=limit, p=first: asked() >= b + n or p.poll() is not None)
            first.kill()
    again = [pod(index, "--report", f"report-{index}.json") for index in range(count)]
    codes = [process.wait(100) for process in again]
    joined = json.loads(fleet.ok("report", "merge", *(f"report-{n}.json" for n in range(count))))

    assert codes == [0] * count
    assert sorted(p["name"] for p in joined["projects"]) == [f"{name}-{n}" for n in range(8)]
    assert joined["converged"] is True
    with newer_photon.dashboard() as dashboard:
        live = [row["name"] for row in dashboard.get("/projects/").json()]
    live = [found for found in live if found.startswith(f"{name}-")]
    assert sorted(live) == [f"{name}-{n}" for n in range(8)]
    assert "0 to create" in fleet.ok("plan", "-f", "fleet")
