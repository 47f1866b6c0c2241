"""Where output goes: closed pipes, narrow encodings, plain terminals, hang-ups."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest
import yaml

from tests.conftest import PHOTONCTL, wait_for

USER = "users: [{phoneNumber: +15550001111, firstName: Zoë}]\n"


def manifest(name, more=""):
    return f"version: 1\nproject: {{name: {name}}}\n{more}"


def unread(cli, *args):
    """Run with an output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [PHOTONCTL, *args], cwd=cli.folder, env=cli.env, stdout=writer,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("apply", "-y"), 0),
        (("apply", "-y", "--json"), 0),
        (("plan", "--detailed-exitcode"), 2),
        (("plan", "--json", "--detailed-exitcode"), 2),
        (("plan", "--format", "html"), 0),
        (("schema",), 0),
        (("completion", "bash"), 0),
        (("validate",), 0),
        (("doctor",), 0),
    ],
)
def test_an_output_that_nobody_reads_is_told_and_changes_no_exit_code(newer_cli, name, args, code):
    newer_cli.write(manifest(name))

    done = unread(newer_cli, *args)

    assert done.returncode == code
    assert done.stderr.count("The output was closed by its reader; the run itself went on.") == 1
    assert "Traceback" not in done.stderr


def test_an_apply_that_nobody_reads_is_carried_out(newer_cli, name):
    newer_cli.write(manifest(name))
    unread(newer_cli, "apply", "-y")

    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0
    assert unread(newer_cli, "export").returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_documents_are_utf_8_whatever_the_stream_is(newer_cli, name, encoding):
    name += "-Zoë"
    newer_cli.write(manifest(name, USER))

    def run(*args):
        return subprocess.run(
            [PHOTONCTL, *args], cwd=newer_cli.folder, capture_output=True, check=True,
            env={**newer_cli.env, "PYTHONIOENCODING": encoding},
        ).stdout.decode()  # fmt: skip

    for form in ("json", "markdown", "html"):
        assert "Zoë" in run("plan", "--format", form)
    assert "Zoë" in run("apply", "-y", "--json")
    assert yaml.safe_load(run("export", "--project", name))["users"][0]["firstName"] == "Zoë"
    assert yaml.safe_load(run("export", "--project", name, "-o", "-"))["users"]
    assert not (newer_cli.folder / "-").exists()
    assert json.loads(run("schema"))
    assert "version: 1" in run("init", "-f", "-")


def test_text_for_people_is_in_the_encoding_of_their_terminal(newer_cli, name):
    newer_cli.write(manifest(name, USER))

    shown = newer_cli.ok("plan", env={"PYTHONIOENCODING": "ascii"})

    assert "Zo\\xeb" in shown


def on_a_terminal(cli, term):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PHOTONCTL, "plan"], cwd=cli.folder, env={**cli.env, "TERM": term}, stdout=follower,
        stderr=follower,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            more = os.read(leader, 4096)
        except OSError:
            break
        shown += more
        if not more:
            break
    process.wait()
    os.close(leader)
    return shown


def test_a_dumb_terminal_gets_no_colour(newer_cli, name):
    newer_cli.write(manifest(name))

    assert b"\x1b" in on_a_terminal(newer_cli, "xterm")
    assert b"\x1b" not in on_a_terminal(newer_cli, "dumb")


@pytest.mark.parametrize("folder", ["123", "yes", "null", "a: b", "- x", "#x", "🤖", " "])
def test_a_starter_is_valid_whatever_its_folder_is_called(bare_cli, folder):
    bare_cli.folder /= folder
    bare_cli.folder.mkdir()
    bare_cli.ok("init", "-q")

    bare_cli.ok("validate")


def test_a_hang_up_finishes_what_is_in_flight(newer_cli, newer_photon, name):
    newer_cli.write(manifest(name))
    newer_photon.add_faults("POST /api/projects/ : slow-after=2 : 1")

    with newer_cli.running("apply", "-y") as apply:
        wait_for(lambda: any(line["method"] == "POST" for line in newer_photon.log()))
        apply.send_signal(signal.SIGHUP)
        told = apply.communicate()[1]

    assert apply.returncode == 130
    assert "Stopping after the requests in flight" in told
    assert "Traceback" not in told


def test_a_hang_up_that_is_ignored_from_the_start_stays_so(bare_cli):
    script = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "sys.argv = ['photonctl', 'validate']\n"
        "import atexit; atexit.register(lambda: print(repr(signal.getsignal(signal.SIGHUP))))\n"
        "import photonctl.cli.signals as stop; print(len(stop._SIGNALS))\n"
        "from photonctl.start import main; main()"
    )
    bare_cli.write(manifest("bot"))
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=bare_cli.folder, env=bare_cli.env,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.startswith("2\n")
    assert "SIG_IGN" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("module", ["photonctl.cli.main", "photonctl.cli.plan", "httpx"])
def test_a_signal_within_an_import_ends_the_command(bare_cli, module, name):
    bare_cli.write(manifest("bot"))
    script = (
        "import os, signal, sys\n"
        "class Finder:  # drops what is raised in it, as parts of Python do\n"
        "    def find_spec(self, name, *_):\n"
        f"        try: name == {module!r} and os.kill(os.getpid(), signal.{name})\n"
        "        except BaseException: pass\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.argv = ['photonctl', 'plan', '--emulator']\n"
        "from photonctl.start import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=bare_cli.folder, env=bare_cli.env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 130
    assert done.stderr.strip() == "Interrupted."


@pytest.mark.parametrize("module", ["yaml", "jsonschema", "click", "httpx"])
def test_a_library_that_is_missing_is_named(bare_cli, module):
    wrong = "nonsense: 1\n" if module == "jsonschema" else ""  # it words what is wrong, no more
    bare_cli.write(manifest("bot") + wrong)
    script = (
        f"import sys; sys.modules[{module!r}] = None; from photonctl.cli.main import run; "
        "sys.exit(run(['plan']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=bare_cli.folder,
        env={**bare_cli.env, "PHOTON_TOKEN": "t"}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert module in done.stderr
    assert "pip install --force-reinstall photonctl" in done.stderr
    assert "bug" not in done.stderr
