"""The deployments that we offer: valid by the schemas of their systems, and by our own flags."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "examples/deploy"
BIN = Path(sys.executable).parent
UNITS = sorted((DEPLOY / "systemd").iterdir())
RETRIED, NOT_RETRIED = {1, 6, 130}, {3, 4, 5, 64}


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout + done.stderr


def documents():
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def unit(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(DEPLOY / "systemd" / name)
    return parser


def commands():
    """Yield each command line of ours, as words after ``photonctl``."""
    for document in documents():
        found = re.findall(r"'args': (\[.*?\])", str(document))
        yield from (yaml.safe_load(args) for args in found)
    for path in UNITS:
        for line in re.findall(r"^ExecStart=\S+ (.*)$", path.read_text(), re.MULTILINE):
            yield shlex.split(line)
    jobs = yaml.safe_load((DEPLOY / "github/fleet.yml").read_text())["jobs"]
    for step in (step for job in jobs.values() for step in job["steps"]):
        if step.get("run", "").startswith("photonctl "):
            yield shlex.split(step["run"].partition(" > ")[0])[1:]


@pytest.mark.parametrize("name", ["apply", "drift", "watch"])
def test_what_kubernetes_gets_is_strictly_valid(name):
    code, said = run(BIN / "kubernetes-validate", "--strict", DEPLOY / f"kubernetes/{name}.yaml")

    assert code == 0, said
    assert "passed" in said


def test_the_workflow_is_valid_and_no_weakness_of_it_is_known():
    path = DEPLOY / "github/fleet.yml"
    schema = ("--builtin-schema", "vendor.github-workflows")

    for words in (("check-jsonschema", *schema), ("zizmor", "--offline", "--no-progress")):
        code, said = run(BIN / words[0], *words[1:], path)
        assert code == 0, said


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_finds_nothing_wrong_with_a_unit(path, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze isn't installed")
    for one in UNITS:
        text = one.read_text().replace("/opt/photonctl/bin/photonctl", sys.executable)
        (tmp_path / one.name).write_text(text)

    code, said = run(analyze, "verify", tmp_path / path.name)

    assert (code, path.name in said) == (0, False), said


def test_every_command_line_has_only_flags_that_there_are():
    found = list(commands())

    assert len(found) == 7
    for words in found:
        code, said = run(BIN / "photonctl", *words, "--help")
        assert code == 0, said


def test_what_is_tried_again_are_the_codes_for_which_that_helps():
    (job,) = (d for d in documents() if d["kind"] == "Job")
    rules = {
        rule["action"]: set(rule["onExitCodes"]["values"])
        for rule in job["spec"]["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
    }
    units = [unit(path.name) for path in UNITS if path.suffix == ".service"]
    kept_down = [set(map(int, u["Service"]["RestartPreventExitStatus"].split())) for u in units]

    assert rules == {"FailIndex": NOT_RETRIED, "Count": RETRIED}
    assert job["spec"]["backoffLimitPerIndex"] > 0
    assert all(codes <= NOT_RETRIED for codes in kept_down)
    assert NOT_RETRIED in kept_down


def test_each_pod_knows_of_how_many_it_is_one():
    (job,) = (d for d in documents() if d["kind"] == "Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry["value"] for entry in container["env"]}

    assert job["spec"]["completionMode"] == "Indexed"
    assert env["JOB_COMPLETIONS"] == str(job["spec"]["completions"])
