"""One comment per label: found by marker and author, edited only when it differs."""

import json
import re
import socket
from contextlib import suppress
from threading import Event, Thread

import httpx
import pytest
from msgspec.structs import replace

from photonctl.commenting import (
    Marker,
    State,
    approved_digest,
    checked_label,
    marker_of,
    outdate,
    put_comment,
    sealed,
)
from photonctl.errors import (
    AuthError,
    PlanRefused,
    RefusedError,
    ServerFailed,
    UnknownShape,
    Unreachable,
    UsageError,
)
from photonctl.forges import client, forge_named, github
from photonctl.forges.base import Request
from photonctl.forges.client import ForgeClient, number_of
from photonctl.network.exchange import Answer
from tests.support.forge import ME, TOKEN, running_forge

DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def server():
    with running_forge() as forge:
        yield forge


@pytest.fixture(params=["github", "gitlab"])
def forge(request, server):
    return forge_named(request.param, getattr(server, request.param)())


def marker(server, **more):
    known = {"label": "prod", "state": State.PLANNED, "digest": DIGEST, "head": server.head}
    return Marker(**{**known, **more})


def test_a_comment_is_written_once_and_then_edited(server, forge):
    request = forge.request()

    first = put_comment(forge, request, marker(server), "one")
    again = put_comment(forge, request, marker(server), "one")
    changed = put_comment(forge, request, marker(server), "two")

    assert (first, again, changed) == (True, False, True)
    assert [row["body"].partition("\n")[2] for row in server.comments] == ["two"]


@pytest.mark.parametrize("says_next", [True, False])
def test_it_is_found_on_any_page_behind_imitations(server, forge, says_next):
    server.says_next = says_next
    line = marker(server).line()
    for n in range(7):
        server.add("mallory", f"{line}\nnot ours {n}")
    server.add(ME, "no marker")
    server.add(ME, f"a quote\n{line}\nnot in the first line")
    server.add(ME, f"{line}\nours")
    server.add("mallory", f"{line}\nlater")

    put_comment(forge, forge.request(), marker(server), "new")

    assert len(server.comments) == 11
    assert [row["body"] for row in server.comments if row["body"].endswith("new")] == [
        f"{line}\nnew"
    ]
    assert server.comments[9]["body"].endswith("new")


def test_no_text_of_a_stranger_hides_our_comment(server, forge):
    put_comment(forge, forge.request(), marker(server), "the plan")
    server.add("mallory", ',"[{' * 400_000)

    put_comment(forge, forge.request(), marker(server), "another plan")

    ours = [comment for comment in server.comments if "another plan" in comment["body"]]
    assert len(ours) == 1


def test_each_label_has_a_comment_of_its_own(server, forge):
    for label in ("prod", "staging", "prod"):
        put_comment(forge, forge.request(), marker(server, label=label), label)

    assert [row["body"].partition("\n")[2] for row in server.comments] == ["prod", "staging"]


def test_nothing_to_do_is_said_only_where_something_was(server, forge):
    nothing = marker(server, state=State.NOTHING)

    assert put_comment(forge, forge.request(), nothing, "no changes") is False
    put_comment(forge, forge.request(), marker(server), "changes")
    assert put_comment(forge, forge.request(), nothing, "no changes") is True
    assert marker_of(server.comments[0]["body"]).state is State.NOTHING


def test_a_lost_answer_makes_no_second_comment(server, forge):
    server.failures["POST"] = [502]

    put_comment(forge, forge.request(), marker(server), "one")

    assert len(server.comments) == 1


def test_of_two_comments_at_once_the_first_counts(server, forge):
    request = forge.request()
    put_comment(forge, request, marker(server), "one")
    twin = {**server.comments[0], "id": server.comments[0]["id"] + 1}
    server.comments.append(twin)

    put_comment(forge, request, marker(server), "two")

    first, second = server.comments
    assert first["body"].endswith("two")
    assert marker_of(second["body"]).state is State.OUTDATED
    assert "The first comment of this label counts." in second["body"]
    server.comments.append({**first, "id": twin["id"] + 1})
    assert outdate(forge, Request(number=request.number, head="f" * 40), "prod")
    assert {marker_of(row["body"]).state for row in server.comments} == {State.OUTDATED}


def test_reading_is_tried_again_and_writing_isnt(server, forge):
    server.failures["GET"] = [503, 502]
    put_comment(forge, forge.request(), marker(server), "one")
    server.failures = {"PATCH": [500, 500], "PUT": [500, 500]}

    with pytest.raises(ServerFailed):
        put_comment(forge, forge.request(), marker(server), "two")

    assert server.comments[0]["body"].endswith("one")


def test_a_newer_commit_outdates_a_plan_and_nothing_else(server, forge):
    put_comment(forge, forge.request(), marker(server), "the plan")
    request = forge.request()
    assert outdate(forge, request, "prod") is False
    newer = type(request)(number=request.number, head="c" * 40)

    assert outdate(forge, newer, "prod") is True
    assert outdate(forge, newer, "prod") is False
    body = server.comments[0]["body"]
    assert marker_of(body).state is State.OUTDATED
    assert "the plan" in body


def test_the_digest_of_what_was_merged_is_taken(server, forge):
    put_comment(forge, forge.request(), marker(server), "plan")

    assert approved_digest(forge, None) == DIGEST
    assert approved_digest(forge, "prod") == DIGEST


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": State.OUTDATED}, "is outdated"),
        ({"state": State.APPLIED}, "is applied"),
        ({"head": "d" * 40}, "was merged"),
    ],
)
def test_no_other_plan_is_taken(server, forge, change, said):
    put_comment(forge, forge.request(), marker(server, **change), "plan")

    with pytest.raises(PlanRefused, match=said):
        approved_digest(forge, None)


def test_somebody_elses_comment_approves_nothing(server, forge):
    server.add("mallory", f"{marker(server).line()}\nplan")

    assert approved_digest(forge, None) is None


def test_of_two_plans_one_has_to_be_named(server, forge):
    for label in ("prod", "staging"):
        put_comment(forge, forge.request(), marker(server, label=label), "plan")

    with pytest.raises(PlanRefused, match="prod, staging"):
        approved_digest(forge, None)


def test_a_token_that_isnt_accepted_is_never_shown(server):
    forge = forge_named("github", server.github(GITHUB_TOKEN="wrong-token-value"))

    with pytest.raises(AuthError) as error:
        put_comment(forge, forge.request(), marker(server), "one")

    assert "wrong-token" not in f"{error.value} {error.value.hint}"


def test_a_workflows_token_is_the_bot_of_graphql(server):
    server.may_ask_who = False

    assert forge_named("github", server.github()).me() == ME


@pytest.mark.parametrize(
    "said",
    ["You have exceeded a secondary rate limit.", "API rate limit exceeded", "Access denied"],
)
@pytest.mark.parametrize("viewer", [403, 404])
def test_a_limit_says_nothing_of_whose_token_it_is(server, said, viewer):
    page = json.dumps({"message": said}).encode()
    server.pages = {"/user": (403, page), "/graphql": (viewer, page)}
    server.add(
        "github-actions[bot]",
        Marker(label="prod", state=State.PLANNED, digest=DIGEST, head=server.head).line() + "\nx",
    )

    with pytest.raises(AuthError):
        approved_digest(forge_named("github", server.github()), None)


@pytest.mark.parametrize("path", ["/user", "/graphql"])
@pytest.mark.parametrize("page", [b"<html>Blocked</html>", b"", b"{}", b'{"error": "no"}'])
def test_a_page_that_forbids_says_nothing_of_whose_token_it_is(server, path, page):
    server.may_ask_who = False
    server.pages[path] = 403, page

    with pytest.raises(AuthError):
        forge_named("github", server.github()).me()


@pytest.mark.parametrize("url", ["http://forge.example.com", "ftp://127.0.0.1x"])
def test_no_token_is_sent_unencrypted(server, url):
    with pytest.raises(UsageError, match="https"):
        forge_named("github", server.github(GITHUB_API_URL=url))


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_what_is_missing_is_named(server, name):
    with pytest.raises(UsageError, match=name):
        forge_named(None, server.github(**{name: ""}))


def test_without_a_ci_system_the_forge_must_be_named():
    with pytest.raises(UsageError, match="no run of"):
        forge_named(None, {"GITHUB_TOKEN": TOKEN})


@pytest.mark.parametrize("label", ["", "a b", "-->", "x" * 64, "a\nb", "../x"])
def test_a_label_is_a_plain_word(label):
    with pytest.raises(UsageError):
        checked_label(label)


@pytest.mark.parametrize(
    "body",
    ["", "<!-- photonctl:comment {} -->", "<!-- photonctl:comment [1] -->", "x" * 10_000],
)
def test_other_texts_have_no_marker(body):
    assert marker_of(body) is None


def test_a_marker_ends_where_it_ends(server):
    evil = marker(server, digest="--> <script>")

    assert evil.line().count("-->") == 1
    assert marker_of(evil.line()) == evil


def test_whose_comments_are_ours_is_never_guessed(server):
    """A forge that fails must not make the workflows' bot of us."""
    forge = forge_named("github", server.github())
    server.add("github-actions[bot]", f"{marker(server, digest='sha256:' + '1' * 64).line()}\nevil")
    server.failures = {"GET": [503] * 9, "POST": [503] * 9}

    with pytest.raises(ServerFailed):
        forge.me()


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_what_isnt_merged_approves_nothing(server, name):
    forge = forge_named(name, getattr(server, name)())
    put_comment(forge, forge.request(), marker(server), "plan")
    server.is_merged = False

    with pytest.raises(RefusedError, match="0 merged"):
        approved_digest(forge, None)


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_a_named_request_has_its_own_head(server, name):
    env = getattr(server, name)()
    env.pop("GITHUB_REF", None)
    env.pop("CI_MERGE_REQUEST_IID", None)

    assert forge_named(name, env, server.number).request().head == server.head


def test_graphql_is_asked_where_the_server_is(server):
    server.may_ask_who = False
    elsewhere = {"GITHUB_GRAPHQL_URL": "https://elsewhere.example/graphql"}

    assert forge_named("github", server.github(**elsewhere)).me() == ME
    here = {"GITHUB_GRAPHQL_URL": f"{server.url}/graphql"}
    assert forge_named("github", server.github(**here)).me() == ME


def test_of_a_server_of_ones_own_graphql_is_beside_the_rest_api():
    assert github._graphql("https://git.example/api/v3", "") == "https://git.example/api/graphql"
    assert github._graphql("https://git.example/api/v1", "") == "/graphql"


@pytest.mark.parametrize("status", [403, 404])
def test_outside_of_a_workflow_no_account_is_guessed(server, status):
    server.may_ask_who = False
    said = "Not Found" if status == 404 else "Resource not accessible by integration"
    server.pages["/graphql"] = status, json.dumps({"message": said}).encode()

    assert forge_named("github", server.github()).me() == "github-actions[bot]"
    with pytest.raises(AuthError):
        forge_named("github", server.github(GITHUB_ACTIONS="")).me()


def test_graphql_is_never_asked_in_the_clear():
    named = "http://api.github.com/graphql"

    assert github._graphql("https://api.github.com", named) == "/graphql"


@pytest.mark.parametrize("row", [{"number": "7"}, {"number": 1e999}, {}, {"number": True}], ids=str)
def test_an_answer_in_another_form_is_no_request(row):
    with pytest.raises(UnknownShape):
        number_of(row, "number")


def test_no_proxy_gets_a_token_in_the_clear(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert forge_named("github", server.github()).me() == ME


def test_a_compressed_answer_is_refused(server):
    server.encoding = "gzip"

    with pytest.raises(UnknownShape, match="compressed"):
        forge_named("github", server.github()).me()


def test_a_deeply_nested_answer_is_no_json(server, monkeypatch):
    server.raw = b"[" * 200_000

    with pytest.raises(UnknownShape):
        forge_named("github", server.github()).me()


def test_what_says_that_nothing_was_done_approves_no_change(server, forge):
    put_comment(forge, forge.request(), marker(server), "plan")
    nothing = marker(server, state=State.NOTHING, digest="")
    put_comment(forge, forge.request(), nothing, "a report that anybody may have written")

    assert approved_digest(forge, None) == ""


@pytest.mark.parametrize("author", [ME, "mallory"])
def test_a_comment_that_is_nested_too_deeply_is_nobodys_plan(server, forge, author):
    deep = f'<!-- photonctl:comment {{"v":{"[" * 1900}{"]" * 1900}}} -->'
    server.comments.append({"id": 1, "author": author, "body": deep})

    put_comment(forge, forge.request(), marker(server), "mine")

    assert approved_digest(forge, "prod") == DIGEST


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GITHUB_API_URL", "https://[x"),
        ("CI_API_V4_URL", "https://[x"),
        ("GITHUB_TOKEN", "t\u00f6ken-t\u00f6ken"),
        ("GITLAB_TOKEN", "t\u00f6ken-t\u00f6ken"),
    ],
)
def test_a_setting_that_no_request_can_use_is_wrong_usage(server, variable, value):
    name = "github" if variable.startswith("GITHUB") else "gitlab"
    env = {**getattr(server, name)(), variable: value}

    with pytest.raises(UsageError) as error:
        forge_named(name, env)
    assert value not in str(error.value)


def test_a_number_of_a_merge_request_that_is_none_is_left_out(server):
    env = {**server.gitlab(), "CI_MERGE_REQUEST_IID": "x"}

    assert forge_named("gitlab", env).request().number  # that of the commit


def test_an_answer_whose_head_never_ends_is_left(monkeypatch):
    monkeypatch.setattr(client, "_LIMITS", replace(client._LIMITS, longest_s=0.2))
    ended = Event()

    def dribble(listener):
        for _ in range(3):  # a GET is tried again
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
                while not ended.wait(0.02):
                    connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=dribble, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "a/b", "GITHUB_API_URL": url}
        with pytest.raises(Unreachable, match="too long"):
            forge_named("github", env).me()
        ended.set()


def test_a_list_that_grows_and_grows_is_refused(server, forge, monkeypatch):
    monkeypatch.setattr(client, "_LARGEST_LIST", 5_000)
    for n in range(20):
        server.add("ada", f"{n} " + "x" * 500)

    with pytest.raises(UnknownShape, match="too large"):
        list(forge.comments(server.number))


KEY = "a key of plans"


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: body.replace(DIGEST, "sha256:" + "1" * 64),
        lambda body: body.replace("the plan", "another plan"),
        lambda body: re.sub(r'"seal": "\w+"', '"seal": ""', body),
        lambda body: re.sub(r'"seal": "\w+"', '"seal": "\u00e9"', body),
        lambda body: re.sub(r', "seal": "\w+"', "", body),
    ],
)
def test_a_comment_that_was_edited_approves_nothing_with_a_key(server, forge, edit):
    put_comment(forge, forge.request(), marker(server), "the plan", KEY)
    assert approved_digest(forge, None, KEY) == DIGEST

    server.comments[0]["body"] = edit(server.comments[0]["body"])

    with pytest.raises(PlanRefused, match="edited"):
        approved_digest(forge, None, KEY)


def test_a_comment_of_the_same_account_without_the_key_approves_nothing(server, forge):
    put_comment(forge, forge.request(), marker(server), "the plan", "another key")

    with pytest.raises(PlanRefused, match="edited"):
        approved_digest(forge, None, KEY)


def test_a_comment_counts_for_its_own_pull_request_only(server, forge):
    request = forge.request()
    other = type(request)(number=request.number + 1, head=request.head)
    body = f"{sealed(marker(server), other.number, 'the plan', KEY).line()}\nthe plan"
    put_comment(forge, request, marker(server), "the plan", KEY)

    server.comments[0]["body"] = body

    with pytest.raises(PlanRefused, match="edited"):
        approved_digest(forge, None, KEY)


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85", "\xa0"])
def test_a_comment_in_which_lines_were_joined_approves_nothing(server, mark):
    text = "| delete | user |\n| delete | another user |\n"
    made = sealed(marker(server), 7, text, KEY)

    assert sealed(marker(server), 7, text.replace("\n", mark, 1), KEY) != made
    assert sealed(marker(server), 7, text + "\u00a0", KEY) != made
    assert sealed(marker(server), 7, text.replace("\n", " \r\n"), KEY) == made
    assert sealed(marker(server), 7, f"{text} \n\n", KEY) == made
    assert all(
        sealed(marker(server), 7, blank + text, KEY) != made for blank in ("    ", "\t", "\n")
    )


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05", b"\x04\x00", b"\x05\x07", b""]
)
def test_a_proxy_that_doesnt_speak_socks_is_unreachable(monkeypatch, answer):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for _ in range(3):  # reading is tried again
                with listener.accept()[0] as connection:
                    connection.recv(100)
                    connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")

        with pytest.raises(Unreachable):
            ForgeClient("GitHub", "https://api.github.example", {}).get("/x")
        thread.join()


@pytest.mark.parametrize(
    "data",
    [b'["' + b'\\"' * 600_000, b'["x"' + b"," * 1_100_000, "[1,2]".encode("utf-16"),
     b"[" + b"1," * 1_000_001 + b'"' + b'\\"' * 300_000 + b"\\",
     b"[" + b'"\xc4\xa2",' * 5 + b"[]," * 1_200_000 + b"0]"],
    ids=["never closed", "commas", "UTF-16", "ends in an escape", "values"],
)  # fmt: skip
def test_what_is_no_answer_of_a_forge_is_refused_at_once(data):
    answer = Answer(200, httpx.Headers(), data)

    with pytest.raises(UnknownShape):
        client._Json("GET /x", answer)


ADDED = "--><h2>nothing to do</h2><details><!-- "


@pytest.mark.parametrize(
    "edit",
    [
        lambda line: line.replace("}", f', "x": "{ADDED}"}}'),
        lambda line: line.replace('"label": ', '"label": "other", "label": '),
        lambda line: line.replace("{", "{ "),
        lambda line: f"{line} ",
        lambda line: f"{line}{ADDED}",
        lambda line: f"{line}\r{ADDED}",
        lambda line: line + "\r" * (4_000 - len(line)) + ADDED,
        lambda line: f"{line}\r\r",
    ],
)
def test_a_first_line_with_more_than_photonctl_writes_approves_nothing(edit):
    marker = Marker(label="prod", state=State.PLANNED, digest="sha256:1", head="a" * 40)
    line = sealed(marker, 7, "text", "k" * 40).line()

    assert marker_of(f"{line}\r\ntext").digest == marker.digest
    assert getattr(marker_of(f"{edit(line)}\ntext"), "digest", "") == ""
