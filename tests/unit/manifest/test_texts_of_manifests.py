"""Every text of a manifest and of a table is checked in one place, wherever it comes from."""

import pytest

from photonctl.errors import ManifestError
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source, read_sources
from photonctl.manifest.trust import Trust
from photonctl.model.filled import Filled, shown_text
from photonctl.reach import Reach

HEAD = "version: 1\nproject: {name: bot}\n"


def problems(text, env=None, name="m.yaml"):
    with pytest.raises(ManifestError) as caught:
        load([Source(name=name, data=text.encode())], Trust(env=env or {}))
    return [str(diagnostic) for diagnostic in caught.value.diagnostics]


def only(text, env=None, name="m.yaml"):
    (project,) = load([Source(name=name, data=text.encode())], Trust(env=env or {})).projects
    return project


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nproject:\n  name: |\n    bot\n",
        'version: 1\nproject: {name: "bot "}\n',
        'version: 1\nproject: {name: bot, location: "x\\u200b"}\n',
        'version: 1\nproject: {name: bot, id: " p1"}\n',
        'version: 1\nproject: {name: bot, profile: {firstName: "A\\tb"}}\n',
        'version: 1\nproject: {name: bot, credentials: {envFile: ".env "}}\n',
        HEAD + "users:\n  - phoneNumber: |\n      +15551230001\n",
        HEAD + 'users: [{phoneNumber: +15551230001, firstName: "Ada\\n"}]\n',
        HEAD + 'users: [{phoneNumber: +15551230001, email: "a@b.example\\u00a0"}]\n',
        HEAD + 'webhooks: ["https://b.example.com/h\\n"]\n',
        HEAD + "webhooks:\n  - url: https://b.example.com/h\n    secret:\n"
        "      envFile: .env\n      key: |\n        BOT\n",
        HEAD + 'webhooks: [{url: https://b.example.com/h, secret: {keyring: "s\\n"}}]\n',
        HEAD + 'webhooks: [{url: https://b.example.com/h, secret: {exec: ["store ", x]}}]\n',
        HEAD + 'webhooks: [{url: https://b.example.com/h, eventTypes: ["message.received\\n"]}]\n',
        HEAD + 'protect: {users: ["+1555*\\n"]}\n',
        HEAD + 'ignore: {webhooks: [" https://*"]}\n',
    ],
)
def test_an_invisible_end_is_an_error_in_every_field(text):
    (told,) = problems(text)

    assert told.startswith("m.yaml:")
    assert "(U+" in told


@pytest.mark.parametrize("end", ["\n", "\r", " ", "\ufeff", "\u200b"])
def test_a_value_of_the_environment_is_held_to_the_same(end):
    (told,) = problems("version: 1\nproject: {name: '${env:NAME}'}\n", env={"NAME": f"bot{end}"})

    assert told.startswith("m.yaml:2:17: the value of ${env:NAME} ends with")
    assert "bot" not in told.removeprefix("m.yaml")


@pytest.mark.parametrize(
    ("content", "name"), [("bot\n", "bot"), ("bot\r\n", "bot"), ("bot", "bot")]
)
def test_the_last_line_break_of_a_file_is_no_part_of_its_value(tmp_path, content, name):
    (tmp_path / "name.txt").write_bytes(content.encode())

    found = only("version: 1\nproject: {name: '${file:name.txt}'}\n", name=str(tmp_path / "m.yaml"))

    assert found.name == name


@pytest.mark.parametrize("content", ["bot\n\n", "bot \n", "\ufeffbot\n", "bot\r\r\n"])
def test_anything_more_at_the_end_of_a_file_is_an_error(tmp_path, content):
    (tmp_path / "name.txt").write_bytes(content.encode())

    (told,) = problems(
        "version: 1\nproject: {name: '${file:name.txt}'}\n", name=str(tmp_path / "m.yaml")
    )

    assert "${file:name.txt}" in told


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("+15551230001 ,Ada", "2:1"),
        ("+15551230001, Ada", "2:14"),
        ("+15551230001,Ada\u200b", "2:14"),
    ],
)
def test_a_cell_of_a_table_is_held_to_the_same(tmp_path, row, place):
    (tmp_path / "t.csv").write_text(f"phoneNumber,firstName\n{row}\n", encoding="utf-8")

    (told,) = problems(HEAD + "usersFrom: [t.csv]\n", name=str(tmp_path / "m.yaml"))

    assert f"t.csv:{place}: this text" in told


def test_a_row_of_a_yaml_table_is_held_to_the_same(tmp_path):
    (tmp_path / "t.yaml").write_text('- {phoneNumber: "+15551230001\\n"}\n')

    (told,) = problems(HEAD + "usersFrom: [t.yaml]\n", name=str(tmp_path / "m.yaml"))

    assert "t.yaml:1:17: this text ends with a line break" in told


@pytest.mark.parametrize(
    ("expression", "env", "name"),
    [
        ("bot${env:X:-d}", {}, "botd"),
        ("bot${env:X:-d}", {"X": ""}, "botd"),
        ("bot${env:X:-d}", {"X": "x"}, "botx"),
        ("bot${env:X-d}", {}, "botd"),
        ("bot${env:X-d}", {"X": ""}, "bot"),
        ("bot${env:X-}", {}, "bot"),
        ("bot${env:X-}", {"X": "x"}, "botx"),
        ("bot${env:X:-}", {"X": ""}, "bot"),
        ("bot${env:X:-a-b:-c}", {}, "bota-b:-c"),
    ],
)
def test_defaults_mean_what_they_mean_in_a_shell(expression, env, name):
    assert only(f"version: 1\nproject: {{name: '{expression}'}}\n", env=env).name == name


def test_an_empty_variable_without_a_default_is_an_error():
    (told,) = problems("version: 1\nproject: {name: 'b${env:X}'}\n", env={"X": ""})

    assert "X is set but empty" in told
    assert "${env:X-}" in told


def test_a_filled_text_keeps_its_origin_and_is_never_shown():
    found = only("version: 1\nproject: {name: 'b-${env:X}'}\n", env={"X": "S3CRET"}).name

    assert found == "b-S3CRET"
    assert isinstance(found, Filled)
    assert shown_text(found) == found.raw == "b-${env:X}"


@pytest.mark.parametrize("value", ["S3CRET", "a\"b'c", "x" * 200])
def test_an_error_shows_the_expression_and_not_what_was_filled_in(value):
    told = problems(HEAD + "users: [{phoneNumber: '${env:X}'}]\n", env={"X": value})

    assert all(value not in line and value[:50] not in line for line in told)
    assert "${env:X}" in told[0]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "usersFrom: [~/team.csv]\n",
        HEAD + "usersFrom: [{file: ~/team.csv}]\n",
        "version: 1\nproject: {name: bot, credentials: {envFile: ~/.env}}\n",
        HEAD + "webhooks: [{url: https://b.example.com/h, secret: {envFile: ~/.env}}]\n",
        HEAD + "webhooks: [{url: https://b.example.com/h, secret: {exec: [~/bin/store]}}]\n",
        "version: 1\nproject: {name: '${file:~/name}'}\n",
    ],
)
def test_a_home_is_not_expanded_and_said_so(text):
    assert any("isn't expanded" in told for told in problems(text))


def test_empty_documents_are_skipped():
    assert only("---\n# nothing\n---\n" + HEAD + "---\n").name == "bot"


def test_a_file_of_empty_documents_is_empty():
    (told,) = problems("---\n---\n")

    assert "the manifest is empty" in told


@pytest.mark.parametrize(
    ("table", "phones"),
    [
        ("phoneNumber,firstName,,\n+15551230001,Ada,,\n", ["+15551230001"]),
        ("sep=,\nphoneNumber\n+15551230001\n", ["+15551230001"]),
        ("phoneNumber,,firstName\n+15551230001,,Ada\n", ["+15551230001"]),
        ("phoneNumber\n+15551230001,,,\n,,\n+15551230002\n", ["+15551230001", "+15551230002"]),
    ],
)
def test_empty_columns_and_rows_of_a_spreadsheet_are_nothing(tmp_path, table, phones):
    (tmp_path / "t.csv").write_text(table)

    found = only(HEAD + "usersFrom: [t.csv]\n", name=str(tmp_path / "m.yaml"))

    assert sorted(found.resources["user"]) == phones


def test_a_cell_below_an_empty_heading_is_an_error(tmp_path):
    (tmp_path / "t.csv").write_text("phoneNumber,,firstName\n+15551230001,x,Ada\n")

    (told,) = problems(HEAD + "usersFrom: [t.csv]\n", name=str(tmp_path / "m.yaml"))

    assert "is below an empty heading" in told


@pytest.mark.parametrize(("name", "content"), [("t.csv", "phoneNumber\n"), ("t.yaml", "[]\n")])
def test_a_table_without_a_row_is_an_error_unless_it_may_be_empty(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    place = str(tmp_path / "m.yaml")

    (told,) = problems(HEAD + f"usersFrom: [{name}]\n", name=place)
    allowed = only(HEAD + f"usersFrom: [{{file: {name}, allowEmpty: true}}]\n", name=place)

    assert "the table has no row" in told
    assert "allowEmpty: true" in told
    assert allowed.resources["user"] == {}
    assert allowed.origins["user"] == ((name, 0),)


def test_an_empty_list_of_tables_leaves_users_alone():
    assert "user" not in only(HEAD + "usersFrom: []\n").resources
    assert only(HEAD + "users: []\nusersFrom: []\n").resources["user"] == {}


def test_hidden_files_and_tables_of_a_folder_are_no_manifests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(HEAD + "usersFrom: [team.yaml, {file: more.yml}]\n")
    (tmp_path / "team.yaml").write_text("- phoneNumber: +15551230001\n")
    (tmp_path / "more.yml").write_text("- phoneNumber: +15551230002\n")
    (tmp_path / ".old.yaml").write_text("not: [a manifest\n")
    (tmp_path / ".#a.yaml").symlink_to("me@host.1:2")

    sources, unread = read_sources(["."], None, Reach())
    (project,) = load(sources, Trust(), unread).projects

    assert sorted(project.resources["user"]) == ["+15551230001", "+15551230002"]


def test_a_hidden_file_that_is_named_is_read(tmp_path):
    (tmp_path / ".bot.yaml").write_text(HEAD)

    sources, unread = read_sources([str(tmp_path / ".bot.yaml")], None, Reach())

    assert load(sources, Trust(), unread).projects[0].name == "bot"


def test_names_in_two_unicode_forms_are_one_project():
    told = problems(
        "version: 1\nproject: {name: Caf\u00e9}\n---\nversion: 1\nproject: {name: Cafe\u0301}\n"
    )

    assert any("declares the project" in line for line in told)


@pytest.mark.parametrize(
    "other",
    ["https://xn--bcher-kva.example/a-b/d", "https://b\u00fccher.example/a%2Db/./c/../d",
     "HTTPS://B\u00dcCHER.example:443/a%2db/d"],
)  # fmt: skip
def test_urls_that_are_one_after_normalising_are_duplicates(other):
    told = problems(HEAD + f"webhooks: ['https://b\u00fccher.example/a-b/d', '{other}']\n")

    assert any("is declared twice" in line for line in told)


@pytest.mark.parametrize("limits", ["true", "3", "{maxDeletes: -1}", "{maxDelete: 1}"])
def test_limits_that_are_none_are_errors(limits):
    assert problems(HEAD + f"limits: {limits}\n")


def test_a_given_limit_takes_the_place_of_the_default():
    (given, off, default) = (
        only(HEAD + f"limits: {text}\n").policy.limits
        for text in ("{maxDeletes: 10}", "false", "{}")
    )

    assert (given.max_deletes, given.max_delete_percent, given.needs_both) == (10, None, False)
    assert (off.max_deletes, off.max_delete_percent) == (None, None)
    assert (default.max_deletes, default.max_delete_percent, default.needs_both) == (3, 30, True)


HIDDEN_BREAKS = ["\r", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("mark", HIDDEN_BREAKS, ids=ascii)
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Deletes stay limited.{}limits: false\n" + HEAD, 1),
        ("# note{}# and more\n" + HEAD, 1),
        (HEAD + "# the end.{}protect: []\n", 3),
    ],
)
def test_a_break_that_a_reviewer_may_not_see_is_refused(mark, text, line):
    (told,) = problems(text.replace("{}", mark))

    assert told.startswith(f"m.yaml:{line}:")
    assert f"U+{ord(mark):04X} isn't shown as one" in told


@pytest.mark.parametrize("mark", HIDDEN_BREAKS, ids=ascii)
@pytest.mark.parametrize("name", ["team.csv", "team.yaml"])
def test_a_table_has_no_such_break_either(tmp_path, mark, name):
    rows = {
        "team.csv": f"phoneNumber\n+15551234567{mark}+15551234568\n",
        "team.yaml": f"# note{mark}- +15551234568\n- +15551234567\n",
    }
    (tmp_path / name).write_bytes(rows[name].encode())
    text = f"{HEAD}usersFrom: [{name}]\n"

    assert any(
        "isn't shown as one" in told for told in problems(text, name=str(tmp_path / "photon.yaml"))
    )


def test_line_ends_of_windows_are_fine():
    assert only((HEAD + "# the end\n").replace("\n", "\r\n")).name == "bot"
