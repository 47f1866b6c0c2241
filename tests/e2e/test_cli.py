"""The command line itself: streams, exit codes, help, what it loads and what it asks for."""

import json
import subprocess
import sys

import pytest
import yaml

from tests.conftest import PHOTONCTL, Cli

COMMANDS = [
    *("init", "validate", "plan", "apply", "destroy"),
    *("export", "schema", "emulator", "completion"),
]
PLAIN = "version: 1\nproject: {{name: {name}, platforms: [imessage]}}\n"


def test_version(bare_cli):
    done = bare_cli.run("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, "photonctl 0.1.0\n", "")


def test_help_lists_every_command(bare_cli):
    shown = bare_cli.ok("--help")

    assert all(f"\n  {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(bare_cli, command):
    shown = bare_cli.ok(command, "--help")

    assert "Example" in shown
    assert f"photonctl {command}" in shown


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["plam"],
        ["plan", "--no-such-flag"],
        ["plan", "--rate", "-1"],
        ["plan", "--format", "pdf"],
        ["apply", "-f", "photon.yaml", "plan.json"],
        ["completion"],
        ["completion", "tcsh"],
        ["emulator", "--port", "99999"],
        ["emulator", "--fault", "nonsense"],
    ],
)
def test_wrong_usage_is_64_or_a_plain_error(bare_cli, args):
    done = bare_cli.run(*args)

    assert done.returncode == (1 if "--fault" in args else 64)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_misspelt_command_gets_a_suggestion(bare_cli):
    assert 'Did you mean "plan"?' in bare_cli.run("plam").stderr


def test_validate_is_offline_and_counts(bare_cli):
    bare_cli.write(PLAIN.format(name="x") + "users: [{phoneNumber: +15551234567}]\n")

    assert bare_cli.ok("validate") == 'photon.yaml: "x" is valid: 1 user, 0 webhooks\n'


def test_a_broken_manifest_is_3_and_on_standard_error(bare_cli):
    bare_cli.write("version: 1\nproject: {name: x}\nusers: [{phoneNumber: '5551234567'}]\n")

    for command in ("validate", "plan", "apply", "destroy"):
        done = bare_cli.run(command)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith('photon.yaml:3:23: "5551234567" is not an E.164 number.')
        assert "users: [{phoneNumber: '5551234567'}]" in done.stderr


def test_a_missing_manifest_says_how_to_begin(bare_cli):
    done = bare_cli.run("plan")

    assert done.returncode == 3
    assert "photonctl init" in done.stderr


def test_init_writes_a_manifest_that_can_be_applied(bare_cli):
    bare_cli.ok("init")
    assert bare_cli.run("init").returncode == 5
    bare_cli.ok("init", "--force")

    bare_cli.ok("apply", "--emulator", "-y")

    assert bare_cli.run("plan", "--emulator", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("linked", [".github", ".github/workflows"])
def test_a_pipeline_isnt_written_through_a_link(bare_cli, tmp_path, linked):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (bare_cli.folder / linked).parent.mkdir(exist_ok=True)
    (bare_cli.folder / linked).symlink_to(elsewhere)

    done = bare_cli.run("init", "--ci", "github")

    assert done.returncode == 5
    assert "symbolic link" in done.stderr
    assert list(elsewhere.iterdir()) == []


def test_schema_is_the_file_that_validate_uses(bare_cli):
    schema = json.loads(bare_cli.ok("schema"))

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["$defs"]) >= {"project", "user", "webhook"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_complete_this_command(bare_cli, shell):
    assert "_PHOTONCTL_COMPLETE" in bare_cli.ok("completion", shell)


def test_completion_knows_commands_and_flags(bare_cli):
    def complete(words, index):
        env = {"_PHOTONCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": index}
        return bare_cli.run(env=env).stdout

    assert "plain,plan\n" in complete("photonctl pl", "1")
    assert "--detailed-exitcode" in complete("photonctl plan --det", "2")


@pytest.mark.parametrize(
    ("env", "code", "told"),
    [
        ({}, 4, "no dashboard token"),
        ({"PHOTON_TOKEN": "pho_1234567890"}, 4, "separate v1 API"),
        ({"PHOTON_TOKEN": "two words"}, 4, "holds no token"),
        ({"PHOTON_TOKEN": "t", "PHOTON_API_HOST": "https://x.example"}, 5, "PHOTON_API_HOST"),
        ({"PHOTON_TOKEN": "t", "PHOTON_DASHBOARD_HOST": "http://x.example"}, 64, "plain http"),
        ({"PHOTON_TOKEN": "t", "PHOTON_SPECTRUM_HOST": "x.example"}, 64, "no base URL"),
        ({"PHOTON_TOKEN": "t", "PHOTON_SPECTRUM_HOST": "https://a:b@x.example"}, 64, "password"),
        (
            {"PHOTON_PROJECT_ID": "x", "PHOTON_PROJECT_SECRET": "pho_12345678"},
            4,
            "separate v1 API",
        ),
    ],
)
def test_nothing_is_sent_without_a_clear_host_and_a_credential(bare_cli, env, code, told):
    bare_cli.write(PLAIN.format(name="x"))

    done = bare_cli.run("plan", env=env)

    assert (done.returncode, told in done.stderr) == (code, True), done.stderr


def test_a_wrong_token_is_4_and_says_who_rejected_it(cli):
    cli.write(PLAIN.format(name="x"))

    done = cli.run("apply", "-y", env={"PHOTON_TOKEN": "expired-token-of-mine"})

    assert done.returncode == 4
    assert "token" in done.stderr
    assert "expired-token-of-mine" not in done.stderr + done.stdout


def test_a_dead_host_is_1(bare_cli):
    bare_cli.write(PLAIN.format(name="x"))
    env = {
        "PHOTON_DASHBOARD_HOST": "http://127.0.0.1:9",
        "PHOTON_SPECTRUM_HOST": "http://127.0.0.1:9",
        "PHOTON_TOKEN": "t",
    }

    done = bare_cli.run("plan", "--timeout", "0.2", env=env)

    assert done.returncode == 1
    assert "can't connect" in done.stderr


def test_results_go_to_stdout_and_the_rest_to_stderr(newer_cli, name):
    newer_cli.write(PLAIN.format(name=name))

    done = newer_cli.run("apply", "-y")
    quiet = newer_cli.run("plan", "-q")

    assert "applied: 2 created" in done.stdout
    assert f"project {name}: created" in done.stderr
    assert "\x1b[" not in done.stdout + done.stderr
    assert (quiet.stderr, "No changes." in quiet.stdout) == ("", True)


def test_json_is_all_that_stdout_gets(newer_cli, name):
    newer_cli.write(PLAIN.format(name=name))

    plan = json.loads(newer_cli.ok("plan", "--json"))
    report = json.loads(newer_cli.ok("apply", "-y", "--json"))

    assert (plan["formatVersion"], plan["hasChanges"]) == (1, True)
    assert (report["formatVersion"], report["converged"]) == (1, True)


def test_the_same_inputs_give_the_same_bytes(newer_cli, name):
    people = "".join(f"  - {{phoneNumber: +1555100{i:04d}}}\n" for i in range(30))
    newer_cli.write(PLAIN.format(name=name) + "users:\n" + people)
    newer_cli.ok("apply", "-y")
    newer_cli.write(PLAIN.format(name=name) + "users: []\n")

    first, second = (newer_cli.ok("plan", "--json") for _ in range(2))

    assert first == second
    assert '"delete": 30' in first


@pytest.mark.parametrize(
    ("form", "escaped"),
    [("markdown", "&lt;script&gt;"), ("html", "&lt;script&gt;"), ("text", "<script>")],
)
def test_plans_in_other_forms_escape_what_is_foreign(newer_cli, newer_photon, name, form, escaped):
    newer_cli.write(PLAIN.format(name=name) + "users: [{phoneNumber: +15550002222}]\n")
    newer_cli.ok("apply", "-y")
    with newer_photon.spectrum(name) as spectrum:
        evil = {"firstName": "\x1b[31m<script>|x|", "phoneNumber": "+15550002222", "type": "shared"}
        spectrum.post("/users/", json=evil)
    newer_cli.write(
        PLAIN.format(name=name) + "users: [{phoneNumber: +15550002222, firstName: Ada}]\n"
    )

    shown = newer_cli.ok("plan", "--format", form)

    assert escaped in shown
    assert "\x1b" not in shown


def test_a_plan_can_be_piped_into_something_that_stops_reading(newer_cli, name):
    newer_cli.write(PLAIN.format(name=name))
    plan = subprocess.Popen(
        [PHOTONCTL, "plan"],
        cwd=newer_cli.folder,
        env=newer_cli.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    plan.stdout.close()

    _, told = plan.communicate(timeout=60)

    assert "Traceback" not in told


def test_export_to_a_file_never_overwrites(newer_cli, name):
    newer_cli.write(PLAIN.format(name=name) + "users: [{phoneNumber: +15550002222}]\n")
    newer_cli.ok("apply", "-y")

    newer_cli.ok("export", "--project", name, "-o", "live.yaml")

    document = yaml.safe_load((newer_cli.folder / "live.yaml").read_text())
    assert document["project"]["name"] == name
    assert document["users"] == [{"phoneNumber": "+15550002222"}]
    assert newer_cli.run("export", "--project", name, "-o", "live.yaml").returncode == 5
    assert newer_cli.run("plan", "-f", "live.yaml", "--detailed-exitcode").returncode == 0


def test_export_of_an_unknown_project_names_the_known_ones(newer_cli, name):
    newer_cli.write(PLAIN.format(name=name))
    newer_cli.ok("apply", "-y")

    done = newer_cli.run("export", "--project", "nobody")

    assert done.returncode == 5
    assert f'"{name}"' in done.stderr


def test_a_small_plan_takes_at_most_5_requests_and_an_apply_one_more_per_action(
    newer_cli, newer_photon, name
):
    text = PLAIN.format(name=name).replace("[imessage]", "[imessage], profile: {firstName: A}")
    newer_cli.write(text + "users: [{phoneNumber: +15550002222}]\nwebhooks: []\n")
    newer_cli.ok("apply", "-y")
    newer_photon.clear()

    newer_cli.ok("plan")

    assert len(newer_photon.log()) <= 5
    plan = len(newer_photon.log())
    newer_cli.write(text + "users: [{phoneNumber: +15550003333}]\nwebhooks: []\n")
    newer_photon.clear()
    newer_cli.ok("apply", "-y")
    read_back = 2  # the projects and the users: what the two actions touched… and no more
    others = 3  # get-session, and the kinds that were compared: webhooks and profile
    assert len(newer_photon.log()) <= plan + 2 + read_back + others


LIGHT = {"httpx", "yaml", "jsonschema", "deepdiff", "asyncio", "starlette", "uvicorn", "sqlite3"}


@pytest.mark.parametrize(
    ("args", "allowed"),
    [
        (["--version"], set()),
        (["--help"], set()),
        (["schema"], set()),
        (["completion", "bash"], {"asyncio"}),  # click's
        (["validate"], {"yaml", "jsonschema"}),
        (["plan"], {"yaml", "jsonschema", "httpx", "asyncio"}),
    ],
)
def test_heavy_libraries_are_loaded_by_whoever_needs_them(newer_cli, name, args, allowed):
    newer_cli.write(PLAIN.format(name=name))
    newer_cli.ok("apply", "-y")

    loaded = modules_of(newer_cli, args)

    assert loaded & LIGHT <= allowed


def modules_of(cli: Cli, args: list[str]) -> set[str]:
    """Run a command in a fresh interpreter, and return the top-level modules it loaded."""
    script = (
        "import sys, contextlib, io\n"
        "from photonctl.cli.main import run\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = run({args!r})\n"
        "assert code == 0, code\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    env = {k: v for k, v in cli.env.items() if not k.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=cli.folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("args", ["schema", "validate", "--help"])
def test_an_output_that_is_full_is_told(bare_cli, args):
    bare_cli.write(PLAIN.format(name="x"))
    done = in_shell(bare_cli, f"{args} > /dev/full")

    assert done.returncode == 1
    assert "the output can't be written: No space left on device" in done.stderr


def test_a_closed_input_or_output_is_no_bug(bare_cli):
    bare_cli.write(PLAIN.format(name="x"))

    assert in_shell(bare_cli, "validate <&-").returncode == 0
    assert in_shell(bare_cli, "validate >&-").returncode == 0


def in_shell(cli, command):
    return subprocess.run(
        ["/bin/sh", "-c", f"{PHOTONCTL} {command}"],
        cwd=cli.folder,
        env=cli.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_init_writes_what_is_live(newer_cli, name):
    newer_cli.write(
        f"version: 1\nproject: {{name: {name}}}\nusers: [{{phoneNumber: +15551230001}}]\n"
    )
    newer_cli.ok("apply", "-y")
    newer_cli.ok("init", "--from-live", "-f", "live.yaml")

    assert "+15551230001" in (newer_cli.folder / "live.yaml").read_text()
    assert newer_cli.run("init", "--from-live", "-f", "live.yaml").returncode == 5
    assert newer_cli.run("init", "--from-live", "--ci", "github").returncode == 64
