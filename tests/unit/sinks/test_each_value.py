"""Each value under a store's names is judged by itself: noted, begun, or somebody else's."""

import asyncio
import json
from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.errors import PhotonctlError, SinkError
from photonctl.model.held import BY_WORD, words_in
from photonctl.model.names import all_names
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, Origin, SinkSpec
from photonctl.model.spoken_of import judge
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks import open_sink
from photonctl.sinks.pair_places import pair_places
from photonctl.sinks.service import fields_in
from photonctl.sinks.store import StoreSink
from tests.stores.running import entered
from tests.support.engine import Engine, errors

ONE, TWO = "https://bot.example.com/hook", "https://other.example.com/hook"
HEAD = "version: 1\nproject: {name: bot}\n"
THEIRS = "their-own-password-0123456789"
READABLE = ["vault", "awsSecretsManager", "kubernetes", "gitlabVariable"]
NAMES = all_names("BOT")
GIVEN = OneTimeSecrets(
    webhook_id="w1", signing=Secret("s" * 20), origin=Origin(host="h", project_id="p-1", url=ONE)
)


@pytest.fixture(params=READABLE)
def store(request, tmp_path, monkeypatch):
    with entered(request.param, tmp_path, monkeypatch) as store:
        yield store


def put(store, values):
    """Replace what is there, as a person does: notes stay."""
    match store.word:
        case "vault":
            store.stand_in.mount("secret").write("bot", {"data": values})
        case "awsSecretsManager":
            import boto3

            text = json.dumps(values)
            boto3.client("secretsmanager").put_secret_value(SecretId="prod/bot", SecretString=text)
        case "kubernetes":
            from photonctl.sinks.kubernetes_client import ask

            old = dict.fromkeys(store.stand_in.found("bots", "photon")["data"])
            new = {name: b64encode(value.encode()).decode() for name, value in values.items()}
            ask("PATCH", "/api/v1/namespaces/bots/secrets/photon", {"data": old | new}, query={})
        case _:
            rows = store.stand_in._project("acme/bot").variables
            rows[:] = [row for row in rows if row.key not in NAMES]
            for name, value in values.items():
                store.stand_in.set_variable("acme/bot", name, value)


def hooks(*entries, more=""):
    return f"{HEAD}webhooks: [{', '.join(entries)}]\n{more}"


def hook(url, place, more=""):
    return f"{{url: '{url}', secret: {place}{more}}}"


def applied(engine, text):
    """Return whether anything was done, and what was said."""
    try:
        return errors(engine.apply(text))
    except PhotonctlError as error:
        return [str(error)]


def rotate(engine, text):
    (project,) = engine.load(text)
    asyncio.run(rotate_signing_secret(engine.account, project, ResourceRef("webhook", ONE), 0))


def forget(engine, url):
    (project,) = engine.account.live.values()
    for webhook_id, row in list(project.hook_rows.items()):
        if row.webhook_url == url:
            del project.hook_rows[webhook_id]


@pytest.mark.parametrize("way", ["copy", "create"])
def test_a_live_webhooks_only_secret_is_kept_whatever_the_note_beside_it(
    engine, store, way, tmp_path
):
    place = f"[{{envFile: c.env, key: C}}, {store.sink()}]" if way == "copy" else store.sink()
    assert not applied(engine, hooks(hook(ONE, place), hook(TWO, "{envFile: w2.env, key: TWO}")))
    theirs = engine.variables("w2.env")
    (tmp_path / "w2.env").unlink()
    put(store, {"BOT": theirs["TWO"], "BOT_WEBHOOK_ID": theirs["TWO_WEBHOOK_ID"]})
    if way == "create":
        forget(engine, ONE)

    assert applied(engine, hooks(hook(ONE, place), more=f"ignore: {{webhooks: ['{TWO}']}}\n"))

    assert store.secret("BOT") == theirs["TWO"]


@pytest.mark.parametrize("step", ["rotate", "apply"])
def test_a_legacy_secret_that_was_put_beside_a_noted_one_is_kept(engine, store, step):
    rule = ", onMissingSecret: rotate"
    text = hooks(hook(ONE, store.sink(), rule))
    (project,) = engine.account.live.values()
    project._register({"webhookUrl": ONE})
    assert not applied(engine, text)  # which gives the standard one
    (secrets,) = project.secrets.values()
    legacy = secrets.signing.reveal()
    there = {name: store.secret(name) for name in NAMES if name != "BOT"}
    put(store, {**there, "BOT": legacy})

    with suppress(PhotonctlError):
        rotate(engine, text) if step == "rotate" else engine.apply(text)

    assert store.secret("BOT") == legacy


@pytest.mark.parametrize("value", [{"user": "ada", "password": THEIRS}, 123_456_789, False, THEIRS])
@pytest.mark.parametrize("word", ["vault", "awsSecretsManager"])
def test_a_value_of_any_type_is_somebodys(engine, word, value, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        text = hooks(hook(ONE, store.sink()))
        if word == "awsSecretsManager":
            import boto3

            boto3.client("secretsmanager").create_secret(Name="prod/bot")
        put(store, {"BOT": value})

        assert any("unknown origin" in said for said in applied(engine, text))

        assert store.secret("BOT") == value


def test_a_projects_credentials_go_over_no_value_that_is_alone(engine, store):
    if store.word == "gitlabVariable":
        pytest.skip("its note is of both")
    text = f"{HEAD.replace('bot}', f'bot, credentials: {{{store.word}: {store.target}}}}}')}"
    assert not applied(engine, text)
    put(store, {"PHOTON_PROJECT_SECRET": THEIRS})

    assert applied(engine, text)

    assert store.secret("PHOTON_PROJECT_SECRET") == THEIRS


class DiedError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("word", ["vault", "awsSecretsManager", "gitlabVariable"])
def test_what_comes_beside_what_was_written_by_halves_is_kept(engine, word, tmp_path, monkeypatch):
    def dies(*_, **__):
        raise DiedError

    with entered(word, tmp_path, monkeypatch) as store:
        text = hooks(hook(ONE, store.sink()))
        with monkeypatch.context() as dying, suppress(DiedError):
            for module, name in (("aws", "noted_at"), ("vault", "noted_at"), ("web", "kept_line")):
                dying.setattr(f"photonctl.sinks.{module}.{name}", dies)
            engine.apply(text)
        there = {name: store.secret(name) for name in NAMES}
        put(store, {**there, "BOT": THEIRS})

        assert applied(engine, text)

        assert store.secret("BOT") == THEIRS


@pytest.mark.parametrize("holds", ["signing", "standard"])
def test_a_copy_takes_nothing_along_that_no_note_speaks_of(engine, holds, tmp_path, monkeypatch):
    """Neither from a store nor from a file."""
    other = "BOT_STANDARD" if holds == "signing" else "BOT"
    left = "BOT" if holds == "signing" else "BOT_STANDARD"
    with entered("vault", tmp_path, monkeypatch) as store:
        place, file = store.sink(), "{envFile: .env, key: BOT}"
        assert not applied(engine, hooks(hook(ONE, f"[{file}, {place}]")))
        kept = {name: store.secret(name) for name in NAMES if name != other}
        put(store, kept)
        lines = [f"{name}={value}" for name, value in {**kept, other: THEIRS}.items()]
        (tmp_path / ".env").write_text("\n".join(lines) + "\n")
        fresh = Engine(tmp_path / "elsewhere", engine.account)
        fresh.folder.mkdir()
        (fresh.folder / ".env").write_text((tmp_path / ".env").read_text())

        with suppress(PhotonctlError):
            fresh.apply(hooks(hook(ONE, f"[{file}, {place}, {{envFile: b.env, key: BOT}}]")))

    found = fresh.variables("b.env") if (fresh.folder / "b.env").exists() else {}
    assert THEIRS not in found.values()
    assert found.get(left, kept[left]) == kept[left]


def digest(text):
    return Secret(text, is_noted=False).digest()


OURS = dict(zip(NAMES, ("legacy-0123456789abc", "whsec_0123456789abc", "w1"), strict=True))
BEGUN = dict(zip(NAMES, ("new-legacy-012345678", "whsec_9876543210abc", "w2"), strict=True))
KEPT = (
    f"webhook=w1 holds=both digest={digest(OURS['BOT_STANDARD'])} legacy={digest(OURS['BOT'])[:12]}"
)
ASKED = f"asked=registration writing={digest(BEGUN['BOT'])[:6]}{digest(BEGUN['BOT_STANDARD'])[:6]}"
WHOSE = {"none": None, "ours": OURS, "begun": BEGUN, "theirs": dict.fromkeys(NAMES, "x" * 20)}


@given(st.tuples(*[st.sampled_from([*WHOSE])] * 3), st.booleans(), st.booleans())
def test_no_value_counts_as_another_than_it_is(whose, is_noted, is_asked):
    values = {n: WHOSE[w][n] for n, w in zip(NAMES, whose, strict=True) if WHOSE[w] is not None}
    there = judge(KEPT if is_noted else "", ASKED if is_asked else "", "BOT", NAMES, values)
    secrets = dict(zip(NAMES[:2], whose[:2], strict=True))

    begun = {n for n, w in secrets.items() if w == "begun" and is_asked}
    ours = {n for n, w in secrets.items() if w == "ours" and is_noted}
    assert there.begun == begun
    assert {n for n in there.others if n in secrets} == {
        n for n, w in secrets.items() if w != "none" and n not in begun | ours
    }
    is_own_id = whose[2] == "none" or begun or (whose[2] == "ours" and is_noted)
    assert ("BOT_WEBHOOK_ID" in there.others) is not bool(is_own_id)
    held = words_in(there.held)
    present = ours | begun if is_noted else set()
    expected = {0: None, 1: "standard" if "BOT_STANDARD" in present else "signing", 2: "both"}
    assert held.get("holds") == expected[len(present)]
    if held.get("holds") == "signing" and not begun:
        assert held["digest"] == digest(OURS["BOT"])
    assert not held or held["holds"] in BY_WORD
    assert there.is_untouched is not bool(begun or there.others)
    assert there.is_begun is (bool(begun) and not there.others)


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], 7, 0, False, 1.5])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_text_is_somebody_elses(name, value):
    assert judge(KEPT, ASKED, "BOT", NAMES, {**OURS, name: value}).others == (name,)


@pytest.mark.parametrize("word", ["vault", "awsSecretsManager", "kubernetes"])
def test_credentials_that_came_since_a_look_are_kept(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        if word == "awsSecretsManager":
            import boto3

            boto3.client("secretsmanager").create_secret(Name="prod/bot")
        if word == "kubernetes":
            open_sink(SinkSpec(type=word, target=store.target, key="OTHER"), tmp_path).store(GIVEN)
        spec = SinkSpec(type=word, target=store.target, key="PHOTON_PROJECT")
        (place,) = pair_places(spec, tmp_path, None)
        assert place.held() is None
        values = {"PHOTON_PROJECT_ID": "theirs", "PHOTON_PROJECT_SECRET": THEIRS}
        put(store, values)

        with pytest.raises(SinkError, match=r"somebody else|unknown origin"):
            place.store(Origin(host="h", project_id="p-1"), Secret("ours-0123456789"))

        assert store.secret("PHOTON_PROJECT_SECRET") == THEIRS


@pytest.mark.parametrize("step", ["registration", "copy"])
def test_what_came_after_a_place_was_proven_is_kept(engine, store, step, monkeypatch):
    elsewhere = "{envFile: .env, key: A}"
    if step == "copy":
        assert not applied(engine, hooks(hook(ONE, elsewhere)))
    if store.word == "kubernetes":
        sink = SinkSpec(type=store.word, target=store.target, key="OTHER")
        open_sink(sink, engine.folder).store(GIVEN)
    begin = StoreSink.open_intent

    def late(sink, intent):
        if store.word == "awsSecretsManager":
            import boto3

            boto3.client("secretsmanager").create_secret(Name="prod/bot")
        put(store, {"BOT": THEIRS})
        begin(sink, intent)

    monkeypatch.setattr(StoreSink, "open_intent", late)
    places = f"[{elsewhere}, {store.sink()}]" if step == "copy" else store.sink()

    assert applied(engine, hooks(hook(ONE, places)))

    assert store.secret("BOT") == THEIRS


@pytest.mark.parametrize("gone", ["PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET"])
@pytest.mark.parametrize("word", ["vault", "awsSecretsManager", "kubernetes"])
def test_half_of_a_projects_credentials_is_stored_again(engine, word, gone, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        text = HEAD.replace("bot}", f"bot, credentials: {{{word}: {store.target}}}}}")
        assert not applied(engine, text)
        names = ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET")
        before = {name: store.secret(name) for name in names}
        put(store, {name: value for name, value in before.items() if name != gone})

        assert not applied(engine, text)

        assert {name: store.secret(name) for name in names} == before


@pytest.mark.parametrize("holds", BY_WORD)
@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_note_that_says_too_little_of_a_value_speaks_of_none(holds, length):
    values = dict.fromkeys(NAMES, THEIRS) | {"BOT_WEBHOOK_ID": "w1"}
    letters = Secret(THEIRS, is_noted=False).digest()[:length]

    there = judge(
        f"webhook=w1 holds={holds} digest={letters} legacy={letters}", "", "BOT", NAMES, values
    )

    assert there.held == ""
    assert {"BOT", "BOT_STANDARD"} <= set(there.others)


@pytest.mark.parametrize(
    "text",
    [
        '{"A": 123456789012345678.25}',
        '{"A": 1e400}',
        '{"A": NaN}',
        '{"A": "x", "A": "y"}',
        '{"B": {"A": 1, "A": 2}}',
    ],
)
def test_what_would_be_written_in_another_form_is_left_alone(engine, text, tmp_path, monkeypatch):
    with entered("awsSecretsManager", tmp_path, monkeypatch) as store:
        import boto3

        client = boto3.client("secretsmanager")
        client.create_secret(Name="prod/bot", SecretString=text)

        (said,) = applied(engine, hooks(hook(ONE, store.sink())))

        assert "would be changed" in said
        assert client.get_secret_value(SecretId="prod/bot")["SecretString"] == text


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.integers()))
def test_fields_that_are_kept_are_read(fields):
    assert fields_in(json.dumps(fields)) == fields


@pytest.mark.parametrize("text", ["[1]", "text", '"text"', "[" * 60_000, "{", ""])
def test_what_has_no_fields_has_none(text):
    assert fields_in(text) == ({} if not text else None)
