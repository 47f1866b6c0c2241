"""The stand-ins do what the services' documents say, as seen by ordinary clients of theirs."""

import base64
import http.client
import re
import socket
import threading
import time

import httpx
import hvac
import pytest
from nacl.public import PublicKey, SealedBox

from tests.stores.base import DROPPED
from tests.stores.github import GithubStandIn
from tests.stores.gitlab import GitlabStandIn
from tests.stores.vault import VaultStandIn

REPO, PROJECT = "/repos/o/r", "/api/v4/projects/group%2Fproject"
OWN, PROD = f"{REPO}/actions", f"{REPO}/environments/prod"
GOOD_VALUE = "s3cret-value"


@pytest.fixture
def github():
    with GithubStandIn() as stand:
        stand.add_repository("o/r", environments=("prod", "eu/west"))
        yield stand


@pytest.fixture
def gitlab():
    with GitlabStandIn() as stand:
        stand.add_project("group/project", 7)
        yield stand


@pytest.fixture
def vault():
    with VaultStandIn() as stand:
        yield stand


@pytest.fixture
def hub(github):
    headers = {"Authorization": f"Bearer {github.token}"}
    with httpx.Client(base_url=github.url, headers=headers) as client:
        yield client


@pytest.fixture
def lab(gitlab):
    with httpx.Client(base_url=gitlab.url, headers={"PRIVATE-TOKEN": gitlab.token}) as client:
        yield client


@pytest.fixture
def raw(vault):
    headers = {"X-Vault-Token": vault.token}
    with httpx.Client(base_url=f"{vault.url}/v1", headers=headers) as client:
        yield client


@pytest.fixture
def kv(vault):
    client = hvac.Client(url=vault.url, token=vault.token)
    yield client.secrets.kv.v2
    client.adapter.close()


def put_secret(hub, scope, name, value, **changed):
    key = hub.get(f"{scope}/secrets/public-key").json()
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    sealed = base64.b64encode(box.encrypt(value.encode())).decode()
    body = {"encrypted_value": sealed, "key_id": key["key_id"]} | changed
    return hub.put(f"{scope}/secrets/{name}", json=body)


def read(kv, path, version=None):
    found = kv.read_secret_version(path, version=version, raise_on_deleted_version=False)
    return found["data"]


class TestGithub:
    @pytest.mark.parametrize("scope", [OWN, PROD, f"{REPO}/environments/eu%2Fwest"])
    def test_a_secret_is_created_then_updated_then_deleted(self, hub, scope):
        assert put_secret(hub, scope, "token", "one").status_code == 201
        first = hub.get(f"{scope}/secrets/TOKEN").json()
        assert put_secret(hub, scope, "TOKEN", "two").status_code == 204
        second = hub.get(f"{scope}/secrets/token").json()
        assert first.keys() == {"name", "created_at", "updated_at"}
        assert first["name"] == "TOKEN"
        assert first["created_at"] == second["created_at"]
        assert first["updated_at"] < second["updated_at"]
        assert hub.delete(f"{scope}/secrets/TOKEN").status_code == 204
        assert hub.get(f"{scope}/secrets/TOKEN").status_code == 404
        assert hub.delete(f"{scope}/secrets/TOKEN").status_code == 404

    def test_scopes_hold_their_own_secrets_under_their_own_keys(self, github, hub):
        put_secret(hub, OWN, "A", "own")
        put_secret(hub, PROD, "A", "prod ✓\n")
        assert github.secret("o/r", "A") == "own"
        assert github.secret("o/r", "A", environment="prod") == "prod ✓\n"
        assert github.secret("o/r", "B") is None
        keys = {hub.get(f"{scope}/secrets/public-key").json()["key"] for scope in (OWN, PROD)}
        assert len(keys) == 2

    @pytest.mark.parametrize("name", ["1A", "A-B", "GITHUB_A", "github_a", "A%20B"])
    def test_a_bad_name_is_refused(self, hub, name):
        assert put_secret(hub, OWN, name, "x").status_code == 422
        body = {"name": name, "value": "x"}
        assert hub.post(f"{OWN}/variables", json=body).status_code == 422

    @pytest.mark.parametrize(
        "changed",
        [{"key_id": "1"}, {"encrypted_value": "AAAA"}, {"encrypted_value": "?"}, {"key_id": 1}],
    )
    def test_a_secret_that_cannot_be_decrypted_is_refused(self, github, hub, changed):
        answer = put_secret(hub, OWN, "A", "x", **changed)
        assert answer.status_code == 422
        assert answer.json()["message"]
        assert github.secret("o/r", "A") is None

    def test_a_secret_for_a_key_of_before_is_refused(self, github, hub):
        key_id = hub.get(f"{OWN}/secrets/public-key").json()["key_id"]
        github.rotate_key("o/r")
        assert put_secret(hub, OWN, "A", "x", key_id=key_id).status_code == 422

    @pytest.mark.parametrize("scope", [OWN, PROD])
    def test_a_variable_is_created_changed_renamed_and_deleted(self, github, hub, scope):
        environment = "prod" if scope == PROD else None
        body = {"name": "url", "value": "one"}
        assert hub.post(f"{scope}/variables", json=body).status_code == 201
        assert hub.post(f"{scope}/variables", json=body).status_code == 409
        assert hub.patch(f"{scope}/variables/URL", json={"value": "two"}).status_code == 204
        found = hub.get(f"{scope}/variables/url").json()
        assert (found["name"], found["value"]) == ("URL", "two")
        assert hub.patch(f"{scope}/variables/URL", json={"name": "B"}).status_code == 204
        assert github.variable("o/r", "B", environment) == "two"
        assert github.variable("o/r", "URL", environment) is None
        assert hub.delete(f"{scope}/variables/B").status_code == 204
        assert hub.patch(f"{scope}/variables/B", json={}).status_code == 404

    def test_48_kilobytes_are_the_most(self, hub):
        for size, created, status in ((48 * 1024, 201, 201), (48 * 1024 + 1, 422, 422)):
            body = {"name": f"V{size}", "value": "x" * size}
            assert hub.post(f"{OWN}/variables", json=body).status_code == created
            assert put_secret(hub, OWN, f"S{size}", "x" * size).status_code == status

    def test_lists_come_in_pages(self, github, hub):
        for number in range(12):
            github.set_variable("o/r", f"V{number:02}", "x")
        first = hub.get(f"{OWN}/variables")
        assert first.json()["total_count"] == 12
        assert len(first.json()["variables"]) == 10
        second = hub.get(first.links["next"]["url"])
        assert [row["name"] for row in second.json()["variables"]] == ["V10", "V11"]
        assert "next" not in second.links
        assert hub.get(f"{OWN}/secrets").json() == {"total_count": 0, "secrets": []}

    def test_tokens_and_permissions_count(self, github, hub):
        bad = hub.get(REPO, headers={"Authorization": "Bearer nobody"})
        assert (bad.status_code, bad.json()["message"]) == (401, "Bad credentials")
        old = {"Authorization": f"token {github.token}"}
        assert hub.get(REPO, headers=old).json()["full_name"] == "o/r"
        assert hub.get("/repos/o/other").json()["message"] == "Not Found"
        assert hub.get(f"{REPO}/environments/nowhere/secrets/A").status_code == 404
        github.permissions["secrets"] = {"read"}
        del github.permissions["variables"]
        assert hub.get(f"{OWN}/secrets/public-key").status_code == 200
        for answer in (put_secret(hub, OWN, "A", "x"), hub.get(f"{OWN}/variables/A")):
            assert answer.status_code == 403
            assert answer.json()["message"] == "Resource not accessible by personal access token"
        assert put_secret(hub, PROD, "A", "x").status_code == 201
        github.permissions["environments"] = set()
        assert hub.get(f"{PROD}/secrets/A").status_code == 403
        github.hidden.add("o/r")
        assert hub.get(REPO).status_code == 404


class TestGitlab:
    def create(self, lab, **attributes):
        body = {"key": "A", "value": GOOD_VALUE} | attributes
        return lab.post(f"{PROJECT}/variables", json=body)

    def test_a_variable_has_gitlabs_defaults(self, gitlab, lab):
        answer = self.create(lab)
        assert answer.status_code == 201
        assert answer.json() == {
            "key": "A",
            "value": GOOD_VALUE,
            "variable_type": "env_var",
            "protected": False,
            "masked": False,
            "hidden": False,
            "raw": False,
            "environment_scope": "*",
            "description": None,
        }
        assert lab.get("/api/v4/projects/7/variables/A").json() == answer.json()
        assert gitlab.variable("group/project", "A") == answer.json()

    def test_a_duplicate_is_one_of_key_and_scope(self, lab):
        self.create(lab)
        again = self.create(lab)
        assert again.status_code == 400
        assert again.json() == {"message": {"key": ["(A) has already been taken"]}}
        assert self.create(lab, environment_scope="prod").status_code == 201
        many = lab.get(f"{PROJECT}/variables/A")
        assert many.status_code == 409
        assert "filter[environment_scope]" in many.json()["message"]
        one = lab.get(f"{PROJECT}/variables/A", params={"filter[environment_scope]": "prod"})
        assert one.json()["environment_scope"] == "prod"
        none = lab.get(f"{PROJECT}/variables/A", params={"filter[environment_scope]": "test"})
        assert none.json() == {"message": "404 Variable Not Found"}

    def test_a_hidden_variable_never_shows_its_value(self, gitlab, lab):
        answers = [self.create(lab, masked_and_hidden=True)]
        answers.append(lab.put(f"{PROJECT}/variables/A", json={"value": "another-value"}))
        answers.append(lab.get(f"{PROJECT}/variables/A"))
        for answer in answers:
            assert answer.is_success
            assert answer.json()["value"] is None
            assert answer.json()["hidden"] is answer.json()["masked"] is True
        assert lab.get(f"{PROJECT}/variables").json()[0]["value"] is None
        assert gitlab.variable(7, "A")["value"] == "another-value"
        shown = lab.put(f"{PROJECT}/variables/A", json={"masked": False})
        assert shown.status_code == 400
        assert "cannot be changed" in shown.json()["message"]["base"][0]

    @pytest.mark.parametrize("value", ["short", "with space", "line\nbreaks", "dollar$signs", ""])
    def test_a_value_that_cannot_be_masked_is_refused(self, gitlab, lab, value):
        refused = self.create(lab, value=value, masked=True)
        assert refused.status_code == 400
        assert refused.json() == {"message": {"value": ["is invalid"]}}
        assert gitlab.variable(7, "A") is None
        assert self.create(lab, value=value).status_code == 201
        assert lab.put(f"{PROJECT}/variables/A", json={"masked": True}).status_code == 400

    def test_a_raw_value_may_have_any_character_but_white_space(self, lab):
        assert self.create(lab, value='{"a":"$b"}', masked=True, raw=True).status_code == 201
        white = self.create(lab, key="B", value="a b c d e f", masked=True, raw=True)
        assert white.status_code == 400

    @pytest.mark.parametrize(
        ("attributes", "at"),
        [
            ({"key": "A-B"}, "key"),
            ({"key": ""}, "key"),
            ({"key": "A" * 256}, "key"),
            ({"description": "x" * 256}, "description"),
            ({"environment_scope": "a;b"}, "environment_scope"),
        ],
    )
    def test_other_bad_attributes_are_named(self, lab, attributes, at):
        refused = self.create(lab, **attributes)
        assert refused.status_code == 400
        assert refused.json()["message"].keys() == {at}

    def test_parameters_are_checked_before_the_variable(self, lab):
        missing = lab.post(f"{PROJECT}/variables", json={"key": "A"})
        assert (missing.status_code, missing.json()) == (400, {"error": "value is missing"})
        assert self.create(lab, protected="perhaps").json() == {"error": "protected is invalid"}
        assert self.create(lab, variable_type="x").status_code == 400

    def test_forms_and_updates_work(self, gitlab, lab):
        form = {"key": "A", "value": GOOD_VALUE, "protected": "true", "description": "one"}
        assert lab.post(f"{PROJECT}/variables", data=form).status_code == 201
        changed = {"value": "new", "variable_type": "file", "environment_scope": "prod/*"}
        assert lab.put(f"{PROJECT}/variables/A", json=changed).status_code == 200
        found = gitlab.variable(7, "A", environment_scope="prod/*")
        assert found == found | changed | {"protected": True, "description": "one"}
        assert lab.delete(f"{PROJECT}/variables/A").status_code == 204
        assert lab.delete(f"{PROJECT}/variables/A").status_code == 404

    def test_the_list_comes_in_pages(self, gitlab, lab):
        for number in range(45):
            gitlab.set_variable(7, f"V{number}", "x")
        names, page = [], "1"
        while page:
            answer = lab.get(f"{PROJECT}/variables", params={"page": page})
            names += [row["key"] for row in answer.json()]
            page = answer.headers["X-Next-Page"]
        assert names == [f"V{number}" for number in range(45)]

    def test_tokens_scopes_and_roles_count(self, gitlab, lab):
        bad = lab.get(PROJECT, headers={"PRIVATE-TOKEN": "x"})
        assert (bad.status_code, bad.json()) == (401, {"message": "401 Unauthorized"})
        bearer = {"Authorization": f"Bearer {gitlab.token}"}
        assert httpx.get(f"{gitlab.url}{PROJECT}", headers=bearer).json()["id"] == 7
        gone = lab.get("/api/v4/projects/nobody%2Fnothing/variables")
        assert (gone.status_code, gone.json()) == (404, {"message": "404 Project Not Found"})
        gitlab.scopes = {"read_api"}
        assert lab.get(f"{PROJECT}/variables").status_code == 200
        assert self.create(lab).json()["error"] == "insufficient_scope"
        gitlab.scopes, gitlab.role = {"api"}, "developer"
        assert self.create(lab).json() == {"message": "403 Forbidden"}


class TestVault:
    def test_versions_are_written_with_check_and_set(self, vault, kv):
        made = kv.create_or_update_secret("app/photon", {"A": "1"}, cas=0)
        assert made["data"]["version"] == 1
        with pytest.raises(hvac.exceptions.InvalidRequest, match="did not match the current"):
            kv.create_or_update_secret("app/photon", {"A": "2"}, cas=0)
        kv.create_or_update_secret("app/photon", {"A": "2"}, cas=1)
        assert read(kv, "app/photon")["data"] == {"A": "2"}
        assert read(kv, "app/photon", version=1)["data"] == {"A": "1"}
        assert vault.data("secret", "app/photon") == {"A": "2"}
        assert vault.data("secret", "app") is None

    def test_check_and_set_can_be_required(self, vault, kv):
        kv.update_metadata("a", cas_required=True)
        with pytest.raises(hvac.exceptions.InvalidRequest, match="parameter required"):
            kv.create_or_update_secret("a", {})
        vault.mount("secret").cas_required = True
        with pytest.raises(hvac.exceptions.InvalidRequest, match="parameter required"):
            kv.create_or_update_secret("b", {})

    def test_a_deleted_version_answers_with_its_metadata(self, vault, raw, kv):
        raw.post("/secret/data/a", json={"data": {"A": "1"}})
        assert raw.delete("/secret/data/a").status_code == 204
        gone = raw.get("/secret/data/a")
        assert gone.status_code == 404
        assert gone.json()["data"]["data"] is None
        assert gone.json()["data"]["metadata"]["deletion_time"]
        assert read(kv, "a") == gone.json()["data"]
        assert vault.data("secret", "a") is None
        stale = raw.post("/secret/data/a", json={"data": {}, "options": {"cas": 0}})
        assert stale.status_code == 400
        assert raw.post("/secret/undelete/a", json={"versions": [1]}).status_code == 204
        assert vault.data("secret", "a") == {"A": "1"}
        assert raw.post("/secret/destroy/a", json={"versions": [1]}).status_code == 204
        assert raw.get("/secret/data/a").json()["data"]["metadata"]["destroyed"] is True
        never = raw.get("/secret/data/b")
        assert (never.status_code, never.json()) == (404, {"errors": []})

    def test_a_patch_merges(self, vault, raw):
        merge = {"Content-Type": "application/merge-patch+json"}
        body = {"data": {"A": None, "C": "3"}}
        assert raw.patch("/secret/data/a", json=body, headers=merge).status_code == 404
        raw.post("/secret/data/a", json={"data": {"A": "1", "B": "2"}})
        assert raw.patch("/secret/data/a", json=body).status_code == 415
        patched = raw.patch("/secret/data/a", json=body, headers=merge)
        assert patched.json()["data"]["version"] == 2
        assert vault.data("secret", "a") == {"B": "2", "C": "3"}
        stale = {"data": {}, "options": {"cas": 1}}
        assert raw.patch("/secret/data/a", json=stale, headers=merge).status_code == 400
        raw.delete("/secret/data/a")
        gone = raw.patch("/secret/data/a", json=body, headers=merge)
        assert (gone.status_code, gone.json()["data"]["data"]) == (404, None)

    def test_metadata_is_replaced_merged_and_deleted(self, vault, raw, kv):
        kv.update_metadata("a", custom_metadata={"owner": "x", "b": "2"}, max_versions=3)
        assert raw.get("/secret/data/a").status_code == 404
        merge = {"Content-Type": "application/merge-patch+json"}
        body = {"custom_metadata": {"b": None, "c": "3"}}
        assert raw.patch("/secret/metadata/a", json=body, headers=merge).status_code == 204
        assert vault.custom_metadata("secret", "a") == {"owner": "x", "c": "3"}
        for number in range(5):
            kv.create_or_update_secret("a", {"n": number}, cas=number)
        found = kv.read_secret_metadata("a")["data"]
        assert (found["current_version"], found["oldest_version"]) == (5, 3)
        assert list(found["versions"]) == ["3", "4", "5"]
        assert read(kv, "a")["metadata"]["custom_metadata"]["c"] == "3"
        assert kv.list_secrets("")["data"]["keys"] == ["a"]
        kv.delete_metadata_and_all_versions("a")
        assert vault.custom_metadata("secret", "a") is None
        assert raw.patch("/secret/metadata/a", json=body, headers=merge).status_code == 404

    @pytest.mark.parametrize(
        ("custom", "ok"),
        [
            ({f"k{n}": "v" for n in range(64)}, True),
            ({f"k{n}": "v" for n in range(65)}, False),
            ({"k" * 128: "v" * 512}, True),
            ({"k" * 129: "v"}, False),
            ({"k": "v" * 513}, False),
            ({"k": "é" * 257}, False),
            ({"k": ""}, False),
            ({"k": 1}, False),
            ({"k": "a\nb"}, False),
        ],
    )
    def test_custom_metadata_has_limits(self, vault, raw, custom, ok):
        answer = raw.post("/secret/metadata/a", json={"custom_metadata": custom})
        assert answer.status_code == (204 if ok else 400)
        assert vault.custom_metadata("secret", "a") == (custom if ok else None)
        if not ok:
            assert "custom_metadata validation failed" in answer.json()["errors"][0]

    def test_a_policy_grants_by_path_and_capability(self, vault, raw, kv):
        everything = raw.post("/sys/capabilities-self", json={"paths": ["secret/data/a"]}).json()
        assert everything["capabilities"] == ["root"]
        vault.policy = {"secret/data/app/*": ["update", "create"], "secret/data/app/x": ["deny"]}
        body = {"paths": ["secret/data/app/a", "secret/data/app/x", "secret/metadata/app/a"]}
        found = raw.post("/sys/capabilities-self", json=body).json()
        assert found["data"] == {
            "secret/data/app/a": ["create", "update"],
            "secret/data/app/x": ["deny"],
            "secret/metadata/app/a": ["deny"],
        }
        kv.create_or_update_secret("app/a", {"A": "1"})
        with pytest.raises(hvac.exceptions.Forbidden, match="permission denied"):
            read(kv, "app/a")
        vault.policy = {"secret/data/app/*": ["create"]}
        kv.create_or_update_secret("app/b", {})
        with pytest.raises(hvac.exceptions.Forbidden):
            kv.create_or_update_secret("app/b", {})

    def test_a_sealed_vault_tells_only_that(self, vault, raw):
        assert raw.get("/sys/seal-status").json()["sealed"] is False
        assert raw.get("/sys/health").status_code == 200
        vault.sealed = True
        answer = raw.get("/secret/data/a")
        assert (answer.status_code, answer.json()) == (503, {"errors": ["Vault is sealed"]})
        status = httpx.get(f"{vault.url}/v1/sys/seal-status")
        assert (status.status_code, status.json()["sealed"]) == (200, True)
        assert raw.get("/sys/health").status_code == 503

    def test_tokens_come_from_the_root_or_a_login(self, vault, raw):
        for headers in ({}, {"X-Vault-Token": "nobody"}):
            answer = httpx.get(f"{vault.url}/v1/auth/token/lookup-self", headers=headers)
            assert answer.status_code == 403
            assert "permission denied" in answer.json()["errors"][0]
        assert raw.get("/auth/token/lookup-self").json()["data"]["policies"] == ["root"]
        client = hvac.Client(url=vault.url)
        with pytest.raises(hvac.exceptions.InvalidRequest, match="invalid role or secret ID"):
            client.auth.approle.login(vault.role_id, "wrong")
        client.auth.approle.login(vault.role_id, vault.secret_id)
        assert client.lookup_token()["data"]["meta"] == {"role_name": "photonctl"}
        vault.tokens.remove(client.token)
        assert not client.is_authenticated()
        client.adapter.close()

    def test_a_mount_can_be_asked_about(self, vault, raw):
        found = raw.get("/sys/internal/ui/mounts/secret/app/a").json()["data"]
        assert (found["path"], found["type"]) == ("secret/", "kv")
        assert found["options"] == {"version": "2"}
        assert raw.get("/sys/internal/ui/mounts/other").status_code == 403
        vault.policy = {"other/*": ["read"]}
        assert raw.get("/sys/internal/ui/mounts/secret").status_code == 403

    def test_other_paths_are_not_found(self, raw):
        assert "no handler for route" in raw.get("/nowhere/a").json()["errors"][0]
        assert "versioned" in raw.get("/secret/a").json()["warnings"][0]


class TestFaults:
    def test_a_fault_answers_instead(self, github, hub):
        retry = {"Retry-After": "1"}
        github.fault("GET", "/repos", status=429, body={"message": "slow"}, headers=retry, skip=1)
        answers = [hub.get(REPO) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 429, 200]
        assert answers[1].json() == {"message": "slow"}
        assert answers[1].headers["Retry-After"] == "1"
        assert github.requests == [("GET", REPO, status) for status in (200, 429, 200)]
        assert github.count() == 3
        assert github.count("GET", "/o/r$") == 3
        assert github.count("PUT") == 0

    def test_a_fault_may_come_after_the_request_was_carried_out(self, github, hub):
        github.fault("POST", "variables", status=502, after=True)
        github.fault("*", "variables", drop=True, after=True, skip=1)
        body = {"name": "A", "value": "x"}
        assert hub.post(f"{OWN}/variables", json=body).status_code == 502
        assert github.variable("o/r", "A") == "x"
        assert hub.get(f"{OWN}/variables/A").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            hub.delete(f"{OWN}/variables/A")
        assert github.variable("o/r", "A") is None
        assert github.requests[-1] == ("DELETE", f"{OWN}/variables/A", DROPPED)

    def test_a_dropped_request_is_not_carried_out(self, github, hub):
        github.fault("POST", "variables", drop=True, times=2)
        body = {"name": "A", "value": "x"}
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                hub.post(f"{OWN}/variables", json=body)
        assert github.variable("o/r", "A") is None
        assert hub.post(f"{OWN}/variables", json=body).status_code == 201

    def test_what_was_received_has_headers_and_bodies(self, github, hub):
        hub.post(f"{OWN}/variables", json={"name": "A", "value": "größe"})
        (text,) = github.received
        assert text.startswith(f"POST {OWN}/variables HTTP/1.1\n")
        assert github.token in text
        assert re.search(r"(?i)content-type: application/json", text)
        assert '"value":"größe"' in text

    def test_a_killed_client_does_no_harm(self, vault, raw):
        port = int(vault.url.rpartition(":")[2])
        half = b"POST /v1/secret/data/a HTTP/1.1\r\nContent-Length: 900\r\n\r\n{"
        for sent in (b"", b"POST /v1", half):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(sent)
        with socket.create_connection(("127.0.0.1", port)) as connection:  # with a reset
            connection.sendall(half)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert raw.get("/secret/data/a").status_code == 404
        assert vault.requests == [("GET", "/v1/secret/data/a", 404)]

    def test_many_clients_at_once_lose_nothing(self, vault):
        def write(number):
            headers = {"X-Vault-Token": vault.token}
            url = f"{vault.url}/v1/secret/data/{number}"
            with httpx.Client(headers=headers) as client:
                for _ in range(5):
                    assert client.post(url, json={"data": {"n": number}}).status_code == 200

        threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert vault.count() == 80
        assert all(vault.data("secret", str(n)) == {"n": n} for n in range(16))

    def test_closing_is_quick_and_ends_open_connections(self):
        with VaultStandIn() as stand:
            connection = http.client.HTTPConnection(stand.url.removeprefix("http://"))
            connection.request("GET", "/v1/sys/health")
            connection.getresponse().read()
            started = time.monotonic()
        assert time.monotonic() - started < 1
        assert connection.sock.recv(1) == b""
        connection.close()

    def test_a_failure_of_the_stand_in_itself_is_told(self):
        class Broken(VaultStandIn):
            def answer(self, request):
                raise ZeroDivisionError

        with pytest.raises(AssertionError, match="ZeroDivisionError"), Broken() as stand:
            assert httpx.get(stand.url).status_code == 500
