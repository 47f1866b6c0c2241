"""Of the secrets that were stored for a webhook, only the last one counts, wherever it went."""

import asyncio
import json
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import PhotonctlError, RateLimited, RefusedError, SinkError, UnknownShape
from photonctl.journal import Journal, rotation_of
from photonctl.model.held import kept_line, read_record
from photonctl.model.plan import SecretStep
from photonctl.model.reason import Why
from photonctl.model.recorded import record_of
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, Origin, SinkSpec
from photonctl.model.state import Stored
from photonctl.registered import _KEPT_LINES
from photonctl.rotation import rotate_signing_secret
from tests.stores.running import entered, running
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount, no_gate

NEWER = Secret("whsec_bmV3ZXItMDEyMzQ1Njc4OTAxMjM0")
URL = "https://bot.example.com/hook"
RAW = ", schemaVersion: raw-inbound.v1"
FILE, OTHER_FILE = "{envFile: .env, key: A}", "{envFile: b.env, key: A}"


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount()
    account.add("bot")
    for name in ("keep", "hold"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\ncat > {name}.json\n")
        path.chmod(0o755)
    return Engine(tmp_path, account)


@pytest.fixture(autouse=True)
def vault(tmp_path, monkeypatch):
    with running("vault", tmp_path) as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield store


def hook(secret, more=RAW):
    entry = f"{{url: '{URL}', secret: {secret}{more}}}"
    return f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n"


def rotate(engine, text):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", URL)
    asyncio.run(rotate_signing_secret(engine.account, project, ref, 0))


def live(engine):
    (project,) = engine.account.live.values()
    (secrets,) = project.secrets.values()
    return secrets.standard.reveal()


def held(engine, vault, place):
    if "exec" in place:
        return json.loads((engine.folder / "keep.json").read_text())["standardSigningSecret"]
    if "vault" in place:
        return vault.secret("BOT_STANDARD")
    return engine.variables("b.env" if "b.env" in place else ".env").get("A_STANDARD")


PLACES = ["{exec: [./keep]}", OTHER_FILE, "{vault: secret/bot, key: BOT}"]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_put_back_after_a_rotation_gets_the_new_secret(engine, vault, place):
    both = hook(f"[{FILE}, {place}]")
    assert engine.apply(both).converged
    rotate(engine, hook(FILE))

    (action,) = engine.plan(both).projects[0].actions
    assert action.secret_steps == (SecretStep.COPY,)
    assert engine.apply(both).converged

    assert held(engine, vault, place) == live(engine)
    assert engine.plan(both).projects[0].actions == ()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("other", [FILE, "{exec: [./hold]}", "{vault: secret/bot, key: BOT2}"])
def test_a_single_place_that_is_put_back_has_lost_the_secret(engine, vault, place, other):
    assert engine.apply(hook(place)).converged
    assert engine.apply(hook(other, f"{RAW}, onMissingSecret: rotate")).converged

    back = engine.plan(hook(place, f"{RAW}, onMissingSecret: fail")).projects[0]
    assert any("newest secret" in r.message
               for r in back.refusals)  # fmt: skip

    assert engine.apply(hook(place, f"{RAW}, onMissingSecret: rotate")).converged
    assert held(engine, vault, place) == live(engine)


def write(engine, name, secret):
    """Put another standard secret into a file, as another machine or a person would."""
    path = engine.folder / name
    text = path.read_text().replace(live(engine), secret)
    path.write_text(text)


@pytest.mark.parametrize("places", [f"[{FILE}, {OTHER_FILE}]", OTHER_FILE])
def test_a_secret_that_the_journal_doesnt_know_may_be_a_newer_one(engine, places):
    assert engine.apply(hook(places)).converged
    write(engine, "b.env", NEWER.reveal())

    plan = engine.plan(hook(places, f"{RAW}, onMissingSecret: replace")).projects[0]

    assert plan.actions == ()


def elsewhere(engine, folder):
    """Return another machine: an empty disk, the same account and stores."""
    folder.mkdir()
    there = Engine(folder, engine.account)
    there.clock = engine.clock
    return there


def test_a_stores_note_of_another_machine_isnt_written_over(engine, vault, tmp_path):
    """Whatever its clock says: nothing tells which secret is newer, so none is copied."""
    both = f"[{FILE}, {{vault: secret/bot, key: BOT}}]"
    assert engine.apply(hook(both)).converged
    there = elsewhere(engine, tmp_path / "there")
    rotate(there, hook("{vault: secret/bot, key: BOT}"))

    for places in (f"[{FILE}, {OTHER_FILE}]", both):
        plan = engine.plan(hook(places)).projects[0]
        engine.apply(hook(places))

    assert vault.secret("BOT_STANDARD") == live(engine)
    assert any("newest secret" in text for text in plan.warnings)


def test_a_copy_makes_no_old_secret_the_newest(engine, vault, tmp_path):
    """No journal says so: each run is on a new disk."""
    one, two, three = (f"{{vault: secret/bot, key: {key}}}" for key in ("ONE", "TWO", "THREE"))
    steps = [f"[{one}, {two}]", two, f"[{one}, {three}]", f"[{one}, {two}, {three}]"]
    for number, places in enumerate(steps):
        there = elsewhere(engine, tmp_path / f"run-{number}")
        if places == two:
            rotate(there, hook(two))
        there.apply(hook(places))

    assert vault.secret("TWO_STANDARD") == live(engine)


VAULT = "{vault: secret/bot, key: BOT}"
FAIL = f"{RAW}, onMissingSecret: fail"


def forget(engine):
    """Lose the journal, as a new disk does."""
    shutil.rmtree(engine.folder / ".photonctl", ignore_errors=True)


@pytest.mark.parametrize("place", [OTHER_FILE, "{exec: [./keep]}", "{vault: secret/bot, key: B2}"])
@pytest.mark.parametrize("back", ["{place}", "[{vault}, {place}]"])
def test_a_copy_that_the_journal_never_saw_given_is_old_after_a_rotation(engine, place, back):
    """Another machine registered: this one knows the secret only as a copy, then as an old one."""
    assert engine.apply(hook(VAULT)).converged
    forget(engine)
    assert engine.apply(hook(f"[{VAULT}, {place}]")).converged
    rotate(engine, hook(VAULT))

    text = hook(back.replace("{place}", place).replace("{vault}", VAULT), FAIL)
    plan = engine.plan(text).projects[0]

    if back == "{place}":
        assert plan.refusals
    else:
        (action,) = plan.actions
        assert action.secret_steps == (SecretStep.COPY,)


def test_a_command_that_got_another_secret_than_a_store_notes_is_reported(engine, tmp_path):
    both = hook(f"[{VAULT}, {{exec: [./keep]}}]")
    assert engine.apply(both).converged
    rotate(elsewhere(engine, tmp_path / "there"), hook(VAULT))

    plan = engine.plan(both).projects[0]

    assert any("newest secret" in text for text in plan.warnings)
    assert plan.actions == ()


def test_a_copy_that_came_after_what_photon_gave_may_be_the_newer_one(engine, tmp_path):
    assert engine.apply(hook(f"[{FILE}, {VAULT}]")).converged
    rotate(elsewhere(engine, tmp_path / "there"), hook(VAULT))
    assert engine.apply(hook(f"[{VAULT}, {OTHER_FILE}]")).converged

    assert engine.variables("b.env")["A_STANDARD"] == live(engine)
    assert engine.plan(hook(OTHER_FILE, FAIL)).projects[0].refusals == ()


def replaying(engine, method, answer):
    """Let a cache repeat an older answer instead of Photon's own."""
    (project,) = engine.account.live.values()
    real = getattr(project, method)

    async def replayed(*args):
        await real(*args)
        setattr(project, method, real)
        return answer

    setattr(project, method, replayed)


@pytest.mark.parametrize("age", [1, 2, 3])
def test_an_older_rotations_answer_is_known_again_on_a_fresh_disk(engine, vault, tmp_path, age):
    """A store's note remembers a few: its machines' journals are gone."""
    (project,) = engine.account.live.values()
    given = []
    real = project.rotate_secret

    async def noted(*args):
        given.append(await real(*args))
        return given[-1]

    project.rotate_secret = noted
    assert engine.apply(hook(VAULT)).converged
    for number in range(3):
        rotate(elsewhere(engine, tmp_path / f"m{number}"), hook(VAULT))
    project.rotate_secret = real
    replaying(engine, "rotate_secret", given[-age])

    with pytest.raises(UnknownShape, match="given before"):
        rotate(elsewhere(engine, tmp_path / "last"), hook(VAULT))
    (action,) = elsewhere(engine, tmp_path / "next").plan(hook(VAULT)).projects[0].actions
    assert action.secret_steps == (SecretStep.ROTATE,)


def test_an_older_registrations_answer_is_known_again_on_a_fresh_disk(engine, vault, tmp_path):
    (project,) = engine.account.live.values()
    given, real = [], project.register_webhook

    async def noted(fields):
        given.append(await real(fields))
        return given[-1]

    project.register_webhook = noted
    assert engine.apply(hook(VAULT)).converged
    there = elsewhere(engine, tmp_path / "there")
    assert there.apply(hook(VAULT), replace=[f"webhook:{URL}"]).converged
    project.hook_rows.clear()
    project.register_webhook = real
    replaying(engine, "register_webhook", given[0])

    here = elsewhere(engine, tmp_path / "here")
    assert here.apply(hook(VAULT)).converged

    (row,) = project.hook_rows.values()
    assert vault.secret("BOT_WEBHOOK_ID") == row.id
    assert vault.secret("BOT_STANDARD") == project.secrets[row.id].standard.reveal()


def test_a_note_remembers_as_many_secrets_as_have_room():
    record = None
    origin = Origin(host="spectrum.photon.codes", project_id="a" * 36)
    secrets = [Secret(f"whsec_{n:040d}") for n in range(40)]
    for secret in secrets:
        given = {"signing": None, "standard": secret}
        record = record_of(origin, "b" * 36, given, record, datetime(2026, 11, 29, tzinfo=UTC))
        record = read_record(kept_line(record), "")
        assert len(kept_line(record)) <= 255

    assert all(map(record.has_held, secrets[-5:]))
    assert not record.has_held(Secret("whsec_another-one-0123456789"))


def adopt(engine, **offered):
    (project,) = engine.load(hook(FILE))
    secrets = OneTimeSecrets(webhook_id="", **offered)
    ref, check = ResourceRef("webhook", URL), lambda _: None
    asyncio.run(adopt_signing_secret(engine.account, project, ref, secrets, check))


def test_no_older_standard_secret_is_adopted(engine):
    assert engine.apply(hook(FILE)).converged
    older = Secret(live(engine))
    rotate(engine, hook(FILE))
    newest = live(engine)

    with pytest.raises(RefusedError, match="newer standard secret"):
        adopt(engine, standard=older)

    assert engine.variables()["A_STANDARD"] == newest


def test_what_a_place_holds_that_is_older_is_adopted_nowhere(engine, tmp_path):
    """Only the legacy one is offered; a file has an older standard one, a command the newest."""
    text = hook(FILE, more=", onMissingSecret: rotate" + RAW)
    assert engine.apply(text).converged
    (project,) = engine.account.live.values()
    (secrets,) = project.secrets.values()
    here = elsewhere(engine, tmp_path / "here")
    (tmp_path / "here/.env").write_text((engine.folder / ".env").read_text())
    both = hook(f"[{FILE}, {{exec: [./keep]}}]", more=", onMissingSecret: rotate" + RAW)
    keep = tmp_path / "here/keep"
    keep.write_text("#!/bin/sh\ncat > kept.json\n")
    keep.chmod(0o755)
    rotate(here, both)
    old = (tmp_path / "here/.env").read_text()
    rotate(here, both)
    newest = live(engine)
    lines = [x for x in old.splitlines() if not x.startswith("A=")]
    (tmp_path / "here/.env").write_text("\n".join(lines) + "\n")
    (declared,) = here.load(both)
    offered = OneTimeSecrets(webhook_id="", signing=secrets.signing)
    ref = ResourceRef("webhook", URL)

    with suppress(PhotonctlError):
        asyncio.run(adopt_signing_secret(here.account, declared, ref, offered, lambda _: None))

    kept = json.loads((tmp_path / "here/kept.json").read_text())
    assert kept["standardSigningSecret"] in (newest, None)


def lose_a_rotation(engine):
    (project,) = engine.account.live.values()
    Journal(engine.folder).open_intent(project.project_id, rotation_of(URL))


def test_no_known_secret_ends_a_rotation_that_was_lost(engine):
    assert engine.apply(hook(FILE)).converged
    known = OneTimeSecrets(webhook_id="", standard=Secret(live(engine)))
    lose_a_rotation(engine)

    for offered in ({"standard": known.standard}, {"signing": Secret("s" * 64)}):
        with pytest.raises(RefusedError, match=r"rotation .* wasn't finished|another secret"):
            adopt(engine, **offered)

    (action,) = engine.plan(hook(FILE)).projects[0].actions
    assert action.secret_steps == (SecretStep.ROTATE,)


def test_a_stores_older_secret_ends_no_rotation_on_a_fresh_disk(engine, tmp_path):
    assert engine.apply(hook(VAULT)).converged
    first = Secret(live(engine))
    for name in ("m1", "m2"):
        rotate(elsewhere(engine, tmp_path / name), hook(VAULT))
    there = elsewhere(engine, tmp_path / "there")
    lose_a_rotation(there)
    (project,) = there.load(hook(VAULT))
    offered = OneTimeSecrets(webhook_id="", standard=first)
    ref = ResourceRef("webhook", URL)

    with pytest.raises(RefusedError, match=r"rotation .* wasn't finished|another secret"):
        asyncio.run(adopt_signing_secret(there.account, project, ref, offered, lambda _: None))


def test_the_secret_of_a_lost_rotation_ends_it(engine):
    assert engine.apply(hook(FILE)).converged
    lose_a_rotation(engine)
    (engine.folder / ".env").write_text("")

    adopt(engine, standard=NEWER)

    assert engine.plan(hook(FILE)).projects[0].actions == ()


def test_a_legacy_secret_alone_isnt_all_that_a_command_needs(engine):
    command = "{exec: [./keep]}"
    assert engine.apply(hook(FILE)).converged
    (project,) = engine.load(hook(command))
    secrets = OneTimeSecrets(webhook_id="", signing=Secret("s" * 64))
    asyncio.run(
        adopt_signing_secret(
            engine.account, project, ResourceRef("webhook", URL), secrets, lambda _: None
        )
    )

    assert any("legacy secret only" in w for w in engine.plan(hook(command)).projects[0].warnings)


@pytest.mark.parametrize(("age_days", "is_rotated"), [(200, True), (1, False)])
def test_a_copy_makes_no_secret_younger(engine, age_days, is_rotated):
    assert engine.apply(hook(FILE)).converged
    (project,) = engine.account.live.values()
    (row,) = project.hook_rows.values()
    made = engine.clock.now() - timedelta(days=age_days)
    project.hook_rows[row.id] = replace(row, created_at=made.isoformat())
    assert engine.apply(hook(f"[{FILE}, {OTHER_FILE}]")).converged
    moved = hook(OTHER_FILE.replace("}", ", rotate: {every: 90d}}"), RAW)

    actions = engine.plan(moved).projects[0].actions

    assert bool(actions) is is_rotated


def test_a_rotated_secret_under_another_key_is_copied(engine):
    assert engine.apply(hook("{exec: ['true']}")).converged
    assert engine.apply(hook(FILE, f"{RAW}, onMissingSecret: rotate")).converged
    renamed = hook("{envFile: .env, key: NEW}", f"{RAW}, onMissingSecret: replace")

    (action,) = engine.plan(renamed).projects[0].actions

    assert action.secret_steps == (SecretStep.COPY,)


@pytest.mark.parametrize("second", ["a.env", "./a.env", "link.env"])
@pytest.mark.parametrize("loses_journal", [True, False])
def test_two_names_in_one_file_both_keep_the_secret(engine, second, loses_journal):
    (engine.folder / "link.env").symlink_to("a.env")
    both = f"[{{envFile: a.env, key: A}}, {{envFile: {second}, key: C}}]"
    text = hook(both, f"{RAW}, onMissingSecret: replace")

    for _ in range(2):
        assert engine.apply(text).converged
        (project,) = engine.account.live.values()
        assert (engine.plan(text).projects[0].actions, len(project.hook_rows)) == ((), 1)
        held = engine.variables("a.env")
        assert held["A_STANDARD"] == held["C_STANDARD"] == live(engine)
        assert held["A_WEBHOOK_ID"] == held["C_WEBHOOK_ID"]
        if loses_journal:
            forget(engine)


def test_a_name_that_is_taken_out_of_a_file_gives_up_its_claim(engine):
    both = "[{envFile: a.env, key: A}, {envFile: a.env, key: C}]"
    assert engine.apply(hook(both)).converged
    rotate(engine, hook("{envFile: a.env, key: C}"))

    assert "A_WEBHOOK_ID" not in engine.variables("a.env")
    assert engine.plan(hook("{envFile: a.env, key: C}")).projects[0].actions == ()


# The notes


PLACE = SinkSpec(type="exec", target="./keep", key="K")


def given(webhook_id, standard, signing="s" * 64):
    return OneTimeSecrets(
        webhook_id=webhook_id,
        signing=Secret(signing) if signing else None,
        standard=Secret(standard),
    )


def test_a_long_note_is_shortened_and_goes_on_saying_what_counts(tmp_path):
    journal = Journal(tmp_path)
    journal.note_asked("p1", URL)
    journal.note_given("p1", URL, given("w1", "whsec_first"))
    journal.note_stored("p1", URL, given("w1", "whsec_first"), [PLACE])
    rotations = [given("w1", f"whsec_{n}", signing=None) for n in range(2 * _KEPT_LINES)]
    for rotated in rotations:
        journal.note_given("p1", URL, rotated)
        journal.note_stored("p1", URL, rotated, [PLACE])

    (path,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    assert path.stat().st_size < 2**19
    assert journal.note("p1", URL).stored("w1", journal.place_id(PLACE)) is Stored.ALL
    assert journal.note("p1", URL).stored("w2", journal.place_id(PLACE)) is Stored.NOTHING
    assert journal.note("p1", URL).standards("w1")[-1] == rotations[-1].standard.digest()
    journal.note_given("p1", URL, given("w1", "whsec_last"))
    assert journal.note("p1", URL).stored("w1", journal.place_id(PLACE)) is Stored.OLD


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("./keep",), Stored.NOTHING), (("sh", "./keep"), Stored.NOTHING), (("keep",), Stored.ALL),
     (("/usr/bin/true",), Stored.ALL)],
)  # fmt: skip
def test_folders_that_share_a_journal_have_their_relative_commands(tmp_path, words, expected):
    one, two = (Journal(tmp_path / name, tmp_path / "state") for name in ("one", "two"))
    place = SinkSpec(type="exec", target=words[0], arguments=words[1:], key="K")
    one.note_stored("p1", URL, given("w1", "whsec_first"), [place])

    assert one.note("p1", URL).stored("w1", one.place_id(place)) is Stored.ALL
    assert two.note("p1", URL).stored("w1", two.place_id(place)) is expected


@pytest.mark.parametrize(
    "line", ["w1 stored", "w1 stored x", "w1 stored x y", "w1 d1gest", "w1", " "]
)
def test_a_line_that_a_crash_has_cut_says_nothing(tmp_path, line):
    journal = Journal(tmp_path)
    journal.note_asked("p1", URL)
    (path,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    with path.open("a") as note:
        note.write(f"\n{line}")
    journal.note_registered("p1", URL, "w2")

    assert journal.note("p1", URL).stored("w1", journal.place_id(PLACE)) is Stored.NOTHING
    assert journal.note("p1", URL).standards("w1") == ()


WRONG = {"signing": Secret("f" * 64), "standard": Secret("whsec_d3Jvbmctd3Jvbmctd3Jvbmc")}
CLOSED = {
    "github": "{githubActions: acme/bot, key: BOT}",
    "exec": "{exec: [./keep]}",
}


def adopted(engine, text, **offered):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", URL)
    secrets = OneTimeSecrets(webhook_id="", **{"signing": None, "standard": None, **offered})
    return asyncio.run(adopt_signing_secret(engine.account, project, ref, secrets, lambda _: None))


@pytest.mark.parametrize("what", ["signing", "standard"])
@pytest.mark.parametrize("place", CLOSED)
def test_what_a_place_that_cant_be_read_holds_is_compared_too(
    engine, vault, tmp_path, monkeypatch, place, what
):
    with entered("githubActions", tmp_path, monkeypatch) as github:
        text = hook(f"[{CLOSED[place]}, {{vault: secret/bot, key: BOT}}]")
        assert engine.apply(text).converged
        before = github.secret("BOT"), read(engine)
        vault.reset()

        with pytest.raises(RefusedError, match="another secret of this registration is stored"):
            adopted(engine, text, **{what: WRONG[what]})
        assert vault.secret("BOT") is None
        assert (github.secret("BOT"), read(engine)) == before

        (project,) = engine.account.live.values()
        (right,) = project.secrets.values()
        stored = adopted(engine, text, signing=right.signing, standard=right.standard)

        assert [spec.type for spec in stored] == ["vault"]
        assert (github.secret("BOT"), read(engine)) == before
        assert not engine.plan(text).has_changes


@pytest.mark.parametrize("more", ["", ", {vault: secret/bot, key: BOT}"])
def test_the_secret_of_a_lost_rotation_goes_to_a_command_too(engine, vault, more):
    text = hook(f"[{{exec: [./keep]}}{more}]")
    assert engine.apply(text).converged
    vault.reset()
    lose_a_rotation(engine)

    stored = adopted(engine, text, standard=NEWER)

    assert "exec" in {spec.type for spec in stored}
    assert NEWER.reveal() in read(engine)


def test_a_secret_that_a_command_has_already_isnt_given_to_it_again(engine):
    text = hook("{exec: [./keep]}")
    assert engine.apply(text).converged
    (project,) = engine.account.live.values()
    (right,) = project.secrets.values()

    with pytest.raises(RefusedError, match="is stored already") as caught:
        adopted(engine, text, standard=right.standard)
    assert f"photonctl webhook rotate {URL}" in caught.value.hint


def read(engine):
    path = engine.folder / "keep.json"
    return path.read_text() if path.exists() else None


def test_a_secret_that_a_stores_note_has_no_room_for_any_more_is_known_to_the_journal(
    engine, tmp_path, monkeypatch
):
    with entered("githubActions", tmp_path, monkeypatch) as github:
        text = hook(f"[{FILE}, {github.sink()}]")
        assert engine.apply(text).converged
        for _ in range(25):
            rotate(engine, text)
        (project,) = engine.account.live.values()
        (right,) = project.secrets.values()
        (engine.folder / ".env").unlink()

        stored = adopted(engine, text, signing=right.signing, standard=right.standard)

        assert [spec.type for spec in stored] == ["envFile"]


def test_a_rotation_is_stored_in_every_place_that_takes_it(engine):
    places = f"[{{exec: [./keep]}}, {FILE}]"
    assert engine.apply(hook(places)).converged
    (engine.folder / "keep").write_text("#!/bin/sh\nexit 3\n")

    with pytest.raises(SinkError, match=r"exit code 3.*the new secret is in A in \.env only"):
        rotate(engine, hook(places))

    assert engine.variables()["A_STANDARD"] == live(engine)
    (engine.folder / "keep").write_text("#!/bin/sh\ncat > keep.json\n")
    (action,) = engine.plan(hook(places)).projects[0].actions
    assert action.secret_steps == (SecretStep.COPY,)
    assert engine.apply(hook(places)).converged
    assert held(engine, None, "exec") == live(engine)
    assert not engine.plan(hook(places)).has_changes


def test_a_rotation_that_only_places_which_give_nothing_took_is_made_again(engine):
    places = "[{exec: [./keep]}, {exec: [./hold]}]"
    assert engine.apply(hook(places)).converged
    (engine.folder / "hold").write_text("#!/bin/sh\nexit 3\n")

    with pytest.raises(SinkError, match="the new secret is lost"):
        rotate(engine, hook(places))

    (action,) = engine.plan(hook(places)).projects[0].actions
    assert action.secret_steps == (SecretStep.ROTATE,)


def test_a_store_that_cant_be_read_after_a_rotation_is_no_bug(engine, vault):
    assert engine.apply(hook(VAULT)).converged
    rotate(engine, hook(VAULT))
    count = vault.stand_in.count("GET", "metadata")
    rotate(engine, hook(VAULT))
    needed = vault.stand_in.count("GET", "metadata") - count

    for skip in range(needed + 1):
        vault.stand_in.clear_faults()
        vault.stand_in.fault("GET", "metadata", status=500, body="{}", times=9, skip=skip)
        with suppress(PhotonctlError):  # nothing else: that would be a bug
            rotate(engine, hook(VAULT))
        vault.stand_in.clear_faults()
        assert engine.apply(hook(VAULT)).converged
        assert vault.secret("BOT_STANDARD") == live(engine)


def test_half_a_secret_that_a_rotation_cant_complete_is_warned_of(engine):
    rule = ", onMissingSecret: rotate"
    assert engine.apply(hook(FILE, rule)).converged
    (engine.folder / ".env").unlink()
    assert engine.apply(hook(FILE, rule)).converged

    (project,) = engine.plan(hook(FILE, rule)).projects

    assert project.actions == ()
    assert any("deliveries are signed with the legacy one" in text for text in project.warnings)


@pytest.mark.parametrize("half", ["", "_STANDARD"])
def test_half_of_a_secret_in_one_place_doesnt_hide_what_another_one_lacks(engine, half):
    """An older server gives only the legacy one, a rotation only the standard one."""
    text = f"version: 1\nproject: {{name: bot}}\nwebhooks: [{{url: '{URL}', secret: @@}}]\n"
    one = "{envFile: a.env, key: A}"
    engine.apply(text.replace("@@", f"[{one}, {{envFile: b.env, key: B}}]"))
    for name in "ab":
        path = engine.folder / f"{name}.env"
        gone = f"{name.upper()}{'_STANDARD' if not half else ''}="
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith(gone)))

    renamed = text.replace("@@", f"[{one}, {{envFile: b.env, key: B2}}]")
    (action,) = engine.plan(renamed).projects[0].actions
    assert action.secret_steps == (SecretStep.COPY,)
    engine.apply(renamed)

    assert f"B2{half}" in engine.variables("b.env")
    assert not engine.plan(renamed).has_changes


def repeating(project, secret):
    """Let a proxy carry a rotation out, and repeat an older answer."""
    rotate_secret = project.rotate_secret

    async def repeats(webhook_id, overlap_s=None):
        await rotate_secret(webhook_id, overlap_s)
        return OneTimeSecrets(webhook_id=webhook_id, signing=None, standard=Secret(secret)), None

    project.rotate_secret = repeats


IN_VAULT = "{vault: secret/bot, key: BOT}"


def rotated_elsewhere(engine, tmp_path):
    """Return a machine with a copy of a secret that another one has rotated since, and that one."""
    other = elsewhere(engine, tmp_path / "B")
    engine.apply(hook(IN_VAULT))
    first = live(engine)
    other.apply(hook(f"[{FILE}, {IN_VAULT}]"))
    rotate(engine, hook(IN_VAULT))
    return other, first


def test_a_secret_that_was_only_copied_here_isnt_given_again(engine, vault, tmp_path):
    (project,) = engine.account.live.values()
    other, first = rotated_elsewhere(engine, tmp_path)
    other.apply(hook(f"[{OTHER_FILE}, {IN_VAULT}]"))
    repeating(project, first)

    with pytest.raises(UnknownShape, match="repeats a secret"):
        rotate(other, hook(OTHER_FILE))

    assert other.variables("b.env")["A_STANDARD"] != first


def test_a_repeat_that_is_refused_is_no_newest_secret(engine, vault, tmp_path):
    (project,) = engine.account.live.values()
    other, first = rotated_elsewhere(engine, tmp_path)
    newest, text = live(engine), hook(f"[{FILE}, {OTHER_FILE}, {IN_VAULT}]")
    other.apply(text)
    for answer in (Secret(first), None):

        async def lies(webhook_id, overlap_s=None, answer=answer):
            if answer is None:
                raise RateLimited("busy")
            return OneTimeSecrets(webhook_id=webhook_id, signing=None, standard=answer), None

        project.rotate_secret = lies
        with pytest.raises(PhotonctlError):
            rotate(other, text)

    assert other.variables("b.env")["A_STANDARD"] == newest
    assert vault.secret("BOT_STANDARD") == newest


@pytest.mark.parametrize("third", [OTHER_FILE, "{exec: [./keep]}"])
def test_a_copy_is_of_the_secret_that_a_store_notes_whatever_is_named_first(
    engine, vault, tmp_path, third
):
    engine.apply(hook(f"[{FILE}, {IN_VAULT}]"))
    rotate(engine, hook(f"[{FILE}, {IN_VAULT}]"))
    rotate(elsewhere(engine, tmp_path / "B"), hook(IN_VAULT))

    engine.apply(hook(f"[{FILE}, {IN_VAULT}, {third}]"))

    assert held(engine, vault, third) == vault.secret("BOT_STANDARD") == live(engine)


def test_no_secret_is_adopted_that_a_place_which_gives_nothing_has_held(
    engine, tmp_path, monkeypatch
):
    with entered("githubActions", tmp_path, monkeypatch) as github:
        engine.apply(hook(f"[{FILE}, {github.sink()}]"))
        first = live(engine)
        rotate(engine, hook(f"[{FILE}, {github.sink()}]"))
        other = elsewhere(engine, tmp_path / "B")

        with pytest.raises(RefusedError, match="another secret"):
            adopted(other, hook(f"[{github.sink()}, {FILE}]"), standard=Secret(first))
        assert "A_STANDARD" not in other.variables()
        adopted(other, hook(f"[{github.sink()}, {FILE}]"), standard=Secret(live(engine)))
        assert other.variables()["A_STANDARD"] == live(engine)


def test_no_secret_is_adopted_beside_a_command_that_got_another(engine, vault, tmp_path):
    (project,) = engine.account.live.values()
    engine.apply(hook(f"[{FILE}, {IN_VAULT}]"))
    ((_, given),) = project.secrets.items()
    first = given.standard.reveal()
    rotate(elsewhere(engine, tmp_path / "B"), hook(IN_VAULT))
    engine.apply(hook(f"[{IN_VAULT}, {{exec: [./keep]}}]"))
    text = hook(f"[{{exec: [./keep]}}, {OTHER_FILE}]")

    with pytest.raises(RefusedError, match="another secret"):
        adopted(engine, text, standard=Secret(first), signing=given.signing)
    assert engine.variables("b.env") == {}
    adopted(engine, text, standard=Secret(live(engine)), signing=given.signing)
    assert engine.variables("b.env")["A_STANDARD"] == live(engine)


def test_an_adoption_that_a_command_doesnt_take_forgets_no_lost_rotation(engine, vault, tmp_path):
    (project,) = engine.account.live.values()
    text = hook(f"[{IN_VAULT}, {{exec: [./keep]}}]")
    engine.apply(text)

    def loses(name, *, is_done=False):
        if name == "rotate_secret" and is_done:
            raise RateLimited("lost")

    project.gate = loses
    with pytest.raises(PhotonctlError):
        rotate(engine, text)
    project.gate = no_gate
    data = vault.stand_in.data("secret", "bot")
    vault.stand_in.mount("secret").write("bot", {"data": {**data, "BOT_STANDARD": None}})
    (engine.folder / "keep").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(PhotonctlError):
        adopted(engine, text, standard=Secret(live(engine)))

    (action,) = elsewhere(engine, tmp_path / "B").plan(text).projects[0].actions
    assert action.reason.why is Why.ROTATION_INTERRUPTED


def test_a_version_isnt_raised_over_a_file_that_was_put_back_meanwhile(engine):
    (project,) = engine.account.live.values()
    engine.apply(hook(FILE, ""))
    first = live(engine)
    rotate(engine, hook(FILE, ""))
    newest, path = live(engine), engine.folder / ".env"

    def puts_back(name, *, is_done=False):
        if name == "put_user" and is_done:
            path.write_text(path.read_text().replace(newest, first))

    project.gate = puts_back
    users = "users: [{phoneNumber: +15551230009, firstName: X}]\n"
    assert not engine.apply(hook(FILE) + users).converged

    (row,) = project.hook_rows.values()
    assert row.schema_version != "raw-inbound.v1"
