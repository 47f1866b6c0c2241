"""The pipelines that `photonctl init --ci` writes, played step by step from pull request to drift.

Each job's own shell steps run in order, against the emulator and a small forge; only `pip` is a
stand-in, since photonctl is installed already.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from photonctl.commenting import State, marker_of
from tests.support.forge import TOKEN, running_forge

PEOPLE = re.compile(r"\+1555\d{7}|\bAda\b|Lovelace|\bBob\b|ada@|bob@|owner@")
FIRST = """\
version: 1
project: {{name: {name}}}
users:
  - {{phoneNumber: +15551230001, firstName: Ada, lastName: Lovelace, email: ada@example.com}}
webhooks: [{{url: https://bot.example.com/hook, secret: {{envFile: .env, key: BOT}}}}]
"""
SECOND = FIRST + "limits: {{maxDeletes: 5}}\n"
MORE = "  - {{phoneNumber: +15551230002, firstName: Bob, email: bob@example.com}}\n"
_EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")


class Player:
    """One repository, its pipeline, and what was shown to others."""

    def __init__(self, cli, forge, system):
        self.cli = cli
        self.forge = forge
        self.system = system
        self.folder = cli.folder
        self.seen = []
        self.secrets = {
            "PHOTON_TOKEN": cli.env["PHOTON_TOKEN"],
            "PHOTONCTL_PLAN_KEY": "plan-key-0123456789",
            "GITLAB_TOKEN": TOKEN,
        }
        tools = cli.folder.parent / "tools"
        tools.mkdir()
        (tools / "pip").write_text("#!/bin/sh\nexit 0\n")
        (tools / "pip").chmod(0o755)
        self.path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        cli.ok("init", "--ci", system)

    def commit(self, text, head):
        """Write a manifest as the newest commit of the pull request."""
        self.cli.write(text)
        self.forge.head = head * 40

    def play(self, job, *, stops_after=None):
        """Run a job's steps; returns the exit code of the step that failed, and the whole log."""
        log = ""
        for name, script, env, _ in self.steps(job):
            done = subprocess.run(
                ["bash", "-e", "-c", script],
                cwd=self.folder,
                env={**self.base(job), **env},
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            log += done.stdout + done.stderr
            self.look(done.stdout)
            if done.returncode:
                self.play_final(job)
                return done.returncode, log
            if stops_after is not None and stops_after in name:
                break
        return 0, log

    def look(self, out):
        """Keep what others would read: annotations; summaries and comments are read at the end."""
        self.seen += [line for line in out.splitlines() if line.startswith("::")]

    def shown(self):
        """Return everything that others can read."""
        files = ("summary.md", "gl-code-quality-report.json", "tfplan.json", "plan.env", "outputs")
        kept = [(self.folder / f).read_text() for f in files if (self.folder / f).exists()]
        comments = [row["body"] for row in self.forge.comments]
        issues = [f"{row['title']}\n{row['body']}" for row in self.forge.issues]
        return "\n".join([*self.seen, *kept, *comments, *issues])

    def base(self, job):
        known = {**self.cli.env, "PATH": self.path, "CI": "true", "LANG": "C.UTF-8"}
        known.pop("PHOTON_TOKEN")
        return {**known, **self.runner(job)}


class GitHub(Player):
    ids = ("validate", "plan", "apply", "drift")

    def runner(self, job):
        ref = {} if job in ("validate", "plan") else {"GITHUB_REF": "refs/heads/main"}
        env = self.forge.github(**ref)
        env.pop("GITHUB_TOKEN")
        files = {"GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "outputs"}
        return {
            **env,
            "GITHUB_WORKSPACE": str(self.folder),
            **{name: str(self.folder / file) for name, file in files.items()},
        }

    def steps(self, job):
        flow = yaml.safe_load((self.folder / ".github/workflows/photon.yml").read_text())
        for step in flow["jobs"][job]["steps"]:
            is_final = "always()" in str(step.get("if", ""))
            if "run" in step and (not is_final or (self.folder / "report.json").exists()):
                env = {name: self.value(value) for name, value in (step.get("env") or {}).items()}
                yield step["name"], step["run"], env, is_final

    def play_final(self, job):
        for _, script, env, is_final in self.steps(job):
            if is_final:
                subprocess.run(
                    ["bash", "-e", "-c", script],
                    cwd=self.folder,
                    env={**self.base(job), **env},
                    capture_output=True,
                    timeout=100,
                    check=False,
                )

    def value(self, text):
        def found(match):
            kind, _, name = match[1].partition(".")
            return TOKEN if match[1] == "github.token" else self.secrets[name] if kind else ""

        return _EXPRESSION.sub(found, text)

    def open_pull_request(self):
        code, log = self.play("validate")
        return (code, log) if code else self.play("plan")


class GitLab(Player):
    def runner(self, job):
        env = self.forge.gitlab(CI_PROJECT_DIR=str(self.folder))
        if job != "plan":
            env.pop("CI_MERGE_REQUEST_IID")
        return {**env, **self.secrets}

    def steps(self, job):
        flow = yaml.safe_load((self.folder / ".gitlab-ci.yml").read_text())
        lines = [*flow[".photon"]["before_script"], *flow[f"photon:{job}"]["script"]]
        for line in (*lines, *self.after(job)):
            yield line, line, {}, False

    def after(self, job):
        flow = yaml.safe_load((self.folder / ".gitlab-ci.yml").read_text())
        return flow[f"photon:{job}"].get("after_script", [])

    def play_final(self, job):
        for script in self.after(job):
            env = self.base(job)
            subprocess.run(
                ["bash", "-c", script], cwd=self.folder, env=env, capture_output=True, check=False
            )

    def open_pull_request(self):
        return self.play("plan")


@pytest.fixture(params=[GitHub, GitLab], ids=["github", "gitlab"])
def player(request, newer_cli):
    with running_forge() as forge:
        system = request.param.__name__.lower()
        yield request.param(newer_cli, forge, system)


def states(player):
    return [marker_of(row["body"]).state for row in player.forge.comments]


def test_from_pull_request_to_drift(player, name):
    cli, forge = player.cli, player.forge

    # A pull request with a mistake is annotated on its line, and not planned.
    player.commit(FIRST.format(name=name) + "webhook: []\n", "1")
    code, log = player.open_pull_request()
    assert code == 3
    assert "PH005" in log
    assert forge.comments == []

    # Repaired, it is planned and commented; a newer push outdates that, and is planned again.
    player.commit(FIRST.format(name=name), "2")
    assert player.open_pull_request()[0] == 0
    assert states(player) == [State.PLANNED]
    more = FIRST.replace("webhooks:", f"{MORE}webhooks:").format(name=name)
    player.commit(more, "3")
    assert player.play("plan", stops_after="utdate")[0] == 0
    assert states(player) == [State.OUTDATED]
    assert player.open_pull_request()[0] == 0
    assert states(player) == [State.PLANNED]

    # Merged: exactly that is applied, and said.
    code, log = player.play("apply")
    assert (code, states(player)) == (0, [State.APPLIED]), log
    assert len(forge.comments) == 1
    assert "No changes" in cli.ok("plan")

    # Somebody changes live state: an issue says so, until it is as declared again.
    before = (cli.folder / "photon.yaml").read_text()
    cli.write(before.replace("firstName: Bob", "firstName: Eve"))
    cli.ok("apply", "-y")
    cli.write(before)
    assert player.play("drift")[0] == 0
    assert [row["is_open"] for row in forge.issues] == [True]
    cli.ok("apply", "-y")
    assert player.play("drift")[0] == 0
    assert [row["is_open"] for row in forge.issues] == [False]

    shown = player.shown()
    assert not PEOPLE.search(shown), PEOPLE.search(shown)
    assert not any(secret in shown for secret in player.secrets.values())
    assert not any(secret in shown for secret in cli.env_file().values() if len(secret) > 40)


def planned(player, name):
    player.commit(FIRST.format(name=name), "2")
    assert player.open_pull_request()[0] == 0


def test_another_plan_than_the_approved_one_isnt_applied(player, name):
    planned(player, name)
    player.cli.write(FIRST.replace("+15551230001", "+15551230003").format(name=name))

    code, log = player.play("apply")

    assert code == 5
    assert "isn't the one that was approved" in log
    assert states(player) == [State.PLANNED]
    assert f'"{name}" (not live yet)' in player.cli.ok("plan")


def test_a_push_after_the_plan_isnt_applied(player, name):
    planned(player, name)
    player.forge.head = "9" * 40

    code, log = player.play("apply")

    assert code == 5
    assert "was merged" in log


def test_somebody_elses_comment_approves_nothing(player, name):
    planned(player, name)
    player.forge.comments[0]["author"] = "mallory"

    code, log = player.play("apply")

    assert code == 5
    assert "no plan of these changes was approved" in log


def test_what_is_above_a_limit_isnt_applied(player, name):
    player.commit(FIRST.format(name=name) + "limits: {maxCreates: 0}\n", "2")
    assert player.open_pull_request()[0] == 0
    assert "Refused by apply" in player.forge.comments[0]["body"]

    code, log = player.play("apply")

    assert code == 5
    assert "limits.maxCreates" in log


def test_a_failed_apply_is_said(player, name, newer_photon):
    planned(player, name)
    (player.folder / "photon.yaml").write_text(FIRST.format(name=name))
    newer_photon.add_faults("POST /projects/*/webhooks/ : succeed-false : *")

    code, _ = player.play("apply")

    assert code == 6
    assert states(player) == [State.FAILED]
    assert not PEOPLE.search(player.shown())


def test_where_nothing_is_to_be_done_nothing_is_said_and_applied(player, name):
    player.cli.write(FIRST.format(name=name))
    player.cli.ok("apply", "-y")
    planned(player, name)
    assert player.forge.comments == []

    code, log = player.play("apply")

    assert code == 0, log
    assert player.forge.comments == []


@pytest.mark.parametrize("edit", ["digest", "host"])
def test_no_edited_plan_and_none_from_elsewhere_is_applied(newer_cli, name, edit):
    cli = newer_cli
    cli.env["PHOTONCTL_PLAN_KEY"] = "plan-key-0123456789"
    cli.write(FIRST.format(name=name))
    cli.ok("plan", "--out", "plan.json")
    path = cli.folder / "plan.json"
    data = json.loads(path.read_text())
    if edit == "host":
        data["projects"][0]["hosts"]["spectrum"] = "https://elsewhere.example"
    else:
        data["projects"][0]["actions"][0]["spec"]["name"] = "other"
    path.write_text(json.dumps(data))

    assert cli.run("apply", "plan.json", "-y").returncode == 5
