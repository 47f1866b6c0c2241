"""Inputs that once cost the square of their size. Each of these would take minutes."""

import asyncio
import json
import os
import re
import tracemalloc

import pytest
from keyring.backends.fail import Keyring as NoKeyring
from msgspec.structs import replace

from photonctl import hosts, os_keyring, reach
from photonctl.api import device_login
from photonctl.api.directory import Directory
from photonctl.api.hook_rows import read_webhooks
from photonctl.api.rows import _counting, read_projects, read_users
from photonctl.api.spectrum import Found, Spectrum
from photonctl.cli.main import run
from photonctl.cli.plan import _save
from photonctl.codes import Code
from photonctl.errors import (
    Diagnostic,
    ManifestError,
    PlanRefused,
    RefusedError,
    SinkNotWritable,
    UnknownShape,
)
from photonctl.files import read_bounded
from photonctl.findings import findings_of
from photonctl.kinds import patterns as patterns_
from photonctl.kinds.patterns import Patterns, longest_loose
from photonctl.kinds.user.kind import UserKind, UserSpec
from photonctl.kinds.values import Problem
from photonctl.kinds.webhook import kind as webhook_kind
from photonctl.kinds.webhook.rows import WebhookSpec
from photonctl.manifest import documents as documents_
from photonctl.manifest import format as format_
from photonctl.manifest import load as load_
from photonctl.manifest import locate, read, table, tables
from photonctl.manifest import naming as naming_
from photonctl.manifest import sources as sources_
from photonctl.manifest.changes import changes
from photonctl.manifest.decode import NotYaml
from photonctl.manifest.env_files import _lines_in
from photonctl.manifest.files import check_files, load_files
from photonctl.manifest.format import formatted
from photonctl.manifest.naming import manifests_of
from photonctl.manifest.quoting import quotable
from photonctl.manifest.read import parse
from photonctl.manifest.refilled import check_filled
from photonctl.manifest.rules import check_patterns
from photonctl.manifest.saved import is_report_data
from photonctl.manifest.sink_rules import check_sinks
from photonctl.manifest.sources import read_file, read_sources
from photonctl.manifest.trust import Trust
from photonctl.model import secret
from photonctl.model.filled import Filled
from photonctl.model.plan import Action, Plan, Verb
from photonctl.model.policy import Policy
from photonctl.model.reason import Reason, Why
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import STORES, Declared, Live, SinkSpec
from photonctl.model.state import DesiredProject, Evidence, LiveProject, Occupied, Stored
from photonctl.observer.bounds import Bounds
from photonctl.observer.owners import with_owners
from photonctl.observer.places import Place
from photonctl.observer.request import ObservationRequest
from photonctl.observer.secrets import spelled_as_declared
from photonctl.planner.diff import plan_project
from photonctl.planner.patterns import unmatched_patterns
from photonctl.port import ProjectRow, UserRow
from photonctl.reach import Reach
from photonctl.sealed import plan_from_text, plan_to_text, sealed
from photonctl.sinks import env_text
from photonctl.sinks.env_file import EnvFileSink
from photonctl.texts import look_alike, nfc, nfkc
from photonctl.urls import normalise_url, shown_url
from photonctl.views.findings import render_sarif
from photonctl.views.redact import Redaction
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount


def listed_users(rows):
    found = Found()
    found.add(read_users(rows)[0])
    return found


def test_secrets_that_begin_alike_are_looked_for_at_once(forgetful):
    for number in range(20_000):
        secret.note_secret(f"aaaaaaaa{number:06d}")

    assert secret.holds_secret("x aaaaaaaa000123 x")
    assert not any(secret.holds_secret(f"aaaaaaaa{n}") for n in range(20_000))


def test_secrets_of_one_block_are_looked_for_within_bounds(forgetful):
    for number in range(900):
        secret.note_secret("abcdefg" * 140 + f"{number:04d}")

    assert secret.repeats_secret("abcdefg" * 1_400)
    assert not secret.repeats_secret("nothing of the kind " * 500)


def test_a_name_that_nearly_repeats_many_secrets_is_refused_at_once(forgetful):
    for number in range(20_000):
        secret.note_secret("z" * 8 + "z" * (number % 8) + f"{number:06d}")

    assert all(secret.holds_secret("z" * 2_000) for _ in range(20_000))
    assert not secret.holds_secret("a name like any other")


def test_many_wrong_rotations_are_said_once_each():
    places = [{"vault": "secret/bot", "key": f"K{n}", "rotate": {"every": "1h"}} for n in range(5)]
    hooks = [{"url": f"https://b.ch/{n}", "secret": places} for n in range(100)]
    known = [Problem(code=Code.SINK, at=("users", n), message="wrong") for n in range(12_000)]

    found = list(check_sinks({"webhooks": hooks}, known))

    assert any("at most 200 places" in problem.message for problem in found)


def test_a_good_piece_of_a_secret_is_found(forgetful):
    secret.note_secret("spk_live_0123456789abcdefXYZ")

    assert secret.repeats_secret("it was 3456789abcdefXY.")
    assert not secret.repeats_secret("it was 3456789 abcdef")


def test_no_more_secrets_are_remembered_than_an_account_has(forgetful):
    def listed(round_):
        secrets = [f"{round_:04d}{n:06d}" + "s" * 900 for n in range(400)]
        return [{"id": f"p{n}", "name": "bot", "projectSecret": s} for n, s in enumerate(secrets)]

    rounds = map(read_projects, map(listed, range(20)))
    assert len(next(rounds)) == 400
    with pytest.raises(UnknownShape, match="than an account has"):
        list(rounds)

    assert secret.noted_size() < 5_000_000


def test_a_list_that_is_read_again_counts_once(forgetful):
    rows = [
        {"id": f"p{n}", "name": "bot", "projectSecret": f"{n:06d}" + "s" * 40} for n in range(9_000)
    ]

    for _ in range(8):
        assert len(read_projects(rows)) == 9_000
    with pytest.raises(UnknownShape, match="than an account has"):
        read_projects(
            [{**row, "projectSecret": f"{n:06d}" + "s" * 900} for n, row in enumerate(rows)]
        )


LONG = "a" * 1_900


@pytest.mark.parametrize("name", ["firstName", "lastName", "email"])
def test_a_list_of_users_of_long_names_is_none(forgetful, name):
    rows = [
        {"id": f"u{n}", "phoneNumber": f"+1555{n:07d}", name: f"{n}{LONG}"} for n in range(4_000)
    ]

    with pytest.raises(UnknownShape, match="ordinary length"):
        listed_users(rows)
    assert len(listed_users([{**row, name: "Ada"} for row in rows])) == 4_000
    assert len(listed_users(rows[:1_000])) == 1_000


def test_a_users_type_is_a_word(forgetful):
    with pytest.raises(UnknownShape, match="type"):
        listed_users([{"id": "u1", "phoneNumber": "+15550000001", "type": LONG}])


@pytest.mark.parametrize(
    "read", [read_projects, read_webhooks], ids=["list of projects", "list of webhooks"]
)
def test_other_lists_of_long_texts_are_none(forgetful, read):
    def rows(count):
        return [
            {"id": f"i{n}", "name": f"{n}{LONG}", "webhookUrl": f"https://{n}.example.com/{LONG}"}
            for n in range(count)
        ]

    with pytest.raises(UnknownShape, match="ordinary length"):
        read(rows(4_000))
    assert len(read(rows(1_000))) == 1_000


def test_webhooks_of_many_hosts_that_arent_ascii_are_none():
    def rows(count):
        hosts = ("".join(chr(0x3B1 + (n * 7 + i) % 17) for i in range(40)) for n in range(count))
        return [
            {"id": f"w{n}", "webhookUrl": f"https://{host}{n}.example.com/{host}"}
            for n, host in enumerate(hosts)
        ]

    assert len(read_webhooks(rows(100))) == 100
    with pytest.raises(UnknownShape, match="usual hosts"):
        read_webhooks(rows(1_000))


def test_a_host_is_encoded_once_in_whatever_case():
    hosts._encoded.cache_clear()
    url = "https://ΑΒΓΔ.example.com/h"

    assert normalise_url(url) == f"{shown_url(url)}"

    assert hosts._encoded.cache_info().misses == 1


def test_users_of_long_names_are_refused_before_the_last_is_looked_at(forgetful):
    row = {"phoneNumber": "+15551230001", "firstName": "n" * 1_999}
    rows = [{**row, "id": f"u{number}"} for number in range(10_000)]
    looked_at = []

    class Rows(list):
        def __iter__(self):
            for row in super().__iter__():
                looked_at.append(row)
                yield row

    with pytest.raises(UnknownShape, match="ordinary length"):
        list(map(_counting(), Rows(rows)))

    assert len(looked_at) < 3_000


def test_a_command_keeps_no_more_than_it_can_show():
    bounds = Bounds(most=3)
    rows = {"user": {"a": None, "b": None}}

    bounds.take(LiveProject(id="p1", resources=rows))
    with pytest.raises(RefusedError, match="more than 3 users"):
        bounds.take(LiveProject(id="p2", resources=rows))


def test_texts_nearly_matched_again_and_again_are_compared_once():
    patterns = Patterns([f"*{'a' * 450}b{n}*" for n in range(190)])

    assert not any(patterns.match(["a" * 3_900 + str(n)]) for n in range(100))


def test_numbers_on_one_line_are_written_at_once():
    rows = ",".join(f"{{phoneNumber: +1555{n:07d}}}" for n in range(40_000))
    text = f"version: 1\nproject: {{name: x}}\nusers: [{rows}]\n"

    assert formatted(text.encode()).count('"+1555') == 40_000


def test_files_that_name_tables_are_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for n in range(300):
        (tmp_path / f"m{n}.yaml").write_text(f"project: {{name: x}}\nusersFrom: [t{n}.csv]\n")
        (tmp_path / f"t{n}.csv").write_text("phoneNumber\n")

    found, lonely = manifests_of([f"t{n}.csv" for n in range(300)])

    assert (len(found), lonely) == (300, [])


@pytest.mark.parametrize("target", ["/dev/zero", "/proc/self/environ", "/etc/passwd"])
def test_no_link_to_a_device_or_out_of_the_folder_is_read(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photon.yaml").write_text("project: {name: x}\nusersFrom: [t.csv]\n")
    (tmp_path / "t.csv").write_text("phoneNumber\n")
    (tmp_path / "evil.yaml").symlink_to(target)

    assert manifests_of(["t.csv"]) == (["photon.yaml"], [])


def test_what_is_nearly_an_address_is_looked_at_once():
    text = "a" * 63 + "@" + "b-" * 2_000_000

    assert Redaction(is_on=True).message(text).endswith("b-")
    assert "ada" not in Redaction(is_on=True).message("to ada@mail.example.com")


def test_a_url_of_other_letters_is_quoted_at_once():
    assert normalise_url("https://h.example.com/" + "é" * 3_500).count("%C3%A9") == 3_500


def test_a_report_with_more_messages_than_any_is_none():
    project = {"warnings": [], "notes": [], "errors": [""] * 1_100_000}

    assert not is_report_data(json.loads(json.dumps({"projects": [project]})))
    assert not is_report_data({"projects": [{"errors": ["@" * 4_000_000]}]})


HEAD = "version: 1\nproject: {name: bot}\n"


def load(folder, text):
    (folder / "photon.yaml").write_text(text)
    return load_files([str(folder / "photon.yaml")], Trust(reach=Reach(), env={}))


def with_env_files(folder, names):
    hooks = [
        f"  - {{url: 'https://b.ch/{n}', secret: {{envFile: {name}, key: K{n}}}}}"
        for n, name in enumerate(names)
    ]
    return load(folder, HEAD + "webhooks:\n" + "\n".join(hooks))


ENV_FILES = {
    "usual lines": ("a=\n" * 9_900, 51),
    "large": (("a=" + "b" * 260_000 + "\n") * 2, 65),
    "of other lines": ("=\n" * 900, 40),
    "of returns": ("A=1\r" * 900, 40),
    "of blanks": ("A=" + ("x" + " " * 99) * 5_000 + "\n", 6),
}


@pytest.mark.parametrize("kind", ENV_FILES)
def test_more_env_files_than_any_run_needs_are_refused(tmp_path, kind):
    text, files = ENV_FILES[kind]
    names = [f"x{n}.env" for n in range(files)]
    for name in names:
        (tmp_path / name).write_text(text, newline="")

    with pytest.raises(ManifestError) as caught:
        with_env_files(tmp_path, names)

    (error,) = caught.value.diagnostics
    assert "env files of this run" in error.message
    assert with_env_files(tmp_path, names[: files // 2])


def test_an_env_file_counts_once_however_often_it_is_named(tmp_path):
    (tmp_path / "x.env").write_text("a=\n" * 9_900)
    (tmp_path / "y.env").symlink_to("x.env")

    assert with_env_files(tmp_path, ["x.env", "y.env"] * 100)


def test_a_long_line_is_not_searched_for_each_of_its_errors(tmp_path):
    wrong = ", ".join(["z"] * 200)

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}users: [{wrong}] #{' ' * 16_000_000}\n")

    assert len(caught.value.diagnostics) == 100
    assert not any(diagnostic.source for diagnostic in caught.value.diagnostics)


def test_tables_beyond_those_of_any_document_are_not_looked_for(tmp_path, monkeypatch):
    looked_for = set()
    monkeypatch.setattr(tables, "resolved", lambda path: looked_for.add(path) or path)
    names = "".join(f"- t{n}.csv\n" for n in range(100_000))

    with pytest.raises(ManifestError, match="101 errors"):
        load(tmp_path, f"project: {{name: a}}\nusersFrom:\n{names}")

    assert len(looked_for) == 100


def test_a_table_that_many_documents_name_is_parsed_once(tmp_path, monkeypatch):
    parsed, parse = [], tables.parse
    monkeypatch.setattr(tables, "parse", lambda *a, **k: parsed.append(a) or parse(*a, **k))
    (tmp_path / "t.yaml").write_text("- {phoneNumber: +15551230001}\n")
    document = "version: 1\nproject: {{name: p{}}}\nusersFrom: [t.yaml]\n"

    found = load(tmp_path, "---\n".join(document.format(n) for n in range(50)))

    assert (len(found), len(parsed)) == (50, 1)
    assert all(len(project.resources["user"]) == 1 for project in found)


def test_the_values_of_all_files_of_a_run_are_counted_together(tmp_path):
    for number in range(3):
        rest = f"project: {{name: p{number}}}\nx: [{'a,' * 500_000}]\n"
        (tmp_path / f"{number}.yaml").write_text(f"version: 1\n{rest}")

    with pytest.raises(ManifestError) as caught:
        load_files([str(tmp_path)], Trust())

    assert any("1,200,000 values" in d.message for d in caught.value.diagnostics)


def test_more_links_than_the_system_follows_are_not_followed_for_each_mention(tmp_path):
    (tmp_path / "t0").write_text("x")
    (tmp_path / "e0.env").write_text("A=1\n")
    for number in range(1, 200):
        (tmp_path / f"t{number}").symlink_to(f"t{number - 1}")
        (tmp_path / f"e{number}.env").symlink_to(f"e{number - 1}.env")

    with pytest.raises(ManifestError) as caught:
        load(
            tmp_path, f"{HEAD}users: [{{phoneNumber: +15551230001, firstName: '${{file:t199}}'}}]\n"
        )
    assert "links lead nowhere" in caught.value.diagnostics[0].message
    with pytest.raises(ManifestError, match="1 error"):
        with_env_files(tmp_path, ["e199.env"])
    assert with_env_files(tmp_path, ["e9.env"])


PLACES = {
    "env files": "{envFile: a, key: K}",
    "commands": "{exec: [a]}",
    "stores": "{vault: secret/bot, key: K}",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_more_places_than_a_secret_may_have_are_not_looked_at(tmp_path, place):
    places = ", ".join([place] * 30_000)
    text = f"project: {{name: bot, credentials: [{places}]}}"
    hooks = f"webhooks: [{{url: 'https://a.ch/1', secret: [{places}]}}]"

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"version: 1\n{text}\n{hooks}\n")

    said = [d.message for d in caught.value.diagnostics]
    assert any("30,000 entries" in message for message in said)
    assert len(said) < 30


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("envFile: {d}-{n}.env", 20_000),
        *((f"{word}: '{{d}}/{{n}}'", 5_000) for word in ("keyring", *STORES)),
        ("plugin: p, target: '{d}/{n}'", 5_000),
    ],
)
def test_more_places_than_any_run_names_are_refused_before_any_is_looked_at(place, most, tmp_path):
    each = 200 if most < 20_000 else 1_000
    hook = f"{{{{url: 'https://a.ch/{{n}}', secret: {{{{{place}, key: K}}}}}}}}"
    hooks = [", ".join(hook.format(d=d, n=n) for n in range(each)) for d in range(most // each + 2)]
    texts = [f"version: 1\nproject: {{name: p{d}}}\nwebhooks: [{h}]\n" for d, h in enumerate(hooks)]

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "---\n".join(texts))

    said = [d.message for d in caught.value.diagnostics]
    assert sum("places in secret stores, keyrings and plugins. Split" in text for text in said) == 1
    assert f"more than {most:,}" in said[-1]


def test_a_machine_without_a_keyring_needs_no_thread_to_say_so(monkeypatch):
    monkeypatch.setattr(os_keyring, "_backend", NoKeyring)
    monkeypatch.setattr(os_keyring, "within", pytest.fail)

    with pytest.raises(RefusedError, match="no keyring"):
        os_keyring.read_keyring("bot", "K")


def test_a_path_is_followed_once_however_often_it_is_named(tmp_path, monkeypatch):
    followed, follow = [], reach._follow
    monkeypatch.setattr(
        reach, "_follow", lambda path, looks: followed.append(path) or follow(path, looks)
    )

    with_env_files(tmp_path, ["x.env"] * 100)

    assert followed.count(str(tmp_path / "x.env")) == 1
    assert len(followed) < 10 * len(tmp_path.parts)  # each of its folders, too


def test_places_are_found_only_as_far_as_errors_are_shown(tmp_path, monkeypatch):
    marked, mark = [], read._Builder._mark
    monkeypatch.setattr(
        read._Builder, "_mark", lambda self, *of: marked.append(0) or mark(self, *of)
    )
    users = "".join(f"- {{phoneNumber: x{n}}}\n" for n in range(9_000))

    with pytest.raises(ManifestError, match="9,000 errors in the manifest; the first") as caught:
        load(tmp_path, f"{HEAD}users:\n{users}")

    assert [d.line for d in caught.value.diagnostics] == list(range(4, 104))
    assert len(marked) < 9_000 + 9_000 + 9_000  # the first reading: a row and a number each


def test_blanks_within_a_line_are_written_at_once():
    assert formatted(f"{HEAD}# {' ' * 1_000_000}x  \n".encode()).endswith(f"{' ' * 1_000_000}x\n")


def test_what_is_nearly_an_assignment_is_looked_at_once():
    text = '"' + "a" * 9_000 + "\n" * 9_000
    error = Diagnostic(
        code=Code.NOT_YAML, file="f", line=1, column=1, message="no", quotes="", source=text
    )

    assert quotable(error, frozenset()).source == text


def test_a_row_of_commas_is_refused_before_it_is_cut_into_cells(tmp_path):
    (tmp_path / "t.csv").write_text("phoneNumber\n+15551230001" + "," * 200_000 + "\n")

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}usersFrom: [t.csv]\n")

    assert "longer than 100,000 characters" in caught.value.diagnostics[0].message


@pytest.mark.parametrize("name", ["bot.env", "x.vars", "k.secret", "K.SECRETS", "a.ENV"])
def test_no_file_of_secrets_is_read_into_a_manifest(tmp_path, name):
    (tmp_path / name).write_text("hunter2-hunter2")

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"version: 1\nproject: {{name: '${{file:{name}}}'}}\n")

    assert "files of secrets" in caught.value.diagnostics[0].message


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_more_directives_than_any_manifest_has_are_refused_before_the_parser(tmp_path, end):
    text = "".join(f"%TAG !{n:x}! a{end}" for n in range(160_000))

    with pytest.raises(ManifestError, match="1 error") as caught:
        load(tmp_path, f"{text}---\n{HEAD}")

    assert "begin with %" in caught.value.diagnostics[0].message
    with pytest.raises(NotYaml):
        formatted(f"{text}---\n{HEAD}".encode())
    assert load(tmp_path, f"%YAML 1.2\n---\n{HEAD}")


@pytest.mark.parametrize("every", [1, 2, 100])
def test_more_changes_than_anybody_reads_are_cut_off(every):
    lines = [f"# {n}" + " " * (n % every == 0) for n in range(1_000_000)]

    shown = list(changes("\n".join(lines), "\n".join(map(str.rstrip, lines))))

    assert 10_000 < len(shown) < 20_000
    assert shown[-1] == "What changes after these lines isn't shown."


ACCENTS = "a" + "\u0345" * 200_000 + "\u0300" * 200_000
LONG_TEXTS = {
    "a name": f"project: {{name: {ACCENTS}}}",
    "a host": f"project: {{name: a}}\nwebhooks: ['https://{ACCENTS}.example.com/h']",
    "user info": f"project: {{name: a}}\nwebhooks: ['https://{ACCENTS}@example.com/h']",
    "a path": f"project: {{name: a}}\nwebhooks: ['https://example.com/{ACCENTS}']",
    "a user": f"project: {{name: a}}\nusers: [{{phoneNumber: +15551230001, firstName: {ACCENTS}}}]",
    "an e-mail": f"project: {{name: a}}\nusers: [{{phoneNumber: +15551230001, email: {ACCENTS}}}]",
    "a platform": f"project: {{name: a, platforms: [{ACCENTS}]}}",
    "a profile": f"project: {{name: a, profile: {{firstName: {ACCENTS}}}}}",
    "a key": f"project: {{name: a, {ACCENTS}: 1}}",
    "a pattern": f"project: {{name: a}}\nprotect: {{users: ['{ACCENTS}*']}}",
    "a file": f"project: {{name: a, credentials: {{envFile: {ACCENTS}}}}}",
}


@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_accents_beyond_any_name_are_refused_before_they_are_put_in_order(tmp_path, text):
    with pytest.raises(ManifestError):
        load(tmp_path, f"version: 1\n{text}\n")


def test_accents_in_what_is_live_are_put_in_order_only_in_names():
    assert nfc(ACCENTS) == look_alike(ACCENTS) == ACCENTS
    for text in (f"https://{ACCENTS}.example.com/h", f"https://x.example.com/{ACCENTS}"):
        assert shown_url(text)
    with pytest.raises(ValueError, match="DNS"):
        normalise_url(f"https://{ACCENTS}.example.com/h")


LONG_PATHS = {
    "a file that is read": "users: [{phoneNumber: '${file:" + "a/../" * 400_000 + "x}'}]",
    "up": "webhooks: [{url: 'https://a.ch/1', secret: {envFile: '" + "../" * 400_000 + ".env'}}]",
    "down": "webhooks: [{url: 'https://a.ch/1', secret: {envFile: '" + "a/" * 400_000 + ".env'}}]",
    "a table": "usersFrom: ['" + "a/../" * 400_000 + "t.csv']",
    "a command": "webhooks: [{url: 'https://a.ch/1', secret: {exec: ['" + "a/" * 400_000 + "x']}}]",
}


@pytest.mark.parametrize("text", LONG_PATHS.values(), ids=LONG_PATHS)
def test_a_path_that_no_file_has_is_refused_before_its_parts_are_looked_at(tmp_path, text):
    with pytest.raises(ManifestError):
        load(tmp_path, f"{HEAD}{text}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${x}" * 20, "isn't an expression"),
        ("${env:NO_SUCH-}" * 6, "too many expressions"),
        ("${env:NO_SUCH}" * 6, "NO_SUCH is not set"),
    ],
)
def test_expressions_that_aliases_repeat_are_bounded_over_all_files(tmp_path, text, said):
    lines = f"version: 1\nproject: {{name: bot}}\na: &a '{text}'\nb: [{'*a,' * 9_000}]\n"
    for n in range(30):
        (tmp_path / f"{n}.photon.yaml").write_text(lines.replace("bot", f"bot-{n}"))

    with pytest.raises(ManifestError) as caught:
        load_files([str(tmp_path)], Trust())

    errors = int(re.match(r"([\d,]+) errors?", str(caught.value))[1].replace(",", ""))
    assert errors < 11_000
    assert any(said in one.message for one in caught.value.diagnostics)


@pytest.mark.parametrize(
    "entry", ["!a a: !b 1,", "a: 1, a: 2,", "<<: {a: 1},"], ids=["tags", "twice", "merge keys"]
)
def test_what_is_wrong_with_a_text_is_counted_only_so_far(tmp_path, entry):
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}b: {{{entry * 400_000}}}\n")

    assert "more than 10,000 errors" in caught.value.diagnostics[0].message


def test_places_deep_in_a_value_are_not_kept(tmp_path):
    deep = "[" * 40 + "a," * 100_000 + "]" * 40
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}b: {deep}\nzzz: 1\n")

    assert {one.line for one in caught.value.diagnostics} == {3, 4}
    marked = locate.Marked(f"{HEAD}b: {deep}\n")
    assert len(marked.marks(0, ("none",))) < 100


def test_rows_that_many_documents_share_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "_MOST_REPEATED", 1_000)
    rows = "".join(f"+1415555{n:04d}\n" for n in range(250))
    (tmp_path / "t.csv").write_text(f"phoneNumber\n{rows}")
    one = "---\nversion: 1\nproject: {{name: p{0}}}\nusersFrom: [t.csv]\n"

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "".join(map(one.format, range(6))))

    assert any("that documents share" in found.message for found in caught.value.diagnostics)
    assert len(load(tmp_path, "".join(map(one.format, range(5))))) == 5


def test_a_cell_of_a_long_line_is_found_once(tmp_path):
    """For each of its errors, in each document that names the table, it would take minutes."""
    row = "1" * 98_000 + ", a, b, c, d, e\n"
    head = "phoneNumber,firstName,lastName,email,type,assignedPhoneNumber\n"
    (tmp_path / "t.csv").write_text(head + row)
    one = "---\nversion: 1\nproject: {{name: p{0}}}\nusersFrom: [t.csv]\n"
    locate._cell_starts.cache_clear()

    with pytest.raises(ManifestError):
        load(tmp_path, "".join(map(one.format, range(600))))

    assert locate._cell_starts.cache_info().misses <= 6


def test_urls_are_normalised_once_for_all_patterns(monkeypatch):
    urls = [f"https://h.example.com/{n}?{'%61' * 10}" for n in range(20)]
    calls = []
    normalise = webhook_kind.webhook_key
    monkeypatch.setattr(
        webhook_kind, "webhook_key", lambda url: calls.append(url) or normalise(url)
    )
    rows = {url: Declared(key=url, spec=WebhookSpec(webhook_url=url)) for url in urls}
    desired = DesiredProject(
        manifest="m.yaml", name="bot", id=None, resources={"webhook": rows},
        policy=Policy(protect={"webhook": tuple(f"p{n}" for n in range(100))}),
    )  # fmt: skip
    delete = Action(
        verb=Verb.DELETE, kind="webhook", key="k", label="k", reason=Reason(Why.UNDECLARED)
    )

    found = list(unmatched_patterns(desired, [delete], LiveProject(resources={"webhook": {}})))

    assert len(found) == 100
    assert len(calls) < 10 * (len(urls) + 100)  # not for each pair


def test_the_patterns_of_a_run_cost_only_so_much_together():
    def policy(number, like="*[!a{}-{}]x*"):
        found = tuple(like.format(number, n) for n in range(200))
        return Policy(protect={"user": found}, ignore={"user": found})

    def people(count):
        numbers = [f"+1555{n:07d}" for n in range(count)]
        return {"user": [Live(key=n, spec=UserSpec(phone_number=n)) for n in numbers]}

    def match(policies, count):
        bounds = Bounds()
        for one in policies:
            bounds.match(one, people(count))

    match([policy(1)] * 100, 1)  # each is made ready once
    with pytest.raises(RefusedError, match="too many patterns"):
        match(map(policy, range(80)), 1)
    with pytest.raises(RefusedError, match="too many patterns"):
        match([policy(1, "*{}-{}*")] * 40, 5_000)
    with pytest.raises(RefusedError, match="too many patterns"):
        match([policy(1, "+1777{:03d}{:04d}")] * 400, 1)  # each takes time, also as it is written


def test_many_links_to_a_table_find_its_manifests_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(20):
        text = f"version: 1\nproject: {{name: p{number}}}\nusersFrom: [t.csv]\n"
        (tmp_path / f"m{number}.yaml").write_text(text)
    (tmp_path / "t.csv").write_text("phoneNumber\n")
    links = [f"l{number}.csv" for number in range(200)]
    for link in links:
        (tmp_path / link).symlink_to("t.csv")
    asked = []
    naming = naming_._Known.naming
    monkeypatch.setattr(naming_._Known, "naming", lambda *of: asked.append(of) or naming(*of))

    found, lonely = manifests_of(links)

    assert (len(found), lonely) == (20, [])
    assert len(asked) == 1


def test_tables_that_arent_read_any_more_become_no_paths(tmp_path, monkeypatch):
    paths = []
    resolved = load_.resolved
    monkeypatch.setattr(load_, "resolved", lambda path: paths.append(path) or resolved(path))
    names = (f"[{', '.join(f't{n}-{m}.csv' for m in range(100))}]" for n in range(200))
    text = "---\n".join(f"version: 1\nusersFrom: {named}\n" for named in names)

    with pytest.raises(ManifestError):
        load(tmp_path, text)

    assert len(paths) < 5_000


def test_patterns_are_made_ready_once_for_all_rows(monkeypatch):
    asked = []
    made_ready = patterns_.made_ready

    def counted(forms, given):
        asked.append(given)
        return made_ready(forms, given)

    monkeypatch.setattr(patterns_, "made_ready", counted)
    given = tuple(f"+1777{n:07d}" for n in range(1_000))
    numbers = [f"+1555{n:07d}" for n in range(500)]

    kind = UserKind()

    assert not any(
        kind.is_matched(Live(key=n, spec=UserSpec(phone_number=n)), given) for n in numbers
    )
    assert len(asked) == 1


def test_patterns_that_arent_compared_are_named_and_hide_no_others():
    numbers = [f"+1555{n:07d}" for n in range(2_000)]
    people = {n: Declared(key=n, spec=UserSpec(phone_number=n)) for n in numbers}
    strangers = tuple(f"+1999{n:07d}*" for n in range(500))
    desired = DesiredProject(
        manifest="m.yaml", name="bot", id=None, resources={"user": people, "webhook": {}},
        policy=Policy(protect={"user": strangers, "webhook": ("x",)}),
    )  # fmt: skip
    deletes = [
        Action(verb=Verb.DELETE, kind=kind, key="k", label="k", reason=Reason(Why.UNDECLARED))
        for kind in ("user", "webhook")
    ]
    live = LiveProject(resources={"webhook": {}})

    users, hooks = unmatched_patterns(desired, deletes, live)

    assert users.startswith("comparing 500 entries about users")
    assert hooks.startswith('protect.webhooks: "x" matches nothing')


def test_a_plan_that_couldnt_be_read_again_isnt_saved(tmp_path, monkeypatch):
    monkeypatch.setattr("photonctl.cli.plan.LARGEST_PLAN", 10)

    with pytest.raises(RefusedError, match="couldn't be read again"):
        _save(Plan(projects=()), tmp_path / "plan.json", "")

    assert not (tmp_path / "plan.json").exists()


def test_a_server_that_shows_the_same_users_again_and_again_is_left():
    pages = []

    class Endless(Spectrum):
        async def _users_page(self, params, repeat=None):
            pages.append(params)
            first = 10 * len(pages)
            known = [row(n) for n in range(first)]
            return (*known, *(row(n) for n in range(first, first + 10))), 199_999

    def row(number):
        return UserRow(id=f"u{number}", type="shared", phone_number=f"+1555{number:07d}")

    with pytest.raises(UnknownShape, match="isn't whole"):
        asyncio.run(Endless(None, "p1").users())

    assert len(pages) < 500


HUGE = "k" * 300_000
ALIASES = "\n".join(["users:", "- &a {}", *["- *a"] * 4_000])
REPEATED = {
    "a key": f"{HEAD}{ALIASES.format(f'{{? {HUGE} : x}}')}",
    "a key of keys": f"{HEAD}{ALIASES.format(f'{{meta: {{? {HUGE} : x}}}}')}",
    "a tag": f"%TAG !e! tag:{HUGE}\n---\n{HEAD}users:\n" + "- !e!a x\n" * 4_000,
    "a whole tag": f"{HEAD}users: [!<{HUGE}> x]",
    "an anchor": f"{HEAD}users: [*{HUGE}]",
    "a word": f"{HEAD}{ALIASES.format(f'{{type: {HUGE[:9_000]}}}')}",
    "a number": f"{HEAD}{ALIASES.format(f'{{phoneNumber: {HUGE[:9_000]}}}')}",
}


@pytest.mark.parametrize("text", REPEATED.values(), ids=REPEATED)
def test_what_is_long_is_quoted_in_no_number_of_errors(tmp_path, text):
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, text)

    assert sum(len(str(found)) for found in caught.value.diagnostics) < 1_500_000


@pytest.mark.parametrize("length", [501, 90_000])
def test_a_heading_that_is_no_name_is_refused_once(tmp_path, length):
    rows = "+15551230000,x\n" * 10_000
    (tmp_path / "t.csv").write_text(f"phoneNumber,{'k' * length}\n{rows}")

    with pytest.raises(ManifestError, match="1 error") as caught:
        load(tmp_path, f"{HEAD}usersFrom: [t.csv]\n")

    assert "a heading has at most" in caught.value.diagnostics[0].message


def test_a_deep_folder_behind_a_link_is_followed_once(tmp_path, monkeypatch):
    deep = tmp_path.joinpath(*["d"] * 80)
    deep.mkdir(parents=True)
    (tmp_path / "L").symlink_to(deep)
    looked_at = []
    islink = os.path.islink
    monkeypatch.setattr(os.path, "islink", lambda p: looked_at.append(p) or islink(p))

    with reach.looking_once():
        found = {reach.resolved(tmp_path / "L" / f"{n}.csv") for n in range(500)}

    assert len(found) == 500
    assert len(looked_at) < 1_000


def test_a_folder_deeper_than_any_is_not_followed(tmp_path):
    with pytest.raises(OSError, match="too long"):
        reach.followed(tmp_path.joinpath(*["d"] * 300))


def test_the_cells_of_a_long_row_are_found_at_once(tmp_path):
    """To count the commas for each error again would take minutes."""
    heads = ["firstName", "phoneNumber", *(f"c{n}" for n in range(98))]
    for name in ("a.csv", "b.csv"):
        rows = (f"{'x' * 80_000}{n},+1555123{n:04d}{', ' * 97},y \n" for n in range(6))
        (tmp_path / name).write_text(",".join(heads) + "\n" + "".join(rows))
    text = "---\n".join(
        f"version: 1\nproject: {{name: p{n}}}\nusersFrom: [a.csv, b.csv]\n" for n in range(20)
    )

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, text)

    last = caught.value.diagnostics[99]
    assert last.column > 80_000


@pytest.mark.parametrize(
    ("row", "starts"),
    [("", [0]), ("a,b", [0, 2]), ('"a,b",c', [0, 6]), ('"a""b,",c', [0, 8]), ('a,"b,c', [0, 2])],
)
def test_a_cell_begins_after_a_comma_outside_quotes(row, starts):
    assert locate._cell_starts(row) == starts


def test_a_run_reads_no_more_documents_than_a_file_may_hold_twice(tmp_path):
    for name in "abc":
        documents = (f"version: 1\nproject: {{name: {name}{n}}}\n" for n in range(5_000))
        (tmp_path / f"{name}.yaml").write_text("---\n".join(documents))

    found = check_files([str(tmp_path)], Trust(env={}), leaves_out=True)

    assert len(found.projects) == 10_000
    (problem,) = found.broken.diagnostics
    assert problem.file.endswith("c.yaml")
    assert "12,000 documents" in problem.message


def test_a_file_of_many_webhooks_is_proven_once_for_all(tmp_path):
    (tmp_path / "a.env").write_text("".join(f"A{n}=\n" for n in range(9_900)))
    (tmp_path / "b.env").write_text("A='\n" + "".join(f"A{n}=\n" for n in range(9_900)) + "'\n")

    for number in range(5_000):
        EnvFileSink(tmp_path / "a.env", f"K{number}").look()
        with pytest.raises(SinkNotWritable):
            EnvFileSink(tmp_path / "b.env", f"K{number}").look()


class Listing:
    """A dashboard that lists these projects."""

    def __init__(self, name, count):
        self.rows = tuple(
            ProjectRow(id=f"p{n}", name=f"{name}{n}", spectrum_id=None, secret=None)
            for n in range(count)
        )

    async def projects(self):
        return self.rows


@pytest.mark.parametrize("name", ["proj-", "pr\u00f3j-", "\ufdfa" * 30, "a" * 60, "\u0f73" * 990])
def test_many_new_projects_are_compared_with_many_live_ones_at_once(name):
    directory = Directory(lambda: Listing(name, 20_000))

    async def ask():
        return [await directory.look_alikes(f"{name.upper()} {n}") for n in range(20_000)]

    found = asyncio.run(ask())

    assert found[17] in ((), ((f"{name}17", "p17"),))


def test_many_new_webhooks_are_compared_with_many_live_ones_at_once(tmp_path):
    keys = [f"https://bot.example.com/{n}" for n in range(1_000)]
    rows = [
        Live(key=f"{key}/live", spec=WebhookSpec(webhook_url=f"{key}/live"), id=f"{n:0>90}")
        for n in range(20)
        for key in keys
    ]
    sink = SinkSpec(type="envFile", target=".env", key="K")
    places = {
        ResourceRef("webhook", key): (
            Place(spec=sink, sink=EnvFileSink(tmp_path / ".env", f"K{n}"), is_asked=True),
        )
        for n, key in enumerate(keys)
    }
    request = ObservationRequest(
        name="bot", id=None, keys={"webhook": frozenset(keys)}, secrets={}, folder=tmp_path,
        state=None,
    )  # fmt: skip

    assert spelled_as_declared(request, "p1", "webhook", rows, places) == rows


def test_what_a_plan_file_has_of_files_is_read_once(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 70)
    deep.mkdir(parents=True)
    target = f"{'d/' * 70}v"
    (tmp_path / target).write_text("x")
    for number in range(8):
        (tmp_path / f"l{number}").symlink_to("d/../" * 5 + target)
        target = f"l{number}"
    users = "".join(
        f"  - {{phoneNumber: '+1555{n:07}', firstName: 'f{n}${{file:{target}}}'}}\n"
        for n in range(2_000)
    )
    engine = Engine(tmp_path, FakeAccount(tier="enterprise"))
    plan = engine.plan(f"version: 1\nproject: {{name: bot}}\nusers:\n{users}")

    check_filled(plan, Trust())


def test_more_warnings_than_anybody_reads_are_an_error(tmp_path):
    rows = "".join(f"+1555{n:07},a{n}@\u00e9.example\n" for n in range(1_000))
    (tmp_path / "t.csv").write_text(f"phoneNumber,email\n{rows}")
    document = "version: 1\nproject: {{name: p{}}}\nusersFrom: [t.csv]\n"

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "---\n".join(map(document.format, range(50))))

    assert "at most 10,000 warnings" in caught.value.diagnostics[-1].message
    assert len(caught.value.warnings) < 12_000


def test_a_command_in_other_letters_is_warned_of_once(tmp_path):
    words = ", ".join(["\u00e9"] * 99)
    hook = f"{{url: 'https://b.example.com/h', secret: {{exec: [x, {words}]}}}}"

    loaded = load(tmp_path, f"{HEAD}webhooks: [{hook}]\n")

    assert len(loaded[0].warnings) == 1


def test_the_repository_of_a_file_with_many_findings_is_looked_for_once(tmp_path, monkeypatch):
    deep = tmp_path.joinpath(*["d"] * 180)
    deep.mkdir(parents=True)
    found = Diagnostic(code=Code.TABLE, file=str(deep / "t.csv"), message="wrong")

    findings = findings_of([found] * 50_000, {})

    assert {finding.file for finding in findings} == {findings[0].file}


@pytest.mark.parametrize("pattern", ["[" * 2_000_000, "[!" * 1_000_000, "[]" * 400_000 + "["])
def test_a_pattern_of_brackets_costs_no_more_than_its_length(pattern):
    assert longest_loose(pattern) in (0, 200_001)
    assert list(check_patterns({"protect": {"users": [pattern]}})) == []  # the schema says so


def test_a_long_line_with_many_findings_is_shown_once():
    line = "phoneNumber # " + "http://a?b " * 1_700
    found = [
        Diagnostic(code=Code.TABLE, file="t", message=f"{n}", source=line) for n in range(10_000)
    ]

    assert len({quotable(one, frozenset({"hunter2-hunter2"})).source for one in found}) == 1


def test_a_table_of_broken_rows_is_given_up(tmp_path):
    (tmp_path / "t.csv").write_text("phoneNumber,firstName\n" + "a\n" * 199_000)

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}usersFrom: [t.csv]\n")

    assert "10,001 errors" in str(caught.value)


@pytest.mark.parametrize(("bound", "most"), [("_MOST_FOLLOWED", 500), ("_MOST_LETTERS", 50_000)])
def test_more_paths_than_any_run_names_are_given_up(tmp_path, monkeypatch, bound, most):
    monkeypatch.setattr(reach, bound, most)
    deep = "/".join("a" * 50)
    tables = ", ".join(f"u{n}/{deep}.csv" for n in range(90))

    for _ in range(2):  # it is counted for each run
        with reach.looking_once():
            assert reach.followed(tmp_path / deep)
        with pytest.raises(ManifestError) as caught:
            load(tmp_path, f"{HEAD}usersFrom: [{tables}]\n")

        messages = [diagnostic.message for diagnostic in caught.value.diagnostics]
        assert "0/" in messages[0]
        assert any("more than" in m and "paths and folders" in m for m in messages)


def test_an_env_file_deeper_than_any_is_refused_before_it_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(reach, "_MOST_FOLLOWED", 200)
    sinks = (f"{{envFile: u{n}/{'a/' * 90}.env, key: K{n}}}" for n in range(50))
    hooks = "".join(f"- {{url: 'https://a.b/{n}', secret: {s}}}\n" for n, s in enumerate(sinks))

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}webhooks:\n{hooks}")

    messages = [diagnostic.message for diagnostic in caught.value.diagnostics]
    assert len(messages) == 50
    assert all("isn't the name of a file of variables" in message for message in messages)


def test_errors_of_all_tables_are_counted_together(tmp_path):
    for n in range(20):
        (tmp_path / f"{n}.csv").write_text("phoneNumber\n" + "x\n" * 5_000)
    names = ", ".join(f"{n}.csv" for n in range(20))

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"{HEAD}usersFrom: [{names}]\n")

    assert "10,000 errors" in str(caught.value)


def test_what_aliases_repeat_counts_as_values_of_the_run(tmp_path):
    text = "version: 1\nx: [&a [" + "{}," * 20 + "],&b [" + "*a," * 20 + "],*b,*b,*b,*b]\n"
    values = read.Values()

    read.parse(text, values)

    assert values.count > 5 * 400


@pytest.mark.parametrize(
    "label", ["ⅷ" * 28 + "・" * 29 + "あ", "\ufdfa" * 60, "ﷺ" * 4, "・" * 40 + "ⅷ" * 10 + "あ"]
)
def test_a_label_that_grows_is_refused_before_it_is_encoded(label, monkeypatch):
    import idna

    encoded, encode = [], idna.encode
    monkeypatch.setattr(idna, "encode", lambda text: encoded.append(text) or encode(text))

    with pytest.raises(ValueError, match="no name that DNS can know"):
        hosts.ascii_host(f"{label}.example.com")

    assert encoded == []


def test_a_table_that_is_named_again_is_followed_once(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("phoneNumber\n+15551234567\n")
    document = (
        f"---\nversion: 1\nproject: {{name: p@}}\nusersFrom: [{', '.join(['a.csv'] * 100)}]\n"
    )
    text = "".join(document.replace("@", str(n)) for n in range(20))
    resolved, asked = reach.resolved, []
    for module in ("load", "tables", "naming"):
        monkeypatch.setattr(
            f"photonctl.manifest.{module}.resolved",
            lambda path: asked.append(path) or resolved(path),
        )

    with pytest.raises(ManifestError, match="20 errors"):
        load(tmp_path, text)
    assert len(asked) < 100
    monkeypatch.chdir(tmp_path)
    assert manifests_of(["a.csv"]) == (["photon.yaml"], [])

    assert len(asked) < 110


def test_the_files_beside_a_table_hold_no_more_than_those_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "_MOST_VALUES", 1_000)
    monkeypatch.chdir(tmp_path)
    for n in range(3):
        (tmp_path / f"{n}.yaml").write_text("usersFrom: [a.csv]\nx: [" + "a, " * 600 + "]\n")
    (tmp_path / "a.csv").write_text("phoneNumber\n")

    with pytest.raises(RefusedError, match="more YAML files"):
        manifests_of(["a.csv"])


@pytest.mark.parametrize(
    "more",
    [
        lambda n: {"platforms": [f"{n}-{k}-{'x' * 100}" for k in range(100)]},
        lambda n: {"platforms": [{"id": f"{n}-{k}-{'x' * 100}"} for k in range(100)]},
        lambda n: {"userId": f"{n}-{'x' * 1_900}"},
    ],
)
def test_every_text_of_a_list_of_projects_counts(more):
    rows = [{"id": f"p{n}", "name": "n", **more(n)} for n in range(4_000)]

    with pytest.raises(UnknownShape, match="ordinary length"):
        read_projects(rows)


def test_every_event_type_of_a_list_counts_whatever_it_is():
    url = "https://a.example/"
    rows = [
        {"id": f"w{n}", "webhookUrl": f"{url}{n}", "eventTypes": [["x" * 490]] * 490}
        for n in range(30)
    ]

    with pytest.raises(UnknownShape, match="ordinary length"):
        read_webhooks(rows)


def test_a_file_is_read_once_however_many_links_of_a_folder_lead_to_it(tmp_path):
    text = f"{HEAD}users: [{{phoneNumber: '+15551234567'}}]\n"
    (tmp_path / "b.yaml").write_text(text)
    for name in ("a.yaml", "c.yaml", "d.yml"):
        (tmp_path / name).symlink_to("b.yaml")

    sources, unread = read_sources([str(tmp_path)], None, Reach())

    assert [source.name for source in sources] == [str(tmp_path / "b.yaml")]
    assert unread == []


def test_an_error_in_a_line_that_nobody_reads_is_placed_without_a_search(tmp_path):
    bad = '"\\x24{env:' + "z" * 30 + '}"'
    text = f"{{version: 1, project: {{name: a}}, x: [{bad}]}} # {'z' * 30_000}\n"

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, text)

    assert {found.line for found in caught.value.diagnostics} == {1}


def test_files_to_format_are_counted_together(monkeypatch):
    monkeypatch.setattr(read, "_MOST_VALUES", 1_000)
    values = read.Values()
    data = ("users: [" + "{a: b}, " * 150 + "]\n").encode()

    for _ in range(3):
        formatted(data, values)

    with pytest.raises(NotYaml, match="values"):
        formatted(data, values)


def test_entries_that_cant_be_sorted_are_compared_at_once(tmp_path):
    rows = "".join(f"  - [{'[],' * 6_000}{number}]\n" for number in range(90))
    hook = "webhooks:\n- url: https://b.ch/\n  eventTypes:\n"
    text = f"version: 1\nproject: {{name: bot}}\n{hook}{rows}  - a\n  - a\n  - {{}}\n"

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, text)

    assert any("is here twice" in found.message for found in caught.value.diagnostics)


def test_a_name_of_a_finding_keeps_no_copy_of_its_line():
    line = " phoneNumber # \U0001f600" + "x" * 19_000
    found = [Diagnostic(code=Code.TABLE, file="t", message=f"{n}", source=line) for n in range(500)]
    tracemalloc.start()
    try:
        render_sarif(findings_of(found, {}))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 10_000_000


def test_the_values_of_a_query_are_hidden_at_once():
    url = "https://bot.example.com/?" + "a&" * 200_000

    assert all(shown_url(url).endswith("***&***&") for _ in range(20))


@pytest.mark.parametrize("name", ["schemaVersion", "createdAt", "webhookUrl"])
def test_every_text_of_a_list_of_webhooks_counts(name):
    rows = [
        {"id": f"w{n}", "webhookUrl": "https://bot.example.com/", name: f"https://b.ch/{'v' * 900}"}
        for n in range(12_000)
    ]

    with pytest.raises(UnknownShape, match="texts of an ordinary length"):
        read_webhooks(rows)


def test_event_types_of_a_list_of_webhooks_count():
    types = [f"{n:03}{'t' * 90}" for n in range(100)]
    rows = [
        {"id": f"w{n}", "webhookUrl": "https://bot.example.com/", "eventTypes": types}
        for n in range(2_000)
    ]

    with pytest.raises(UnknownShape, match="texts of an ordinary length"):
        read_webhooks(rows)


def test_a_long_label_of_accents_is_compared_as_it_is():
    assert nfkc("a" + "\u0301\u0323" * 100_000).endswith("\u0301\u0323")
    assert nfkc("\uff21") == "A"


def test_files_of_variables_that_take_turns_are_parsed_once_for_each_change(tmp_path, monkeypatch):
    parsed = []
    lines = env_text._lines
    monkeypatch.setattr(env_text, "_lines", lambda text: parsed.append(text) or lines(text))
    files = [tmp_path / f"{n}.env" for n in range(3)]
    for path in files:
        path.write_text("".join(f"{path.name[0]}A{n}=b\n" for n in range(50)))
    parsed.clear()

    for path in files * 2:
        EnvFileSink(path, "K").check_writable()

    # Each file as it is, and with a trial in it.
    assert len(parsed) == len(set(parsed)) == 6


def test_links_to_files_to_format_are_followed_within_one_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(reach, "_MOST_FOLLOWED", 200)
    for number in range(300):
        deep = tmp_path / f"d{number}"
        deep.mkdir()
        (deep / "m.yaml").write_text("version: 1\nproject: {name: bot}\n")

    assert run(["fmt", "--check", str(tmp_path / "d0" / "m.yaml")]) == 0
    assert run(["fmt", "--check", *map(str, tmp_path.glob("d*/m.yaml"))]) != 0


ACCENTS = "\u0301" * 200_000 + "\u0316" * 200_000
LONG_HOSTS = {
    "an expression": "https://${env:CI:-a%s}.example.com/",
    "written": "https://a%s.example.com/",
    "user info": "https://a%s@b.example.com/",
}


@pytest.mark.parametrize("url", LONG_HOSTS.values(), ids=LONG_HOSTS)
def test_a_host_of_accents_is_not_split_for_a_name(tmp_path, url):
    with pytest.raises(ManifestError) as caught:
        load(
            tmp_path,
            "version: 1\nproject: {name: p}\nwebhooks:\n- https://x.example.com/\n"
            f"- {json.dumps(url % ACCENTS)}\n",
        )

    assert any("characters" in found.message for found in caught.value.diagnostics)


def test_an_expression_of_a_plan_file_is_no_longer_than_any(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    account = FakeAccount()
    account.add("bot")
    engine = Engine(tmp_path, account)
    hooks = "webhooks: ['https://x.example.com/', 'https://${env:HOST}/']\n"
    engine.trust = Trust(env={"HOST": "y.example.com"})
    data = json.loads(plan_to_text(engine.plan(f"version: 1\nproject: {{name: bot}}\n{hooks}")))
    (action,) = [one for one in data["projects"][0]["actions"] if one.get("filled")]
    action["filled"]["webhookUrl"] = f"https://${{env:HOST:-{ACCENTS}}}/"

    with pytest.raises(PlanRefused):
        plan_from_text(json.dumps(sealed(data)))


def test_a_page_of_accents_is_not_split():
    assert device_login._page(f"https://a{ACCENTS}/", "https://app.example.com") is None


def test_stored_secrets_that_a_message_nearly_holds_are_looked_for_within_bounds(forgetful):
    for number in range(20_000):
        secret.Secret("a" * 91 + f"{number:06d}aaa", is_noted=False)

    assert secret.repeats_secret("x" + "a" * 91 + "000017aaa" + "x")
    assert secret.repeats_secret("a" * 10_000)  # whoever makes it costly
    assert not any(secret.repeats_secret(f"no {n} such webhook " * 400) for n in range(100))


def test_a_table_that_many_documents_name_is_checked_once(tmp_path, monkeypatch):
    checked = []
    check_users = load_.check_users
    monkeypatch.setattr(load_, "check_users", lambda rows: checked.append(1) or check_users(rows))
    (tmp_path / "t.yaml").write_text("- {phoneNumber: '+15551230001', x: [[a, b], [c]]}\n")
    text = "".join(
        f"---\nversion: 1\nproject: {{name: p{n}}}\nusersFrom: [t.yaml]\n" for n in range(500)
    )

    with pytest.raises(ManifestError):
        load(tmp_path, text)

    assert len(checked) == 1


def test_patterns_are_compiled_only_for_what_is_live(tmp_path, monkeypatch):
    compiled = []
    expression = patterns_._expression
    monkeypatch.setattr(
        patterns_, "_expression", lambda token: compiled.append(token) or expression(token)
    )
    given = ", ".join(f'"https://ex.com/*{n}?b*"' for n in range(200))
    text = f"version: 1\nproject: {{name: bot}}\nwebhooks: []\nprotect: {{webhooks: [{given}]}}\n"
    account = FakeAccount()
    account.add("bot")

    Engine(tmp_path, account).plan(text)

    assert compiled == []


@pytest.mark.parametrize("entry", ["~", "1", "a", "{}", "https://a.ch/x"])
def test_a_list_that_is_too_long_is_not_looked_through(entry, tmp_path, monkeypatch):
    monkeypatch.setattr(webhook_kind, "declared_webhook", pytest.fail)
    text = f"version: 1\nproject: {{name: {'n' * 5_000}}}\nwebhooks: [{f'{entry},' * 5_000}]\n"

    with pytest.raises(ManifestError):
        load(tmp_path, text)


def test_after_many_errors_in_texts_no_more_are_looked_for(tmp_path):
    deep = "[" * 40 + "\u00ad," * 30_000 + "]" * 40

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, f"version: 1\nproject: {{name: a}}\ny: {deep}\n")

    assert int(str(caught.value).split()[0].replace(",", "")) < 10_100


def test_once_there_is_too_much_of_tables_none_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "_MOST_BYTES", 100)
    looked_at = []
    monkeypatch.setattr(tables, "read_file", lambda *a: looked_at.append(a) or read_file(*a))
    (tmp_path / "t.csv").write_text("phoneNumber\n+15551230001\n")
    documents = [f"version: 1\nproject: {{name: p{n}}}\nusersFrom: [t.csv]\n" for n in range(50)]

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "---\n".join(documents))

    assert all("MiB" in diagnostic.message for diagnostic in caught.value.diagnostics)
    assert len(looked_at) < 10


def test_an_alias_is_formatted_as_what_its_anchor_is_by_then(monkeypatch):
    """Its name may have been that of a long text before."""
    looked_at = []
    number = format_._number
    monkeypatch.setattr(format_, "_number", lambda text: looked_at.append(text) or number(text))
    people = "users:\n" + "- phoneNumber: *a\n" * 50

    formatted(f'version: 1\nx: &a "{" ." * 700_000}"\ny: &a []\n{people}'.encode())

    assert sum(map(len, looked_at)) < 2_000_000


@pytest.mark.parametrize("odd", ["{phoneNumber: &x +1 (415) 555-0102}", "{phoneNumber: *a}"])
def test_a_manifest_is_read_twice_at_most_to_be_formatted(odd, monkeypatch):
    reads = []
    monkeypatch.setattr(format_, "parse", lambda *a, **k: reads.append(a) or parse(*a, **k))
    text = (
        "a: &a +1 (415) 555-0199\nx: |\n  a  \n  b\nusers:\n"
        f"- {odd}\n- {{phoneNumber: +1 (415) 555-0103}}\n"
    )

    assert formatted(text.encode()) == text
    assert len(reads) <= 2


@pytest.mark.parametrize("named", ["links", "copies"])
def test_a_table_of_many_names_is_counted_as_one_that_is_shared(named, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "_MOST_REPEATED", 5)
    parsed = []
    monkeypatch.setattr(tables, "parse", lambda *a, **k: parsed.append(a) or parse(*a, **k))
    rows = "".join(f"- {{phoneNumber: '+1555123{n:04d}', x: y}}\n" for n in range(3))
    (tmp_path / "t0.yaml").write_text(rows)
    for n in range(1, 6):
        if named == "links":
            (tmp_path / f"t{n}.yaml").symlink_to("t0.yaml")
        else:
            (tmp_path / f"t{n}.yaml").write_text(rows)
    documents = [f"version: 1\nproject: {{name: p{n}}}\nusersFrom: [t{n}.yaml]\n" for n in range(6)]

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "---\n".join(documents))

    assert len(parsed) == 1
    said = [(d.file.rpartition("/")[2], d.message) for d in caught.value.diagnostics]
    assert any("that documents share" in message for _, message in said)
    assert {file for file, _ in said} == {"photon.yaml", "t0.yaml", "t1.yaml"}


def test_links_that_the_system_would_walk_for_long_lead_nowhere(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "far").symlink_to("./" * 2_000 + "real")
    (tmp_path / "near").symlink_to("./" * 20 + "real")
    (tmp_path / "round").symlink_to("about")
    (tmp_path / "about").symlink_to("round")
    for n in range(45):
        (tmp_path / f"k{n}").symlink_to(f"k{n + 1}" if n < 44 else "real")

    assert reach.followed(tmp_path / "near/x") == reach.followed(tmp_path) / "real/x"
    for name in ("far", "far/x", "round", "round/x", "k0/x"):
        with pytest.raises((OSError, RuntimeError)):
            reach.followed(tmp_path / name)


def test_no_table_below_such_a_link_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "far").symlink_to("./" * 2_000 + "real")
    looked_at = []
    lstat = os.lstat
    monkeypatch.setattr(
        os, "lstat", lambda path, **k: looked_at.append(str(path)) or lstat(path, **k)
    )
    hook = "{url: 'https://a.ch/', secret: {envFile: far/x.env}}"
    text = "version: 1\nproject: {name: '${file:far/y}'}\nusersFrom: [far/x.csv]\n"

    with pytest.raises(ManifestError, match="3 errors"):
        load(tmp_path, f"{text}webhooks: [{hook}]\n")

    assert not [path for path in looked_at if "/far/" in str(path)]


@pytest.mark.parametrize("letter", ["k", "\U000e0041", "\u00e9"])
def test_the_text_that_aliases_of_a_run_repeat_is_counted(letter, tmp_path, monkeypatch):
    monkeypatch.setattr(read, "_MOST_REPEATED", 50_000)
    hooks = "".join(f", {{url: 'https://a.ch/{n}', secret: *s}}" for n in range(40))
    word = f'&w "a{letter * 90}b"'
    one = f"webhooks: [{{url: 'https://a.ch/', secret: &s {{exec: [x, {word}, *w, *w]}}}}{hooks}]\n"
    documents = [f"version: 1\nproject: {{name: p{n}}}\n{one}" for n in range(8)]

    with pytest.raises(ManifestError, match="1 error") as caught:
        load(tmp_path, "---\n".join(documents))

    assert "MiB of text" in caught.value.diagnostics[0].message


def test_a_file_of_an_expression_is_read_once_in_a_run(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("text")
    for name in "bcd":
        (tmp_path / name).symlink_to("a")
    opened = []
    monkeypatch.setattr(documents_, "read_bounded", lambda *a: opened.append(a) or read_bounded(*a))
    names = "".join(f"${{file:{name}}}" for name in ("a", "b", "c", "d", "./a", "x/../a"))
    texts = [f"version: 1\nproject: {{name: 'p{n}{names}'}}\n" for n in range(20)]

    (tmp_path / "x").mkdir()
    projects = load(tmp_path, "---\n".join(texts))

    assert projects[3].name == "p3" + "text" * 6
    assert len(opened) == 1


def test_links_are_followed_as_far_as_the_system_walks_quickly(tmp_path):
    (tmp_path / "real").mkdir()
    for n in range(20):
        target = f"l{n + 1}" if n < 19 else "real"
        (tmp_path / f"l{n}").symlink_to("./" * 40 + target)

    for n in (19, 14, 5, 0):  # what is known already counts, too
        if n >= 10:
            assert reach.followed(tmp_path / f"l{n}/x").name == "x"
        else:
            with pytest.raises(OSError, match="links"):
                reach.followed(tmp_path / f"l{n}/x")


def test_other_projects_are_asked_once_for_many(monkeypatch):
    account, asked = FakeAccount(), []
    for n in range(20):
        project = account.add(f"p{n}")
        monkeypatch.setattr(
            project, "webhooks", lambda p=project: asked.append(p) or type(p).webhooks(p)
        )
    held = Occupied(place=SinkSpec(type="envFile", target=".env", key="K"), stored_id="w1")
    found = {
        ResourceRef("webhook", "https://a.ch/"): Evidence(stored=Stored.OTHER, occupied=(held,))
    }

    async def all_at_once():
        await asyncio.gather(*(with_owners(account, found, {}) for _ in range(20)))

    asyncio.run(all_at_once())

    assert len(asked) == 20


def test_files_that_a_plan_file_names_and_arent_there_are_counted(tmp_path, monkeypatch):
    looked_for = []
    monkeypatch.setattr(
        documents_, "resolved", lambda path: looked_for.append(path) or reach.resolved(path)
    )
    names = "".join(f"${{file:none{n}}}" for n in range(300))
    action = Action(
        verb=Verb.CREATE, kind="user", key="+15551230001", reason=Reason(Why.DECLARED),
        spec=UserSpec(phone_number="+15551230001", first_name=Filled("x", names)),
    )  # fmt: skip
    others = [
        replace(action, spec=replace(action.spec, first_name=Filled("x", f"{n}{names}")))
        for n in range(300)
    ]
    plan = plan_project(
        DesiredProject(manifest="m.yaml", name="bot", resources={}, policy=Policy()), LiveProject()
    )
    plan = Plan(projects=(replace(plan, actions=tuple(others)),))

    with pytest.raises(PlanRefused, match="more expressions than any plan"):
        check_filled(plan, Trust())

    assert len(looked_for) < 30_000


@pytest.mark.parametrize("odd", ["\x1c", "\x1f", "\u0085", "\u00a0", "\u2003", "\u3000"])
def test_lines_that_are_read_slowly_count_as_such(odd, tmp_path):
    (tmp_path / "odd.env").write_text(f"A={odd}x\n" * 1_000, encoding="utf-8")
    (tmp_path / "usual.env").write_text("A=\u00e9x\n" * 1_000, encoding="utf-8")

    assert _lines_in(tmp_path / "odd.env") >= 25_000
    assert _lines_in(tmp_path / "usual.env") < 2_000


@pytest.mark.parametrize("quote", ["'", '"', "B='x' y\n", "'\r"])
def test_what_is_after_a_quotation_is_read_as_fast_as_before_it(quote, monkeypatch):
    """A run's env files are counted by their lines, and a mark before them makes none slower."""
    parsed = []
    slowly = env_text._parsed

    def counted(text, most=None):
        found = slowly(text, most)
        parsed.extend(found)
        return found

    monkeypatch.setattr(env_text, "_parsed", counted)

    found = env_text.lines_of(f"A={quote}x\n" + "B=a\n" * 900)

    assert len(found) >= 900
    assert len(parsed) < 10


QUOTED = "\\'"


@pytest.mark.parametrize(
    "text",
    [
        'A="' + "\\n" * 60_000 + '"\n',
        "".join(f"  A{n} = 'x {QUOTED * 90}' # c\n" for n in range(500)),
        'A="x\n' + "y" * 90_000 + '"\n',
    ],
)
def test_an_env_file_has_few_characters_that_are_read_slowly(text):
    """It is read again for each secret that comes into it."""
    with pytest.raises(ValueError, match="64 KiB"):
        env_text.lines_of(f"OK=1\n{text}")


@pytest.mark.parametrize("letter", ["\u0660", "\u06f0", "\u30fb"])
def test_a_host_whose_letters_are_each_compared_with_all_of_its_label_is_none(letter):
    assert hosts._encoded(f"\u0628{letter * 50}.example") is None
    assert hosts._encoded("b\u00fccher.example") == "xn--bcher-kva.example"
    assert hosts._encoded("\u0628\u0660\u0661.example") is not None


def test_too_many_files_to_find_a_tables_manifests_in_are_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("usersFrom: [b.csv, c.csv]\n")
    (tmp_path / "b.yaml").write_text("x: 1\n")
    (tmp_path / "t.csv").write_text("phoneNumber\n")
    (deep := tmp_path / "d/e").mkdir(parents=True)
    (deep / "t.csv").write_text("phoneNumber\n")

    assert manifests_of(["t.csv", "d/e/t.csv"]) == ([], ["t.csv", "d/e/t.csv"])
    for bound in ("_MOST_FILES", "_MOST_READ", "_MOST_NAMES", "_MOST_FOLDERS"):
        with monkeypatch.context() as one:
            one.setattr(naming_, bound, 1)
            with pytest.raises(RefusedError, match="more YAML files"):
                manifests_of(["t.csv", "d/e/t.csv"])


@pytest.mark.parametrize("named", ["folder", "files"])
def test_more_files_than_a_run_reads_are_refused_before_they_are_read(tmp_path, monkeypatch, named):
    """One without a document costs time, too, and no other bound counts it."""
    monkeypatch.setattr(sources_, "_MOST_FILES", 20)
    for n in range(21):
        (tmp_path / f"{n}.yaml").write_text("")
    names = [str(tmp_path)] if named == "folder" else [str(file) for file in tmp_path.iterdir()]

    read, problems = read_sources(names, None, Reach())

    assert len(read) <= 20
    assert [problem.code for problem in problems] == [Code.TOO_LARGE]
    assert run(["validate", *(word for name in names for word in ("-f", name))]) == 3
    assert run(["fmt", *names]) == 3 if named == "folder" else True


@pytest.mark.parametrize("is_filled", [True, False])
def test_hosts_that_arent_ascii_are_counted_in_a_run_before_they_are_encoded(
    tmp_path, monkeypatch, is_filled
):
    """An expression gives many of them in a few characters, and a run has many documents."""
    host = "ü" * 50
    (tmp_path / "host.txt").write_text(host)
    name = "${file:host.txt}" if is_filled else host
    entries = "".join(f"- https://a@-{n}.{name}/\n" for n in range(300))
    document = f"---\nversion: 1\nproject: {{name: p@}}\nwebhooks:\n{entries}"
    asked = []
    encoded = hosts._encoded
    monkeypatch.setattr(hosts, "_encoded", lambda one: asked.append(one) or encoded(one))

    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "".join(document.replace("@", str(n)) for n in range(8)))

    (error,) = caught.value.diagnostics
    assert "aren't ASCII have more than 100,000 characters" in error.message
    assert len(set(asked)) < 100_000 / 50
