import os

import pytest

from photonctl.errors import ManifestError
from photonctl.kinds import kinds as kinds_of_photon
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source, read_sources
from photonctl.manifest.trust import Trust
from photonctl.model.spec import UNSET, OnMissingSecret
from photonctl.reach import Reach

HEAD = "version: 1\nproject: {name: bot}\n"


def loaded(text, env=None, name="m.yaml"):
    return load([Source(name=name, data=text.encode())], Trust(env=env or {}))


def users(text, **kwargs):
    (project,) = loaded(text, **kwargs).projects
    return project.resources["user"]


def test_an_unquoted_phone_number_stays_text():
    (key,) = users(HEAD + "users: [{phoneNumber: +15551234567}]")

    assert key == "+15551234567"


@pytest.mark.parametrize("name", ["No", "on", "2024-01-01", "0x1F", "1_000", "12:30:00", "1e3"])
def test_words_that_yaml_1_1_would_turn_into_values_stay_text(name):
    found = users(HEAD + f"users: [{{phoneNumber: +15551234567, firstName: {name}}}]")

    assert found["+15551234567"].spec.first_name == name


def test_a_field_that_isnt_mentioned_is_unset_and_an_empty_one_is_null():
    found = users(HEAD + 'users: [{phoneNumber: +15551234567, firstName: "", lastName: null}]')

    spec = found["+15551234567"].spec
    assert (spec.first_name, spec.last_name, spec.email) == (None, None, UNSET)


def test_a_kind_that_isnt_mentioned_is_absent():
    (project,) = loaded(HEAD).projects

    assert set(project.resources) == {"project"}


def test_short_and_long_webhooks_are_one_thing():
    text = HEAD + "webhooks:\n  - https://A.example.com\n  - url: https://b.example.com/x\n"
    (project,) = loaded(text).projects

    assert list(project.resources["webhook"]) == [
        "https://a.example.com/",
        "https://b.example.com/x",
    ]
    first = project.resources["webhook"]["https://a.example.com/"]
    assert first.spec.webhook_url == "https://A.example.com"  # sent as declared


def test_the_default_sink_of_a_lone_webhook():
    (project,) = loaded(HEAD + "webhooks: [https://a.example.com/hook]").projects
    (webhook,) = project.resources["webhook"].values()

    assert (webhook.secret.sink.target, webhook.secret.sink.key) == (
        ".env",
        "PHOTON_WEBHOOK_SECRET",
    )
    assert webhook.secret.sink.is_default
    assert webhook.secret.on_missing is OnMissingSecret.WARN


def test_several_webhooks_get_keys_from_their_urls():
    text = HEAD + "webhooks: [https://a.example.com/hook, 'https://b.example.com/?token=hidden']"
    (project,) = loaded(text).projects

    keys = [webhook.secret.sink.key for webhook in project.resources["webhook"].values()]
    assert keys == [
        "PHOTON_WEBHOOK_SECRET_A_EXAMPLE_COM_HOOK",
        "PHOTON_WEBHOOK_SECRET_B_EXAMPLE_COM",
    ]


def test_variables_and_files_are_filled_in(tmp_path):
    (tmp_path / "name.txt").write_text("from-a-file\n")
    manifest = tmp_path / "photon.yaml"
    manifest.write_text(
        "version: 1\nproject: {name: '${file:name.txt}'}\nusers:\n"
        "  - {phoneNumber: '${env:PHONE}', firstName: '${env:FIRST:-Ada}', lastName: '$${env:X}'}\n"
    )
    sources, _ = read_sources([str(manifest)], None, Reach())

    (project,) = load(sources, Trust(env={"PHONE": "+15551234567"})).projects

    spec = project.resources["user"]["+15551234567"].spec
    assert (project.name, spec.first_name, spec.last_name) == ("from-a-file", "Ada", "${env:X}")


def test_a_key_is_never_filled_in():
    with pytest.raises(ManifestError) as caught:
        loaded("version: 1\nproject: {name: a, '${env:KEY}': b}\n", env={"KEY": "id"})

    assert 'unknown key "${env:KEY}"' in str(caught.value.diagnostics[0])


def test_several_documents_are_several_projects():
    found = loaded("version: 1\nproject: {name: a}\n---\nversion: 1\nproject: {name: b}\n")

    assert [project.name for project in found.projects] == ["a", "b"]


def test_errors_of_every_file_are_reported_in_one_run(tmp_path):
    (tmp_path / "a.yaml").write_text("version: 2\nproject: {name: a}\n")
    (tmp_path / "b.yml").write_text("version: 1\n")
    sources, unread = read_sources([str(tmp_path), str(tmp_path / "c.yaml")], None, Reach())

    with pytest.raises(ManifestError) as caught:
        load(sources, Trust(), unread)

    told = [str(d).removeprefix(f"{tmp_path}/") for d in caught.value.diagnostics]
    assert [line.split(" ")[0] for line in told] == ["a.yaml:1:10:", "b.yml:1:1:", "c.yaml:"]


def test_an_undeliverable_url_may_be_allowed_with_a_warning():
    text = HEAD + "webhooks:\n  - url: https://localhost/hook\n    allowUndeliverable: true\n"

    (warning,) = loaded(text).projects[0].warnings

    assert warning.startswith('m.yaml:4:10: Photon would never deliver to "https://localhost')


def test_tables_bring_more_users(tmp_path):
    (tmp_path / "team.csv").write_text(
        'phoneNumber,firstName,email\r\n+15551234567,"Ada, Countess",\r\n\r\n'
        "+15557654321,Bob,b@x.y\r\n"
    )
    (tmp_path / "more.yaml").write_text("- {phoneNumber: +442071838750}\n")
    (tmp_path / "wrapped.yml").write_text("users:\n  - {phoneNumber: +442071838751}\n")
    text = HEAD + "usersFrom: [team.csv, more.yaml, wrapped.yml]\n"

    found = users(text, name=str(tmp_path / "photon.yaml"))

    assert list(found) == ["+15551234567", "+15557654321", "+442071838750", "+442071838751"]
    assert found["+15551234567"].spec.first_name == "Ada, Countess"
    assert found["+15551234567"].spec.email is UNSET


def test_the_same_person_in_manifest_and_table_is_an_error_in_the_table(tmp_path):
    (tmp_path / "team.csv").write_text("firstName,phoneNumber\nAda,+15551234567\n")
    text = HEAD + "users: [{phoneNumber: +15551234567}]\nusersFrom: [team.csv]\n"

    with pytest.raises(ManifestError) as caught:
        users(text, name=str(tmp_path / "photon.yaml"))

    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.file, diagnostic.line, diagnostic.column) == (
        str(tmp_path / "team.csv"),
        2,
        5,
    )


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("team.csv", "", "the file is empty"),
        ("team.csv", 'phoneNumber\n"+1555\n', "this isn't CSV"),
        ("team.csv", "phoneNumber,phoneNumber\n+15551234567,+1\n", "is here 2 times"),
        (
            "team.csv",
            "phoneNumber;firstName\n+15551234567;A\n",
            "Save the table as comma-separated values",
        ),
        ("team.yaml", "name: x\n", "this isn't a list of users"),
        ("team.yaml", "- [\n", "YAML syntax"),
        ("team.yaml", "- {phoneNumber: +15551234567, phoneNumber: +15551234567}\n", "twice"),
        ("team.csv", "phoneNumber\n\udcff", "no UTF-8"),
    ],
)
def test_a_broken_table_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(ManifestError) as caught:
        users(HEAD + f"usersFrom: [{name}]", name=str(tmp_path / "photon.yaml"))

    assert any(told in d.message and d.file.endswith(name) for d in caught.value.diagnostics)


def test_a_file_that_is_no_table_is_never_quoted(tmp_path):
    (tmp_path / "settings").write_text("TOKEN=hunter2\nOTHER='hunter2,hunter2\n")

    with pytest.raises(ManifestError) as caught:
        users(HEAD + "usersFrom: [settings]", name=str(tmp_path / "photon.yaml"))

    assert [d.line for d in caught.value.diagnostics] == [1]
    assert "hunter2" not in repr(caught.value.diagnostics)


def test_a_table_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "team.csv")

    with pytest.raises(ManifestError) as caught:
        users(HEAD + "usersFrom: [team.csv]", name=str(tmp_path / "photon.yaml"))

    assert "not a regular file" in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("prune", "expected"),
    [
        ("", {"user": True, "webhook": True, "platform": False}),
        ("prune: false", {"user": False, "webhook": False, "platform": False}),
        ("prune: {users: false}", {"user": False, "webhook": True, "platform": False}),
        ("prune: {platforms: true}", {"user": True, "webhook": True, "platform": True}),
    ],
)
def test_prune(prune, expected):
    (project,) = loaded(HEAD + prune).projects

    kinds = {kind.name: kind for kind in kinds_of_photon() if kind.name in expected}
    assert {n: project.policy.prune.get(n, k.prune_default) for n, k in kinds.items()} == expected


def test_an_alias_is_what_it_names():
    text = (
        "version: 1\nproject: {name: &n bot}\nusers: [{phoneNumber: +15551234567, firstName: *n}]\n"
    )

    assert users(text)["+15551234567"].spec.first_name == "bot"


@pytest.mark.parametrize(
    "line",
    [
        "users: [{phoneNumber: '${env:SECRET}'}]",
        "users: [{phoneNumber: +15551234567, type: '${env:SECRET}'}]",
        "webhooks: ['${env:SECRET}']",
        "webhooks: ['http://x.example/${env:SECRET}']",
        "webhooks: [{url: https://x.example/, onMissingSecret: '${env:SECRET}'}]",
    ],
)
def test_what_was_filled_in_is_never_shown(line):
    with pytest.raises(ManifestError) as caught:
        loaded(HEAD + line + "\n", env={"SECRET": "hunter2" * 20})

    told = "".join(str(d) + d.source for d in caught.value.diagnostics)
    assert "hunter2" not in told
    assert "${env:SECRET}" in told


def test_a_variable_that_is_no_text_is_an_error_in_the_manifest():
    with pytest.raises(ManifestError) as caught:
        loaded("version: 1\nproject: {name: '${env:X}'}\n", env={"X": "a\udcff"})

    assert "X isn't UTF-8" in caught.value.diagnostics[0].message


def test_a_thousand_broken_documents_are_read_twice_and_not_a_thousand_times():
    text = "---\n".join(f"version: 2\nproject: {{name: p{i}}}\n" for i in range(1000))

    with pytest.raises(ManifestError) as caught:
        loaded(text)

    lines = [diagnostic.line for diagnostic in caught.value.diagnostics]
    assert lines == list(range(1, 300, 3))
    assert str(caught.value) == "1,000 errors in the manifest; the first 100 are shown"


def test_pinned_projects_may_share_a_name():
    text = "version: 1\nproject: {name: a, id: x}\n---\nversion: 1\nproject: {name: a, id: y}\n"

    assert [project.id for project in loaded(text).projects] == ["x", "y"]


def test_lone_webhooks_of_several_documents_get_keys_of_their_own():
    text = "---\n".join(
        f"version: 1\nproject: {{name: {name}}}\nwebhooks: [https://{name}.example.com/]\n"
        for name in "ab"
    )

    projects = loaded(text).projects

    keys = [w.secret.sink.key for p in projects for w in p.resources["webhook"].values()]
    assert keys == ["PHOTON_WEBHOOK_SECRET_A_EXAMPLE_COM", "PHOTON_WEBHOOK_SECRET_B_EXAMPLE_COM"]


@pytest.mark.parametrize(
    "url",
    ["https://[", "https://[::1", "https://]x/", "//[", "https://[v1.bot]/h", "https://[bot]/"],
)
def test_what_is_no_url_is_said_to_be_none(url):
    with pytest.raises(ManifestError) as caught:
        loaded(HEAD + f"webhooks: ['{url}', 'https://b.example.com/h']\n")

    assert any("isn't a webhook URL" in d.message for d in caught.value.diagnostics)


def fleet(**texts):
    sources = [Source(name=f"{name}.yaml", data=text.encode()) for name, text in texts.items()]
    return load(sources, Trust(), leaves_out=True)


def test_every_manifest_that_is_left_out_is_named_however_many_errors_another_has():
    many = HEAD + "users:\n" + "- {phoneNumber: x}\n" * 150
    found = fleet(
        a=many,
        good="version: 1\nproject: {name: good}\n",
        y="version: 1\nproject: {name: y}\nuserz: []\n",
        z="[",
    )

    assert [project.name for project in found.projects] == ["good"]
    assert found.left_out == ("a.yaml", "y.yaml", "z.yaml")


def test_a_table_that_is_wrong_leaves_out_the_manifest_that_names_it(tmp_path):
    (tmp_path / "t.csv").write_text("phoneNumber\nx\n")
    (tmp_path / "m.yaml").write_text(f"{HEAD}usersFrom: [t.csv]\n")
    (tmp_path / "good.yaml").write_text("version: 1\nproject: {name: good}\n")
    names = [str(tmp_path / name) for name in ("m.yaml", "good.yaml")]
    sources, unread = read_sources(names, None, Reach())

    found = load(sources, Trust(), unread, leaves_out=True)

    assert found.left_out == (names[0],)


def test_where_not_all_can_be_checked_nothing_is_worked_on():
    users = "users:\n" + "- {phoneNumber: x}\n" * 1_100
    many = {f"a{n}": f"version: 1\nproject: {{name: a{n}}}\n{users}" for n in range(12)}

    with pytest.raises(ManifestError):
        fleet(good="version: 1\nproject: {name: good}\n", **many, zz=HEAD)


def test_a_run_declares_no_more_webhooks_than_any_needs():
    def text(name):
        hooks = "".join(f"- https://{name}-{n}.example.com/\n" for n in range(1_000))
        return f"version: 1\nproject: {{name: {name}}}\nwebhooks:\n{hooks}"

    with pytest.raises(ManifestError) as caught:
        fleet(**{f"m{n}": text(f"m{n}") for n in range(22)})

    messages = [found.message for found in caught.value.diagnostics]
    assert len(messages) == 1
    assert "a run declares at most 20,000 webhooks" in messages[0]


@pytest.mark.parametrize("turn", ["\u202a", "\u202e", "\u2066", "\u2069"])
@pytest.mark.parametrize("line", ["limits: false  # {}x", "users: []  # {}", "name: '{}a'"])
def test_what_turns_the_order_of_what_is_shown_is_an_error(turn, line):
    with pytest.raises(ManifestError) as caught:
        loaded(f"{HEAD}{line.format(turn)}\n")

    assert "changes the order" in caught.value.diagnostics[0].message


def test_letters_that_are_written_from_the_right_are_fine():
    text = f"{HEAD}users: [{{phoneNumber: +15551234567, firstName: '\u0639\u0644\u064a \u200f'}}]"

    assert users(text.replace(" \u200f", ""))


def test_no_manifest_makes_a_table_of_another(tmp_path):
    (tmp_path / "aa.yaml").write_text(f"{HEAD}usersFrom: [prod.yaml]\n")
    (tmp_path / "prod.yaml").write_text("version: 1\nproject: {name: prod}\n")
    sources, unread = read_sources([str(tmp_path)], None, Reach())

    found = load(sources, Trust(), unread, leaves_out=True)

    assert [project.name for project in found.projects] == ["prod"]
    assert found.left_out == (str(tmp_path / "aa.yaml"),)
