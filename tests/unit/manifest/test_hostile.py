"""Documents that try to hurt: one clear error each, in bounded time and memory."""

import io
import os
import tracemalloc

import pytest

from photonctl.cli.main import run
from photonctl.errors import ManifestError, PlanRefused
from photonctl.manifest.files import load_files
from photonctl.manifest.load import load
from photonctl.manifest.naming import manifests_of
from photonctl.manifest.sources import LARGEST_MANIFEST, Source, read_sources
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.spec import SinkSpec
from photonctl.reach import Reach
from photonctl.sealed import plan_from_text, plan_to_text

HEAD = b"version: 1\nproject: {name: a}\n"


def bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("data", "place", "told"),
    [
        (b"[\n" * 1_000_000, "51:1", "nested deeper than 50 levels"),
        (b"- " * 1_000_000, "1:101", "nested deeper than 50 levels"),
        (bomb(), "5:10", "aliases expand to more than 10,000 values"),
        (b"version: 1\nproject: {name: a\x00}\n", "2:18", "control character U+0000"),
        (b"version: 1\nproject: {name: \xc3\x28}\n", "2:17", "the byte 0xc3 is no UTF-8"),
        (HEAD.decode().encode("utf-16"), "1:1", "UTF-16"),
        (b"a: \x1b[31m\n", "1:4", "control character U+001B"),
        (b"? [a]\n: b\n", "1:3", "a key can't be a list"),
        (b"&a [*a]\n", "1:5", "names no anchor above it"),
        (b"&k a: 1\n*k : 2\n", "2:1", "names no anchor above it"),
        (b"version: 1\nproject: {name: x}\nx: " + b"9" * 100_000, "3:1", 'unknown key "x"'),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_one_clear_error(data, place, told):
    with pytest.raises(ManifestError) as caught:
        load([Source(name="m.yaml", data=data)], Trust())

    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic).startswith(f"m.yaml:{place}: ")
    assert told in diagnostic.message
    assert all(character.isprintable() for character in diagnostic.source)


def test_depth_on_one_line_is_told_wherever_the_parser_gives_up():
    with pytest.raises(ManifestError) as caught:
        load([Source(name="m.yaml", data=b"[" * 1_000_000)], Trust())

    (diagnostic,) = caught.value.diagnostics
    assert "nested deeper than 50 levels" in diagnostic.message


def test_an_alias_bomb_costs_no_memory():
    tracemalloc.start()
    with pytest.raises(ManifestError):
        load([Source(name="m.yaml", data=bomb())], Trust())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 5_000_000  # expanded, it would be 9 ** 12 values


def test_a_huge_file_isnt_read_whole(tmp_path):
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(100 * 2**20)

    sources, (diagnostic,) = read_sources([str(huge)], None, Reach())

    assert sources == []
    assert "larger than 16 MiB" in diagnostic.message


def test_standard_input_is_bounded_too():
    endless = io.BytesIO(b"[" * (LARGEST_MANIFEST + 1))

    sources, (diagnostic,) = read_sources(["-"], endless, Reach())

    assert sources == []
    assert "larger than 16 MiB" in diagnostic.message


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _: None, "there is no such file"),
        (lambda path: path.mkdir(), "holds no *.yaml"),
        (lambda path: path.symlink_to(path), "it can't be read"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    ],
    ids=["missing", "empty folder", "link to itself", "endless device"],
)
def test_what_is_no_file_is_said_to_be_none(tmp_path, make, told):
    path = tmp_path / "photon.yaml"
    make(path)

    sources, (diagnostic,) = read_sources([str(path)], None, Reach())

    assert sources == []
    assert told in diagnostic.message


@pytest.mark.parametrize("suffix", ["", ".txt", ".env"])
def test_a_manifest_that_is_a_link_leads_to_a_manifest(tmp_path, suffix):
    (tmp_path / f"token{suffix}").write_text("topsecretvalue-123\n")
    (tmp_path / "photon.yaml").symlink_to(f"token{suffix}")

    sources, (diagnostic,) = read_sources([str(tmp_path / "photon.yaml")], None, Reach())

    assert sources == []
    assert "topsecret" not in str(diagnostic)


LONG = "9" * 300


@pytest.mark.parametrize("folder", [LONG, f"a/{LONG}/b", "x/" * 3_000, f"{LONG}/.."])
def test_a_plan_from_a_folder_that_no_system_has_is_refused(folder, tmp_path):
    project = ProjectPlan(
        name="bot",
        id="p1",
        manifest=f"{folder}/photon.yaml",
        fingerprint="",
        credentials=SinkSpec(type="envFile", target=".env", key="PHOTON_PROJECT"),
    )
    text = plan_to_text(Plan(projects=(project,)))

    with pytest.raises(PlanRefused):
        plan_from_text(text)


@pytest.mark.parametrize("name", [LONG, f"{LONG}.csv", f"a/{LONG}.yaml"])
def test_a_name_that_is_too_long_is_a_file_that_isnt_there(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ManifestError, match="1 error"):
        load_files([name], Trust())
    assert manifests_of([name]) == (
        [] if name.endswith("csv") else [name],
        [name] * name.endswith("csv"),
    )
    assert Reach().why_not(tmp_path / name, tmp_path / LONG)


TABLE = '- phoneNumber: "+15551234567"\n'
PROD = "version: 1\nproject: {name: prod}\n"


def test_a_manifest_is_looked_at_whatever_names_it_as_a_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prod.yaml").write_text(PROD)
    (tmp_path / "people.yaml").write_text(TABLE)
    (tmp_path / "fine.yaml").write_text(f"{PROD}usersFrom: [prod.yaml, people.yaml]\n")

    assert manifests_of(["prod.yaml", "people.yaml"]) == (["fine.yaml", "prod.yaml"], [])


def test_a_hidden_file_names_no_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".aa.yaml").write_text(f"{PROD}usersFrom: [t.csv]\n")
    (tmp_path / "t.csv").write_text("phoneNumber\n")

    assert manifests_of(["t.csv"]) == ([], ["t.csv"])


def test_a_table_is_named_by_what_is_written_where_it_is_written(tmp_path, monkeypatch):
    """Not by an expression, nor by what is beside a link to the manifest."""
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "good"):
        (tmp_path / folder).mkdir()
    (tmp_path / "a" / "a.yaml").write_text(f"{PROD}usersFrom: [l/t.yaml, x.csv]\n")
    (tmp_path / "a.yaml").symlink_to("a/a.yaml")
    (tmp_path / "a" / "l").symlink_to("..")
    (tmp_path / "l").symlink_to("good")
    (tmp_path / "b.yaml").write_text(f'{PROD}usersFrom: ["${{env:X:-l}}/../u.yaml"]\n')
    for name in ("t.yaml", "u.yaml", "a/x.csv"):
        (tmp_path / name).write_text("[]\n")

    found, lonely = manifests_of(["a/x.csv", "t.yaml", "u.yaml"])

    assert (found, lonely) == (["a/a.yaml", "t.yaml", "u.yaml"], [])


def test_the_rows_of_all_tables_are_bounded_however_often_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("photonctl.manifest.table._MOST_ROWS", 25)
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"+1555{n:07d}\n" for n in range(10))
    (tmp_path / "t.csv").write_text(f"phoneNumber\n{rows}")
    documents = [f"version: 1\nproject: {{name: b{n}}}\nusersFrom: [t.csv]\n" for n in range(3)]
    (tmp_path / "photon.yaml").write_text("---\n".join(documents))

    with pytest.raises(ManifestError) as caught:
        load_files(["photon.yaml"], Trust())
    assert "more than 25 rows" in caught.value.diagnostics[0].message


def test_fmt_of_a_folder_waits_for_no_pipe(tmp_path, capsys):
    (tmp_path / "photon.yaml").write_text(PROD)
    os.mkfifo(tmp_path / "pipe.yaml")

    assert run(["fmt", "--check", str(tmp_path)]) == ManifestError.exit_code
    assert "pipe.yaml: it can't be read: " in capsys.readouterr().err


@pytest.mark.parametrize("email", ["x://ops.example.com/#@evil.example", "a@b.example?://"])
@pytest.mark.parametrize(
    "field",
    [
        "users: [{phoneNumber: '+15551234567', email: '%s'}]",
        "webhooks: [{url: 'https://bot.example.com/', failureNotificationEmail: '%s'}]",
    ],
)
def test_an_email_that_reads_like_a_url_is_none(tmp_path, email, field):
    """What is hidden of a URL, as its fragment is, would hide where the mail goes."""
    text = f"version: 1\nproject: {{name: a}}\n{field % email}\n"

    with pytest.raises(ManifestError) as caught:
        load([Source(name=str(tmp_path / "photon.yaml"), data=text.encode())], Trust())

    assert "is not an e-mail address" in caught.value.diagnostics[0].message
