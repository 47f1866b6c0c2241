"""What photonctl writes for programs keeps to the schemas that it publishes."""

import json

import pytest
from jsonschema import Draft202012Validator

MANIFEST = """\
version: 1
project: {{name: {name}, platforms: [imessage], credentials: {{envFile: bot.env}}}}
users:
  - {{phoneNumber: +15551230001, firstName: "${{env:FIRST}}", email: ada@example.com}}
  - {{phoneNumber: +15551230002}}
webhooks: [https://bot.example.com/hook]
limits: {{maxCreates: 1}}
"""


@pytest.fixture
def cli(newer_cli, name):
    newer_cli.write(MANIFEST.format(name=name))
    newer_cli.env["FIRST"] = "Ada"
    return newer_cli


def problems(cli, schema, data):
    validator = Draft202012Validator(json.loads(cli.ok("schema", schema)))
    return [error.message for error in validator.iter_errors(data)]


def test_every_schema_is_one(cli):
    for name in ("manifest", "plan", "report", "events"):
        Draft202012Validator.check_schema(json.loads(cli.ok("schema", name)))


def test_plans_and_plan_files_keep_to_the_schema(cli):
    shown = json.loads(cli.ok("plan", "--json", "--out", "plan.json"))
    part = json.loads(cli.ok("plan", "--json", "--only", "user", "--redact", "people"))

    assert problems(cli, "plan", shown) == []
    assert problems(cli, "plan", part) == []
    assert problems(cli, "plan", json.loads((cli.folder / "plan.json").read_text())) == []
    assert part["projects"][0]["partial"] == {"actions": 4, "of": 5}
    assert problems(cli, "plan", {**shown, "hasChanges": "yes"})


def test_reports_and_events_keep_to_the_schema(cli):
    flags = ("-y", "--allow-changes", "--report", "report.json", "--events", "events.ndjson")
    printed = json.loads(cli.ok("apply", *flags, "--json"))
    again = json.loads(cli.ok("apply", "-y", "--json"))

    saved = json.loads((cli.folder / "report.json").read_text())
    lines = (cli.folder / "events.ndjson").read_text().splitlines()
    assert [problems(cli, "report", data) for data in (printed, saved, again)] == [[], [], []]
    assert [problem for line in lines for problem in problems_of(cli, line)] == []
    names = [json.loads(line)["event"] for line in lines]
    assert (names[0], names[-1]) == ("begin", "report")
    assert names.count("action") == len(saved["projects"][0]["actions"])
    assert {"plan", "start", "request"} <= set(names)
    assert json.loads(lines[-1])["converged"] is True


def problems_of(cli, line):
    return problems(cli, "events", json.loads(line))


def test_events_on_standard_output_are_alone_there(cli):
    done = cli.run("apply", "-y", "--allow-changes", "--events", "-", "--redact", "people")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["event"] == "report"
    assert "+15551230001" not in done.stdout
    assert cli.run("apply", "-y", "--json", "--events", "-").returncode == 64


@pytest.mark.parametrize("flag", ["--report", "--events"])
def test_what_cant_be_written_is_refused(cli, flag):
    done = cli.run("apply", "-y", "--allow-changes", flag, "no/such/folder.json")

    assert done.returncode == 5
    assert "no/such/folder.json" in done.stderr


@pytest.mark.parametrize("name", ["report.json", "events.ndjson"])
def test_what_names_people_is_private(cli, name):
    flag = "--report" if name == "report.json" else "--events"
    cli.ok("apply", "-y", "--allow-changes", flag, name)

    assert (cli.folder / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("flag", ["--report", "--events"])
def test_nothing_but_its_own_is_overwritten(cli, flag):
    before = (cli.folder / "photon.yaml").read_text()

    done = cli.run("apply", "-y", "--allow-changes", flag, "photon.yaml")

    assert done.returncode == 64
    assert (cli.folder / "photon.yaml").read_text() == before
    assert "not live yet" in cli.ok("plan")
    for _ in range(2):
        cli.ok("apply", "-y", "--allow-changes", flag, "again.json")
