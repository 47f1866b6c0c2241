import pytest

from photonctl.manifest.load import load
from photonctl.manifest.sources import read_sources
from photonctl.manifest.trust import Trust
from photonctl.manifest.write import starter
from photonctl.reach import Reach

NAMES = [
    ("my-bot", "my-bot"), ("bot", "bot"), ("123", "123"), ("1e3", "1e3"), ("0x1f", "0x1f"),
    ("yes", "yes"), ("NO", "NO"), ("null", "null"), ("~", "~"), ("true", "true"), ("a: b", "a: b"),
    ("- x", "- x"), ("#x", "#x"), ("x #y", "x #y"), ("🤖", "🤖"), ("❤\ufe0f", "❤"),
    ("Zoe\u0308", "Zoë"),
    ("", "my-bot"), (" ", "my-bot"), ("\u200b", "my-bot"), ("\u3164", "my-bot"), (" a\nb ", "a b"),
    ("\udcff", "my-bot"), ("a\udcff", "a"), ('"', '"'), ("'", "'"), ("\\n", "\\n"), ("{x}", "{x}"),
    ("${env:HOME}", "{env:HOME}"), ("[a]", "[a]"), ("*a", "*a"), ("&a", "&a"), ("!a", "!a"),
    ("%", "%"),
    ("@a", "@a"), ("|", "|"), (">", ">"), ("2026-11-25", "2026-11-25"), (".inf", ".inf"),
    ("1:30", "1:30"),
    ("---", "---"), ("=", "="), ("<<", "<<"), ("?", "?"), ("a" * 300, "a" * 300), ("\u2028a", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("folder", "name"), NAMES, ids=[ascii(folder) for folder, _ in NAMES])
def test_a_starter_of_any_folders_name_is_valid_and_names_a_text(tmp_path, folder, name):
    path = tmp_path / "photon.yaml"
    path.write_text(starter(folder), encoding="utf-8")

    sources, unread = read_sources((str(path),), None, Reach())
    (project,) = load(sources, Trust(), unread).projects

    assert project.name == name
