"""The pipelines, the action, the component and the hooks that we offer are what they should be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PHOTONCTL = BIN / "photonctl"


def run(*words, cwd):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    for system in ("github", "gitlab"):
        assert run(PHOTONCTL, "init", "--ci", system, cwd=folder)[0] == 0
    return folder


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", ".github/workflows/photon.yml"),
        ("vendor.gitlab-ci", ".gitlab-ci.yml"),
        ("vendor.github-actions", ROOT / "action.yml"),
    ],
)
def test_what_is_offered_keeps_to_its_schema(written, schema, path):
    code, said = run(BIN / "check-jsonschema", "--builtin-schema", schema, path, cwd=written)

    assert code == 0, said


@pytest.mark.parametrize("path", [".github/workflows/photon.yml", ROOT / "action.yml"])
def test_no_weakness_is_known_of_workflow_and_action(written, path):
    code, said = run(BIN / "zizmor", "--offline", "--no-progress", path, cwd=written)

    assert code == 0, said


def test_a_component_is_the_pipeline_with_inputs(written):
    spec, jobs = yaml.safe_load_all((ROOT / "templates/photonctl.yml").read_text())
    pipeline = yaml.safe_load((written / ".gitlab-ci.yml").read_text())

    inputs = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", str(jobs)))
    scripts = [line for job in jobs.values() for line in job.get("script", [])]
    plain = {"manifest": "photon.yaml", "label": "production"}
    filled = [re.sub(r'"\$\[\[ inputs\.(\w+) \]\]"', lambda m: plain[m[1]], x) for x in scripts]
    assert inputs == set(spec["spec"]["inputs"])
    assert filled == [line for job in pipeline.values() for line in job.get("script", [])]


def test_hooks_run_on_what_they_are_for(tmp_path):
    hooks = {
        hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    }
    (tmp_path / "photon.yaml").write_text(
        "version: 1\nproject: {name: bot}\nusersFrom: [team.csv]\n"
    )
    (tmp_path / "team.csv").write_text("phoneNumber\n+15551230001\n")
    names = ["photon.yaml", "photon-prod.yml", "photon/team.csv", "src/photon/a.yaml", "readme.md"]

    matched = [name for name in names if re.search(hooks["photonctl-validate"]["files"], name)]
    for hook in hooks.values():
        words = hook["entry"].split()
        code, said = run(BIN / words[0], *words[1:], "photon.yaml", "team.csv", cwd=tmp_path)
        assert code == 0, said
        code, said = run(BIN / words[0], *words[1:], "-f/other/photon.yaml", cwd=tmp_path)
        assert "No such option" not in said
        assert "-f/other/photon.yaml" in said  # a file of that name, which isn't there

    assert matched == names[:4]


def test_a_pipeline_isnt_written_over_another_one(written):
    before = (written / ".gitlab-ci.yml").read_text()
    (written / ".gitlab-ci.yml").write_text("mine: {}\n")

    code, said = run(PHOTONCTL, "init", "--ci", "gitlab", cwd=written)

    assert (code, "--force" in said) == (5, True)
    assert (written / ".gitlab-ci.yml").read_text() == "mine: {}\n"
    assert run(PHOTONCTL, "init", "--ci", "gitlab", "--force", cwd=written)[0] == 0
    assert (written / ".gitlab-ci.yml").read_text() == before


@pytest.mark.parametrize(
    ("given", "manifest", "paths"),
    [
        ("photon.yaml", "photon.yaml", ["photon.yaml", "**.csv"]),
        ("./prod/", "prod", ["prod/**"]),
        ("prod/a.yaml", "prod/a.yaml", ["prod/**"]),
    ],
)
def test_paths_are_as_the_repository_has_them(tmp_path, given, manifest, paths):
    assert run(PHOTONCTL, "init", "--ci", "github", "-f", given, cwd=tmp_path)[0] == 0

    text = (tmp_path / ".github/workflows/photon.yml").read_text()
    assert yaml.safe_load(text)[True]["push"]["paths"] == paths
    assert f"validate -f {manifest} " in text


@pytest.mark.parametrize(
    "name",
    ["a'b.yaml", "${{ x }}.yaml", "a\nb.yaml", 'a"b', "a: b/p.yaml", "-", "../p.yaml", "/p.yaml"],
)
def test_a_name_cant_write_into_a_pipeline(tmp_path, name):
    assert run(PHOTONCTL, "init", "--ci", "github", "-f", name, cwd=tmp_path)[0] == 64


@pytest.mark.parametrize(
    "path", [".github/workflows/photon.yml", ".gitlab-ci.yml", ROOT / "templates/photonctl.yml"]
)
def test_a_report_of_the_repository_is_removed_before_anything_can_fail(written, path):
    """What ends a job says how it ended; a file that somebody has committed must not."""
    before, _, after = (written / path).read_text().partition("rm -f report.json")

    assert "--report report.json" in after
    job = before.rpartition("  apply:" if path == ".github/workflows/photon.yml" else "script:")[2]
    assert "pip install" not in job


@pytest.mark.parametrize("path", [".gitlab-ci.yml", ROOT / "templates/photonctl.yml"])
def test_gitlab_gets_no_report_that_the_repository_brings(written, path):
    """A job that fails uploads the files under these names, whoever made them."""
    text = (written / path).read_text()
    removed = re.search(r"rm -f (.*)", text)[1].split()

    named = re.findall(r"^      (?:terraform|codequality|dotenv): (.+)$", text, re.MULTILINE)
    assert len(named) == 3
    assert set(named) <= set(removed)
