import os

import pytest

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.sinks import variables
from photonctl.sinks.env_file import EnvFileSink
from photonctl.sinks.env_text import lines_of
from photonctl.sinks.variables import Variables, read_variables


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".env"


@pytest.fixture
def sink(path):
    return EnvFileSink(path, "BOT")


def secrets(webhook_id="w1", signing="s1", standard="whsec_1"):
    return OneTimeSecrets(
        webhook_id=webhook_id,
        signing=Secret(signing) if signing else None,
        standard=Secret(standard) if standard else None,
    )


def test_what_is_stored_is_known_for_its_webhook_only(sink):
    assert sink.stored_for("w1") is Stored.NOTHING
    sink.store(secrets())

    assert sink.stored_for("w1") is Stored.ALL
    assert sink.stored_for("w2") is Stored.OTHER


def test_other_lines_stay(sink, path):
    path.write_text("# mine\nexport OTHER='a b'\nBOT=old # gone\n\nLAST=1")

    sink.store(secrets())

    assert path.read_text() == (
        "# mine\nexport OTHER='a b'\nBOT=s1\n\nLAST=1\nBOT_WEBHOOK_ID=w1\nBOT_STANDARD=whsec_1\n"
    )


def test_a_registration_without_a_standard_secret_removes_the_older_ones(sink, path):
    sink.store(secrets())
    sink.store(secrets("w2", "s2", None))

    assert "STANDARD" not in path.read_text()


def test_a_rotation_keeps_the_legacy_secret_of_the_same_registration(sink, path):
    sink.store(secrets())
    sink.store(secrets("w1", None, "whsec_2"))

    assert sink.stored_for("w1") is Stored.ALL
    assert "BOT=s1\n" in path.read_text()


def test_a_rotation_never_makes_a_foreign_legacy_secret_pass_for_its_own(sink, path):
    sink.store(secrets("w0", "foreign", None))
    sink.store(secrets("w1", None, "whsec_2"))

    assert sink.stored_for("w1") is Stored.STANDARD
    assert "foreign" not in path.read_text()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_never_waited_for(sink, path, make):
    make(path)

    with pytest.raises(SinkNotWritable, match="can't be written"):
        sink.check_writable()
    with pytest.raises(SinkError):
        sink.store(secrets())
    assert sink.stored_for("w1") is Stored.UNREADABLE


def test_a_file_that_is_no_text_is_left(sink, path):
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(SinkNotWritable, match=r"isn't UTF-8 text \(byte 1\)"):
        sink.check_writable()

    assert path.read_bytes() == b"\xff\xfe"


def test_a_link_out_of_the_folder_is_told_with_its_own_mend(sink, path, tmp_path_factory):
    path.symlink_to(tmp_path_factory.mktemp("elsewhere") / "env")

    with pytest.raises(SinkNotWritable, match="symbolic link out of its folder") as caught:
        sink.check_writable()

    assert "Replace the link with a file" in caught.value.hint


def test_a_secret_under_another_name_is_found_by_its_registration(sink, path):
    EnvFileSink(path, "OLD").store(secrets())

    assert sink.stored_for("w1") is Stored.ELSEWHERE
    assert sink.stored_for("w2") is Stored.NOTHING
    assert sink.stored_for("") is Stored.NOTHING
    assert (sink.kept(), sink.kept("w1")) == (None, secrets())


def test_the_name_that_a_secret_is_stored_under_is_the_only_one_that_claims_it(sink, path):
    """The older lines stay for whoever reads them; but nothing is ever taken from them again."""
    old = EnvFileSink(path, "OLD")
    old.store(secrets())

    sink.store(sink.kept("w1"))

    assert sink.stored_for("w1") is Stored.ALL
    assert "OLD=s1\n" in path.read_text()
    assert "OLD_WEBHOOK_ID" not in path.read_text()
    path.write_text(path.read_text().replace("BOT", "# BOT"))
    assert sink.stored_for("w1") is Stored.NOTHING


def test_a_rotated_secret_under_another_name_is_found_too(sink, path):
    EnvFileSink(path, "OLD").store(secrets(signing=None))

    assert sink.stored_for("w1") is Stored.ELSEWHERE
    assert sink.kept("w1").standard.reveal() == "whsec_1"


def test_an_id_without_a_secret_is_none(sink, path):
    path.write_text("OLD_WEBHOOK_ID=w1\n")

    assert sink.stored_for("w1") is Stored.NOTHING


def test_links_to_one_file_cost_one_reading_of_it(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("A=secret-of-a\n" * 9_000)
    for n in range(50):
        (tmp_path / f".env.l{n}").symlink_to(".env")
    parsed = []
    monkeypatch.setattr(variables, "_parse", lambda text: parsed.append(text) or Variables(A="x"))

    found = [EnvFileSink(tmp_path / f".env.l{n}", "A").stored_for("w1") for n in range(50)]

    assert found == [Stored.OTHER] * 50
    assert len(parsed) == 1


def test_a_file_that_cant_be_read_costs_one_reading_of_it(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("x y\n" * 1_001)
    parsed, parse = [], variables._parse
    monkeypatch.setattr(variables, "_parse", lambda text: parsed.append(text) or parse(text))

    found = [EnvFileSink(tmp_path / ".env", f"A{n}").stored_for("w1") for n in range(50)]

    assert found == [Stored.UNREADABLE] * 50
    assert len(parsed) == 1


def test_many_files_cost_one_reading_each(tmp_path, monkeypatch):
    for n in range(150):
        (tmp_path / f"{n}.env").write_text("A=x\n" * 9_000)
    parsed = []
    monkeypatch.setattr(variables, "_parse", lambda text: parsed.append(text) or Variables(A="x"))

    for _ in range(3):
        for n in range(150):
            EnvFileSink(tmp_path / f"{n}.env", "A").stored_for("w1")

    assert len(parsed) == 150


def test_a_file_of_too_many_lines_is_no_file_of_variables(sink, path):
    path.write_text("A\n" * 10_001)

    assert sink.stored_for("w1") is Stored.UNREADABLE
    with pytest.raises(SinkNotWritable, match="10,000 lines"):
        sink.check_writable()


@pytest.mark.parametrize("line", ["A='b\\\\c'\n", "A='\n", "A B\n", "A=x\rB='\n"])
def test_a_file_that_costs_much_to_read_isnt_read(sink, path, line):
    path.write_text(line * 1_001)

    with pytest.raises(SinkNotWritable, match="can't be read as NAME=value"):
        sink.check_writable()


def test_returns_alone_are_counted_before_anything_is_parsed(sink, path):
    path.write_text("A=1\r" * 131_000, newline="")

    with pytest.raises(SinkNotWritable, match="10,000 lines"):
        sink.check_writable()


def test_blank_lines_are_looked_at_once(path):
    lines = list(lines_of("\n" * 9_990 + "x y\n"))

    assert [line.text for line in lines] == ["\n" * 9_990, "x y\n"]


@pytest.mark.parametrize(
    ("text", "bound"), [("A=x\n" * 9_998, "10,000 lines"), (f"A={'x' * 524_000}\n", "512 KiB")]
)
def test_a_secret_that_a_file_has_no_room_for_is_refused_before_it_is_asked_for(
    sink, path, text, bound
):
    path.write_text(text)

    with pytest.raises(SinkNotWritable, match=bound):
        sink.check_writable()
    with pytest.raises(SinkError, match=bound):
        sink.store(secrets(signing="s" * 400, standard="whsec_" + "A" * 400))
    assert path.read_text() == text


def test_a_variable_that_only_looks_like_ours_stays(tmp_path):
    (tmp_path / ".env").write_text("HOOK_ROTATED_AT=somebody-elses-secret\n")
    secrets = OneTimeSecrets(webhook_id="w-1", signing=Secret("s" * 64))

    EnvFileSink(tmp_path / ".env", "HOOK").store(secrets)

    assert variables.read_variables(tmp_path / ".env")["HOOK_ROTATED_AT"] == "somebody-elses-secret"


OPEN = 'Q=1\nX="\n' + "y=1\n" * 996 + '"\n'


def test_no_secret_makes_a_file_unreadable(path):
    """A quotation has only so many lines."""
    path.write_text(OPEN)

    with pytest.raises(SinkNotWritable, match=r"1,000 of its lines"):
        EnvFileSink(path, "K2").check_writable()
    with pytest.raises(SinkError):
        EnvFileSink(path, "K2").store(secrets())

    assert path.read_text() == OPEN


@pytest.mark.parametrize("open_quote", ["GREETING='don", 'A="b', "A='b\\'"])
@pytest.mark.parametrize("secret", ["~" * 40, "a~b" * 14])
def test_a_secret_that_would_not_be_read_again_is_not_stored(path, open_quote, secret):
    text = f"{open_quote}\nX=1\n"
    path.write_text(text)

    try:
        EnvFileSink(path, "K").store(secrets(signing=secret))
    except SinkError:
        assert path.read_text() == text
    else:
        assert read_variables(path)["K"] == secret
        assert read_variables(path)["X"] == "1"


@pytest.mark.parametrize(
    ("text", "ending"), [("A=1\r\nB=2\nC=3\n", "\n"), ("A=1\r\nB=2\r\nC=3\n", "\r\n"), ("", "\n")]
)
def test_new_lines_end_as_most_of_the_others_do(path, text, ending):
    path.write_text(text, newline="")

    EnvFileSink(path, "K").store(secrets())

    new = path.read_bytes().decode()[len(text) :]
    assert new.count(ending) == new.count("\n") > 0
    assert (ending == "\r\n") is ("\r" in new)


@pytest.mark.parametrize(("bound", "most"), [("_MOST_FILES", 3), ("_MOST_PARSED", 12)])
def test_what_many_files_say_is_kept_within_bounds(bound, most, tmp_path, monkeypatch):
    monkeypatch.setattr(variables, bound, most)
    paths = [tmp_path / f"{number}.env" for number in range(10)]
    for number, path in enumerate(paths):
        path.write_text(f"A={number}\n")
    read, known = [], variables.Known[str]()

    def ask(path):
        return known.of(path, lambda path: read.append(path) or path.read_text())

    assert [ask(path) for path in paths] == [f"A={number}\n" for number in range(10)]
    assert [ask(path) for path in paths[-3:]] == ["A=7\n", "A=8\n", "A=9\n"]
    assert read == paths  # the last three are still known

    ask(paths[0])

    assert read == [*paths, paths[0]]
