import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.sinks.exec import ExecSink
from tests.conftest import wait_for

SECRETS = OneTimeSecrets(
    webhook_id="w_1", signing=Secret("signing-1"), standard=Secret("whsec_standard")
)


def script(tmp_path, body, name="keep"):
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return f"./{name}"


def test_the_command_gets_json_on_standard_input_and_nothing_in_its_arguments(tmp_path):
    word = script(tmp_path, 'cat > got.json; echo "$0 $@" > args')
    sink = ExecSink((word, "--as", "x"), tmp_path)

    sink.check_writable()
    assert not (tmp_path / "got.json").exists()  # it isn't run to find out
    sink.store(SECRETS)

    assert json.loads((tmp_path / "got.json").read_text()) == {
        "webhookId": "w_1",
        "signingSecret": "signing-1",
        "standardSigningSecret": "whsec_standard",
    }
    assert "signing-1" not in (tmp_path / "args").read_text()
    assert sink.stored_for("w_1") is Stored.UNKNOWN


def test_no_shell_looks_at_the_words(tmp_path):
    ExecSink(("touch", "$(echo x); y"), tmp_path).store(SECRETS)

    assert (tmp_path / "$(echo x); y").exists()
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("stream", [1, 2])
def test_a_failing_command_is_quoted_without_the_secrets(tmp_path, stream):
    word = script(tmp_path, f"echo refused >&{stream}; cat >&{stream}; exit 3")

    with pytest.raises(SinkError, match=r"exit code 3\): refused") as failure:
        ExecSink((word,), tmp_path).store(SECRETS)

    assert "signing-1" not in str(failure.value)
    assert "whsec_standard" not in str(failure.value)
    assert "plain word" in str(failure.value)


@pytest.mark.parametrize("way", ["sed s/whsec_//", "fold -w 7", "cut -c 9-", "rev | rev", "base64"])
def test_no_piece_of_a_secret_is_quoted(tmp_path, way):
    word = script(tmp_path, f"{way} >&2; exit 1")

    with pytest.raises(SinkError, match="…") as failure:
        ExecSink((word,), tmp_path).store(SECRETS)

    said = "".join(str(failure.value).split())
    assert not any(piece in said for piece in ("sign", "ing-1", "whsec", "stand", "dard"))


@pytest.mark.timeout(30)
def test_what_it_leaves_running_isnt_waited_for(tmp_path):
    word = script(tmp_path, "cat > kept; sleep 50 & exit 0")

    ExecSink((word,), tmp_path).store(SECRETS)

    assert (tmp_path / "kept").exists()


def test_a_talkative_command_is_read_to_a_bound(tmp_path):
    word = script(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x; exit 1")

    with pytest.raises(SinkError) as failure:
        ExecSink((word,), tmp_path).store(SECRETS)

    assert len(str(failure.value)) < 1000


def test_a_command_that_never_ends_is_ended(tmp_path):
    word = script(tmp_path, "exec sleep 600")

    with pytest.raises(SinkError, match="didn't end within"):
        ExecSink((word,), tmp_path, timeout_s=0.2).store(SECRETS)


@pytest.mark.timeout(30)
def test_what_such_a_command_began_is_ended_with_it(tmp_path):
    """It holds the command's output open, and would be waited for."""
    word = script(tmp_path, "sleep 600 & echo $! > begun; wait")

    with pytest.raises(SinkError, match="didn't end within"):
        ExecSink((word,), tmp_path, timeout_s=2).store(SECRETS)

    number = (tmp_path / "begun").read_text().strip()
    wait_for(lambda: not is_running(number))


def is_running(number):
    try:
        return ") Z " not in Path("/proc", number, "stat").read_text()  # Z: only its end is kept
    except OSError:
        return False


@pytest.mark.parametrize("word", ["./nowhere", "no-such-program-anywhere", "./plain", "a\0b"])
def test_a_command_that_cant_be_run_is_found_out_before(tmp_path, word):
    (tmp_path / "plain").write_text("no program")

    with pytest.raises(SinkNotWritable, match="isn't there, or can't be run"):
        ExecSink((word,), tmp_path).check_writable()
    with pytest.raises(SinkError):
        ExecSink((word,), tmp_path).store(SECRETS)


def test_it_cant_be_asked(tmp_path):
    with pytest.raises(SinkError, match="can't be asked"):
        ExecSink(("cat",), tmp_path).kept()


def storing(word, folder):
    """Store an older secret in another process."""
    code = (
        "from pathlib import Path; from photonctl.sinks.exec import ExecSink; "
        "from photonctl.model.secret import Secret; "
        "from photonctl.model.spec import OneTimeSecrets; "
        f"ExecSink(({word!r},), Path({str(folder)!r}))"
        ".store(OneTimeSecrets(webhook_id='w_old', signing=Secret('old')))"
    )
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.mark.timeout(60)
def test_a_command_that_outlives_photonctl_ends_before_another_begins(tmp_path):
    """A killed photonctl leaves its command running, which would store an older secret last."""
    word = script(tmp_path, "touch begun; while [ ! -e go ]; do sleep 0.05; done; cat > kept.json")
    first = storing(word, tmp_path)
    wait_for((tmp_path / "begun").exists)
    first.kill()
    first.wait()

    hasty = ExecSink((word,), tmp_path, timeout_s=0.3)
    with pytest.raises(SinkNotWritable, match="hasn't ended"):
        hasty.check_writable()
    (tmp_path / "go").touch()
    ExecSink((word,), tmp_path).store(SECRETS)

    assert json.loads((tmp_path / "kept.json").read_text())["webhookId"] == "w_1"


def test_what_a_command_leaves_running_holds_nothing_up(tmp_path):
    word = script(tmp_path, "cat > /dev/null; sleep 20 > /dev/null 2>&1 & echo $! > left")
    sink = ExecSink((word,), tmp_path, timeout_s=5)

    sink.store(SECRETS)
    sink.store(SECRETS)

    os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


def test_a_command_that_says_without_end_is_ended(tmp_path):
    word = script(tmp_path, "cat > /dev/null; exec cat /dev/zero")

    with pytest.raises(SinkError, match="says too much"):
        ExecSink((word,), tmp_path).store(SECRETS)


def test_two_webhooks_may_run_the_same_command_at_once(tmp_path):
    body = "touch $$.in; while [ $(ls *.in | wc -l) -lt 2 ]; do sleep 0.05; done; cat > $$.json"
    sink = ExecSink((script(tmp_path, body),), tmp_path, timeout_s=20)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(sink.store, [SECRETS, SECRETS]))

    assert len(list(tmp_path.glob("*.json"))) == 2


def test_what_a_failed_command_leaves_running_is_ended(tmp_path):
    os.mkfifo(tmp_path / "held")
    word = script(tmp_path, "exec 9> held; cat > /dev/null; sleep 600 & exit 1")

    with open(os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK), "rb") as held:  # noqa: PTH123
        with pytest.raises(SinkError):
            ExecSink((word,), tmp_path).store(SECRETS)
        os.set_blocking(held.fileno(), True)
        assert held.read() == b""  # nobody holds it any more
