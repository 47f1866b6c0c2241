from threading import Event, Thread

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from msgspec.structs import replace

from photonctl.deadline import give_up
from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.sinks.keyring import KeyringSink


def secrets(webhook_id="w_1", signing="s", standard="t"):
    return OneTimeSecrets(
        webhook_id=webhook_id,
        signing=Secret(signing) if signing else None,
        standard=Secret(standard) if standard else None,
    )


def test_three_entries_of_one_service(memory):
    sink = KeyringSink("bots", "HOOK")
    sink.check_writable()
    assert memory.kept == {}
    sink.store(secrets())

    assert memory.kept == {
        ("bots", "HOOK"): "s",
        ("bots", "HOOK_STANDARD"): "t",
        ("bots", "HOOK_WEBHOOK_ID"): "w_1",
    }
    assert (sink.stored_for("w_1"), sink.stored_for("w_2")) == (Stored.ALL, Stored.OTHER)
    assert sink.kept().signing == Secret("s")


def test_nothing_stored_is_nothing(memory):
    sink = KeyringSink("bots", "HOOK")

    assert (sink.stored_for("w_1"), sink.kept()) == (Stored.NOTHING, None)


def test_a_rotation_keeps_the_older_secret_of_the_same_registration_only(memory):
    sink = KeyringSink("bots", "HOOK")
    sink.store(secrets())
    sink.store(secrets(signing=None, standard="t2"))
    assert replace(sink.kept(), given_at=None) == secrets(standard="t2")

    sink.store(secrets(webhook_id="w_2", signing=None, standard="t3"))
    found = replace(sink.kept(), given_at=None)
    assert found == secrets(webhook_id="w_2", signing=None, standard="t3")
    assert sink.stored_for("w_2") is Stored.STANDARD


def test_a_keyring_that_refuses_is_named_without_what_it_was_given(memory):
    sink = KeyringSink("bots", "HOOK")
    memory.refuses = True

    with pytest.raises(SinkNotWritable, match="KeyringError"):
        sink.check_writable()
    with pytest.raises(SinkError) as failure:
        sink.store(secrets(signing="hunter2"))
    assert "hunter2" not in str(failure.value)


def test_no_keyring_at_all():
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    sink = KeyringSink("bots", "HOOK")
    try:
        with pytest.raises(SinkNotWritable, match="no keyring"):
            sink.check_writable()
        with pytest.raises(SinkError):
            sink.kept()
        assert sink.stored_for("w_1") is Stored.UNREADABLE
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize("suffix", ["PROBE", "STANDARD", "WEBHOOK_ID"])
def test_proving_it_writable_touches_no_entry(memory, suffix):
    memory.kept = {("bots", f"HOOK_{suffix}"): "somebody's"}

    KeyringSink("bots", "HOOK").check_writable()

    assert memory.kept == {("bots", f"HOOK_{suffix}"): "somebody's"}


def test_an_id_without_a_secret_is_somebody_elses(memory):
    KeyringSink("bots", "HOOK_WEBHOOK_ID").store(secrets("w_other", signing="secret-of-another"))
    sink = KeyringSink("bots", "HOOK")

    assert sink.stored_for("w_1") is Stored.OTHER
    assert sink.kept("w_1") == OneTimeSecrets(webhook_id="")


def test_an_id_of_its_own_without_a_secret_is_nothing(memory):
    memory.kept = {("bots", "HOOK_WEBHOOK_ID"): "w_1"}

    assert KeyringSink("bots", "HOOK").stored_for("w_1") is Stored.NOTHING


def test_a_keyring_that_waits_to_be_unlocked_isnt_waited_for_once_a_signal_comes(memory):
    has_begun, never = Event(), Event()

    def waits(*_):
        has_begun.set()
        never.wait()

    memory.get_password = waits
    Thread(target=lambda: has_begun.wait() and give_up(), daemon=True).start()

    with pytest.raises(SinkError, match="doesn't answer") as failure:
        KeyringSink("bots", "HOOK").kept()

    assert "Unlock it" in failure.value.hint
    never.set()
