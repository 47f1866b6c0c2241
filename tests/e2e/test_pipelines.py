"""What ``--ci`` shows beside the log: annotations, summaries, outputs; and nothing elsewhere."""

import json
import re
from pathlib import Path

import pytest

MANIFEST = """\
version: 1
project: {{name: {name}}}
users:
  - {{phoneNumber: +15551230001, firstName: Ada, lastName: Lovelace, email: ada@example.com}}
"""
PERSON = re.compile(r"\+1555\d{7}|\bAda\b|Lovelace|ada@")


@pytest.fixture
def cli(newer_cli, name):
    newer_cli.write(MANIFEST.format(name=name))
    return newer_cli


@pytest.fixture
def github(cli):
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(cli.folder),
        "GITHUB_STEP_SUMMARY": str(cli.folder / "summary.md"),
        "GITHUB_OUTPUT": str(cli.folder / "outputs"),
    }
    return cli, env


def test_on_github_a_plan_has_a_summary_and_outputs(github):
    cli, env = github

    log = cli.ok("plan", "--ci", env=env)

    summary = (cli.folder / "summary.md").read_text()
    outputs = dict(line.split("=", 1) for line in (cli.folder / "outputs").read_text().split())
    assert log.startswith("::group::Plan: 2 to create\n")
    assert "\n::endgroup::\n" in log
    assert "A…" in summary
    assert not PERSON.search(summary)
    assert outputs["has-changes"] == "true"
    assert (outputs["creates"], outputs["deletes"]) == ("2", "0")
    assert outputs["digest"] in log
    assert outputs["digest"] in summary


NOWHERE = {
    "github": ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"],
    "azure": ["AGENT_TEMPDIRECTORY"],
    "gitlab": ["CI_PROJECT_DIR"],
}


@pytest.mark.parametrize("system", NOWHERE)
def test_a_file_that_cant_be_written_beside_the_log_ends_no_run(cli, system):
    env = {variable: str(cli.folder / "nowhere" / "x") for variable in NOWHERE[system]}

    for command in (["plan"], ["apply", "-y"], ["drift"]):
        done = cli.run(*command, "--ci", system, env=env)
        assert done.returncode == 0, done.stderr
        assert "can't be written" in done.stderr


def test_what_cant_be_planned_is_no_lack_of_changes(github, newer_photon):
    cli, env = github
    cli.ok("apply", "-y")
    newer_photon.add_faults("GET /projects/*/users/ : 500 : *")

    assert cli.run("plan", "--ci", env=env).returncode != 0

    outputs = cli.folder / "outputs"
    assert not outputs.exists() or "has-changes=false" not in outputs.read_text()


def test_no_error_or_warning_names_anybody_where_people_are_hidden(cli):
    cli.ok("plan", "--out", "p.json")
    cli.ok("apply", "-y")

    done = cli.run("apply", "-y", "p.json", "--redact", "people")

    assert done.returncode == 5
    assert not PERSON.search(done.stdout + done.stderr)


def test_no_report_is_written_over_a_plan(cli):
    cli.ok("plan", "--out", "p.json")
    before = (cli.folder / "p.json").read_bytes()

    for report in ("p.json", "./p.json"):
        assert cli.run("apply", "-y", "p.json", "--report", report).returncode == 64
    assert (cli.folder / "p.json").read_bytes() == before
    cli.ok("apply", "-y", "p.json", "--report", "r.json")
    report = (cli.folder / "r.json").read_text()
    (cli.folder / "r.json").write_text(
        report.replace('"kind": "user"', '"kind": "user", "x": "seal"')
    )
    cli.ok("apply", "-y", "--report", "r.json")


def test_what_is_wrong_is_annotated_on_its_line(github):
    cli, env = github
    cli.write(
        (cli.folder / "photon.yaml").read_text() + "  - {phoneNumber: +15551230001}\nwebhook: []\n"
    )

    for command in ("validate", "plan"):
        done = cli.run(command, "--ci", env=env)
        listed = done.stdout.splitlines()
        assert done.returncode == 3
        assert [re.search(r"line=\d+", line)[0] for line in listed] == ["line=5", "line=6"]
        assert all(line.startswith("::error file=photon.yaml,") for line in listed)
        assert not PERSON.search(done.stdout)


def test_what_speaks_against_a_plan_is_annotated(github):
    cli, env = github
    cli.write((cli.folder / "photon.yaml").read_text() + "limits: {maxCreates: 0}\n")

    log = cli.ok("plan", "--ci", "github", env=env)

    assert "::error file=photon.yaml,line=1,col=1,title=photonctl::1 users to create" in log


def test_results_for_programs_stay_whole(github):
    cli, env = github
    cli.write((cli.folder / "photon.yaml").read_text() + "limits: {maxCreates: 0}\n")

    done = cli.run("plan", "--ci", "--json", env=env)

    assert json.loads(done.stdout)["hasChanges"]
    assert "::error " in done.stderr


def test_on_gitlab_reports_are_written(cli):
    env = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(cli.folder)}
    log = cli.ok("plan", "--ci", env=env)
    cli.write((cli.folder / "photon.yaml").read_text() + "webhook: []\n")
    cli.run("validate", "--ci", env=env)

    (quality,) = json.loads((cli.folder / "gl-code-quality-report.json").read_text())
    assert json.loads((cli.folder / "tfplan.json").read_text()) == {
        "create": 2,
        "update": 0,
        "delete": 0,
    }
    assert "PHOTON_HAS_CHANGES=true\n" in (cli.folder / "plan.env").read_text()
    assert re.search(r"section_start:\d+:photonctl_plan\[collapsed=true\][\r\n]", log)
    assert quality["location"] == {"path": "photon.yaml", "lines": {"begin": 5}}


def test_on_azure_everything_is_a_line(cli):
    env = {"TF_BUILD": "True", "AGENT_TEMPDIRECTORY": str(cli.folder)}

    log = cli.ok("plan", "--ci", env=env)

    assert "##[group]Plan: 2 to create" in log
    assert "##vso[task.setvariable variable=has-changes;isOutput=true]true" in log
    path = re.search(r"##vso\[task.uploadsummary\](.+)", log)[1]
    assert not PERSON.search(Path(path).read_text())


def test_the_same_command_here_does_nothing_extra(cli):
    before = sorted(path.name for path in cli.folder.iterdir())

    plain, with_ci = cli.ok("plan"), cli.ok("plan", "--ci")

    assert plain.splitlines()[1:] == with_ci.splitlines()[1:]
    assert sorted(path.name for path in cli.folder.iterdir()) == before


@pytest.mark.parametrize("form", ["json", "gitlab", "sarif"])
def test_findings_are_printed_for_programs(cli, form):
    cli.write((cli.folder / "photon.yaml").read_text() + "webhook: []\n")

    done = cli.run("validate", "--format", form)

    assert done.returncode == 3
    assert "PH005" in json.dumps(json.loads(done.stdout))


def test_a_changed_table_leads_to_its_manifests(cli, name):
    (cli.folder / "teams").mkdir()
    table = cli.folder / "teams/team.csv"
    table.write_text("phoneNumber\n+15551230001\n+15551230001\n")
    text = f"version: 1\nproject: {{name: {name}}}\nusersFrom: [teams/team.csv]\n"
    cli.write(text)

    done = cli.run("validate", "teams/team.csv")
    table.rename(cli.folder / "teams/other.csv")
    lonely = cli.run("validate", "teams/other.csv")

    assert done.returncode == 3
    assert "teams/team.csv:3:1:" in done.stderr
    assert lonely.returncode == 0
    assert "no manifest in its folder or above names the table" in lonely.stderr


def test_a_code_is_explained(cli):
    assert cli.ok("explain", "ph012").startswith("PH012: ")
    assert "PH024" in cli.ok("explain")
    assert cli.run("explain", "PH999").returncode == 64


def test_manifests_are_formatted_checked_and_shown(cli):
    path = cli.folder / "photon.yaml"
    before = path.read_text()

    checked = cli.run("fmt", "--check")
    shown = cli.run("fmt", "--diff")
    piped = cli.run("fmt", "-", stdin=before)
    assert path.read_text() == before
    path.chmod(0o640)
    cli.ok("fmt")

    assert (checked.returncode, shown.returncode) == (1, 0)
    assert '+  - {phoneNumber: "+15551230001"' in shown.stdout
    assert piped.stdout == path.read_text() != before
    assert path.stat().st_mode & 0o777 == 0o640
    assert cli.run("fmt", "--check").returncode == 0
    assert "is valid" in cli.ok("validate")


def test_what_isnt_yaml_is_no_manifest_to_format(cli):
    (cli.folder / "bad.yaml").write_text("a: [")
    (cli.folder / "team.csv").write_text("phoneNumber\n")

    done = cli.run("fmt", "bad.yaml", "team.csv")

    assert done.returncode == 3
    assert done.stderr.startswith("bad.yaml:")
    assert (cli.folder / "bad.yaml").read_text() == "a: ["


def test_a_files_name_is_shown_and_does_nothing_to_a_terminal(cli):
    name = "\x1b]0;owned\x07\x1b[2Jx\r::error::y.yaml"
    cli.write("version: 1\nproject: {name: b}\nusers: [{phoneNumber: +15551230001}]\n", name)

    for args in (("fmt", "--check", "-f", "."), ("fmt", "--check", name), ("fmt", "-f", ".")):
        done = cli.run(*args)
        said = done.stdout + done.stderr
        assert "owned" in said
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]|^::", said, re.MULTILINE)


GITLAB = {"GITLAB_CI": "true", "CI": "true"}


@pytest.mark.parametrize("place", ["plan.env", "Plan.env", "a/plan.env"])
@pytest.mark.parametrize("what", ["secret", "credentials"])
def test_no_secret_is_stored_where_gitlabs_report_goes(cli, place, what):
    hook = f"{{url: 'https://bot.example.com/h', secret: {{envFile: {place}, key: BOT_SECRET}}}}"
    rest = {
        "secret": f"}}\nwebhooks: [{hook}]",
        "credentials": f", credentials: {{envFile: {place}}}}}",
    }
    cli.write(f"version: 1\nproject: {{name: p{rest[what]}\n")

    done = cli.run("apply", "-y", "--ci", env=GITLAB)

    assert done.returncode == 3
    assert "--ci gitlab overwrites" in done.stderr


@pytest.mark.parametrize("name", ["plan.env", "tfplan.json"])
def test_what_photonctl_hasnt_written_isnt_overwritten_by_a_report(cli, name):
    secret = "PHOTON_PROJECT_ID=p\nPHOTON_PROJECT_SECRET=only-copy\n"
    (cli.folder / name).write_text(secret)
    env = {**GITLAB, "CI_PROJECT_DIR": str(cli.folder)}

    done = cli.run("plan", "--ci", env=env)

    assert done.returncode == 5
    assert f"{name} is there and holds something else" in done.stderr
    assert (cli.folder / name).read_text() == secret
    (cli.folder / name).unlink()
    cli.ok("plan", "--ci", env=env)
    cli.ok("plan", "--ci", env=env)


def test_a_report_of_any_size_is_photonctls_own(cli):
    (cli.folder / "gl-code-quality-report.json").write_text(f"[{' ' * 2**21}]\n")

    cli.ok("validate", "--ci", env={**GITLAB, "CI_PROJECT_DIR": str(cli.folder)})

    assert (cli.folder / "gl-code-quality-report.json").read_text() == "[]\n"


def test_what_was_applied_counts_where_its_variables_cant_be_handed_on(cli):
    (cli.folder / "plan.env").write_text("ITS=own\n")

    done = cli.run("apply", "-y", "--ci", env={**GITLAB, "CI_PROJECT_DIR": str(cli.folder)})

    assert done.returncode == 0
    assert "Warning: what --ci shows beside the log can't be written: plan.env" in done.stderr
    assert (cli.folder / "plan.env").read_text() == "ITS=own\n"


def test_a_report_isnt_saved_over_a_secret_that_was_stored_meanwhile(cli):
    cli.write(
        "version: 1\nproject: {name: a-report}\nwebhooks:\n"
        "  - {url: 'https://bot.example.com/h', secret: {envFile: report, key: BOT_SECRET}}\n"
    )

    done = cli.run("apply", "-y", "--report", "report")

    assert done.returncode != 0
    assert "report is there and holds something else" in done.stderr
    assert "BOT_SECRET=" in (cli.folder / "report").read_text()
