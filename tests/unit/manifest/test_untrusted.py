"""A manifest that a stranger proposes, read where credentials are: docs/security.md, "outsider"."""

import os
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import unquote

import pytest

from photonctl.environment import Environment
from photonctl.errors import ManifestError
from photonctl.kinds import kind_named
from photonctl.kinds.webhook.rows import WebhookSpec
from photonctl.manifest.files import load_files
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source, read_sources
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan
from photonctl.model.spec import Live
from photonctl.model.state import LiveProject
from photonctl.own_credentials import credential_values
from photonctl.planner.diff import plan_project
from photonctl.reach import Reach
from photonctl.urls import webhook_key
from photonctl.views import html, markdown
from photonctl.views import json as json_view
from photonctl.views import text as text_view

HEAD = "version: 1\nproject: {name: bot}\n"
TOKEN = "tok-3c1e9a77"
FIELDS = [
    "version: 1\nproject: {name: 'p @@'}\n",
    "version: 1\nproject: {name: p, id: '@@'}\n",
    "version: 1\nproject: {name: p, location: '@@'}\n",
    "version: 1\nproject: {name: p, profile: {firstName: 'x@@x'}}\n",
    "version: 1\nproject: {name: p, credentials: {envFile: '@@'}}\n",
    HEAD + "users: [{phoneNumber: +15551234567, firstName: '@@'}]\n",
    HEAD + "users: [{phoneNumber: +15551234567, email: 'a@@@'}]\n",
    HEAD + "webhooks: ['https://b.example.com/@@']\n",
    HEAD + "webhooks: ['https://@@.example.com/']\n",
    HEAD + "webhooks: [{url: 'https://b.example.com/h', secret: {keyring: '@@', key: K}}]\n",
    HEAD + "webhooks: [{url: 'https://b.example.com/h', secret: {exec: [keep, '@@']}}]\n",
    HEAD + "webhooks: [{url: 'https://b.example.com/h', eventTypes: ['@@']}]\n",
    HEAD + "protect: {users: ['@@']}\n",
    HEAD + "usersFrom: ['@@']\n",
]


def trusting(**settings):
    return Trust(**{"credentials": lambda: [TOKEN], **settings})


def hook(sink):
    url = "https://b.example.com/h"
    return HEAD + f"webhooks: [{{url: '{url}', secret: {{{sink}}}}}]\n"


def problems(text, trust, name="m.yaml"):
    with pytest.raises(ManifestError) as caught:
        load([Source(name=name, data=text.encode())], trust)
    for diagnostic in caught.value.diagnostics:
        assert TOKEN not in str(diagnostic) + diagnostic.source
    return [diagnostic.message for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(
    "name",
    ["PHOTON_TOKEN", "PHOTON_DASHBOARD_TOKEN", "PHOTON_PROJECT_SECRET", "PHOTONCTL_PLAN_KEY",
     "PHOTON_WEBHOOK_SECRET", "photon_token"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["${{env:{0}}}", "${{env:{0}:-x}}", "${{env:{0}-}}"])
@pytest.mark.parametrize("is_set", [True, False])
def test_its_own_credentials_are_refused_by_name(name, form, is_set):
    text = FIELDS[0].replace("@@", form.format(name))

    told = problems(text, trusting(env={name: TOKEN} if is_set else {}))

    assert any(f"{name} is a credential of photonctl" in line for line in told)


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "VAULT_TOKEN", "BUILDKITE_AGENT_JOB_API_TOKEN",
     "ATLANTIS_GITLAB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "BITRISE_BUILD_API_TOKEN", "SD_TOKEN",
     "JB_SPACE_CLIENT_SECRET", "TRAVIS_API_TOKEN"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["${{env:{0}}}", "${{env:OTHER}}"])
def test_no_credential_of_the_run_is_a_value_by_its_name_or_by_what_it_is(name, form):
    text = FIELDS[0].replace("@@", form.format(name))

    told = problems(text, trusting(env={name: TOKEN, "OTHER": TOKEN}))

    assert any("credential" in line for line in told)


@pytest.mark.parametrize("field", FIELDS)
def test_they_are_refused_by_value_in_every_field_wherever_they_come_from(field, tmp_path):
    (tmp_path / "t").write_text(f"x{TOKEN}\n")
    place = str(tmp_path / "m.yaml")

    for given in ("${env:OTHER}", "${file:t}", TOKEN):
        told = problems(field.replace("@@", given), trusting(env={"OTHER": TOKEN}), name=place)
        assert any("holds a credential of photonctl" in line for line in told), told


@pytest.mark.parametrize("content", [f"phoneNumber,firstName\n+15551234567,{TOKEN}\n",
                                     f"phoneNumber,{TOKEN}\n+15551234567,x\n"])  # fmt: skip
def test_a_table_that_holds_one_is_refused_and_isnt_quoted(content, tmp_path):
    (tmp_path / "team.csv").write_text(content)

    told = problems(HEAD + "usersFrom: [team.csv]\n", trusting(), name=str(tmp_path / "m.yaml"))

    assert any("credential of photonctl" in line for line in told)


@pytest.mark.parametrize(
    "text",
    [
        f"{TOKEN}: 1\n",
        f"version: 1\nproject: {TOKEN}: x\n",
        f"version: [{TOKEN}\n",
        f"version: '{TOKEN}'\nproject: 7\n",
    ],
)
def test_no_error_quotes_one(text):
    assert problems(text, trusting())


@pytest.mark.parametrize("short", ["x", "zzz", "1"])
def test_a_short_credential_refuses_only_itself(short):
    text = HEAD + f"users: [{{phoneNumber: +15551234567, firstName: '{short}y'}}]\n"

    assert load([Source(name="m", data=text.encode())], trusting(credentials=lambda: [short]))


def test_a_manifest_may_be_given_no_variable_or_named_ones_only():
    text = "version: 1\nproject: {{name: '{0}'}}\n".format
    env = {"A": "a", "B": "b"}
    none, only_a = (trusting(env=env, names=frozenset(n)) for n in ((), ("A",)))

    def name(given, trust):
        (project,) = load([Source(name="m", data=text(given).encode())], trust).projects
        return project.name

    assert name("${env:A}", only_a) == "a"
    assert name("${env:B:-default}", only_a) == "default"
    (told,) = problems(text("${env:A}"), none)
    assert "--env-allow A" in told
    own = trusting(names=frozenset({"PHOTON_TOKEN"}))
    assert any("credential" in line for line in problems(text("${env:PHOTON_TOKEN}"), own))


@pytest.fixture
def folder(tmp_path):
    """A folder of manifests beside what only this machine can see."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("hunter2\n")
    (outside / "team.csv").write_text("phoneNumber\n+15551234567\n")
    (outside / "m.yaml").write_text(HEAD)
    (inside / "link").symlink_to(outside / "secret")
    (inside / "linked.csv").symlink_to(outside / "team.csv")
    (inside / "linked.yaml").symlink_to(outside / "m.yaml")
    (inside / "linked").symlink_to(outside)
    (inside / ".git").mkdir()
    (inside / ".git/config").write_text("hunter2\n")
    (inside / ".env").write_text("A=hunter2\n")
    for name in (
        ".ENV.local",
        ".Env",
        "sub/.ENV/x",
        ".GIT/token",
        ".PhotonCtl/journal",
        "BOT.Env",
        "b.\u017fecrets",
    ):
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_text("hunter2\n")
    return inside


READS = [
    "version: 1\nproject: {name: '${file:@@}'}\n",
    HEAD + "usersFrom: ['@@']\n",
    HEAD + "usersFrom: [{file: '@@', allowEmpty: true}]\n",
]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "path",
    ["../outside/secret", "../outside/team.csv", "link", "linked.csv", "linked/secret",
     "linked/team.csv", "linked/../outside/secret", "/etc/passwd", "/proc/self/environ",
     "/proc/self/cmdline", "/dev/zero", "/dev/stdin", ".git/config", ".env", "./.git/../.env",
     "{outside}/secret", ".ENV.local", ".Env", "sub/.ENV/x", ".GIT/token", ".PhotonCtl/journal",
     "BOT.Env", "b.\u017fecrets"],
)  # fmt: skip
def test_a_manifest_reads_nothing_outside_its_folder(folder, read, path):
    place = path.replace("{outside}", str(folder.parent / "outside"))

    told = problems(read.replace("@@", place), trusting(), name=str(folder / "m.yaml"))

    assert any("can't be read" in line for line in told)
    assert not any("hunter2" in line for line in told)


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        (".npmrc", False), (".aws/credentials", False), ("sub/.netrc", False), ("id.pem", False),
        ("gha-creds-0123.json", False), ("tls.KEY", False), ("alias", False),
        ("name", True), ("a.b/name", True), ("..data/name", True),
    ],
)  # fmt: skip
def test_no_value_comes_from_a_file_that_programs_keep_tokens_in(tmp_path, name, is_read):
    (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
    (tmp_path / ".npmrc").write_text("hunter2")
    if name == "alias":
        (tmp_path / name).symlink_to(".npmrc")
    else:
        (tmp_path / name).write_text("hunter2")
    text = f"version: 1\nproject: {{name: '${{file:{name}}}'}}\n"

    source = Source(name=str(tmp_path / "m.yaml"), data=text.encode())

    if is_read:
        (project,) = load([source], trusting()).projects
        assert project.name == "hunter2"
    else:
        told = problems(text, trusting(), name=source.name)
        assert not any("hunter2" in line for line in told)


TOKEN_FILES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "MY_PASSWORD_FILE"
)  # fmt: skip
CREDENTIAL_FILES = (
    *TOKEN_FILES, "KUBECONFIG", "NETRC", "PGPASSFILE", "GOOGLE_APPLICATION_CREDENTIALS",
    "NPM_CONFIG_USERCONFIG", "AWS_CONFIG_FILE",
)  # fmt: skip


@pytest.mark.parametrize("variable", CREDENTIAL_FILES)
def test_no_file_of_credentials_that_a_variable_names_becomes_a_value(tmp_path, variable):
    (tmp_path / "token").write_text("hunter2\n")
    trust = Environment({variable: f"{tmp_path / 'other'}:{tmp_path / 'token'}"}).trust()

    told = problems(
        "version: 1\nproject: {name: '${file:token}'}\n", trust, name=str(tmp_path / "m.yaml")
    )

    assert any("files of secrets" in line for line in told)


@pytest.mark.parametrize("variable", TOKEN_FILES)
def test_no_token_of_a_file_that_a_variable_names_becomes_a_value(tmp_path, variable):
    (tmp_path / "token").write_text("hunter2-hunter2-hunter2\n")
    env = {variable: str(tmp_path / "token"), "COPY": "hunter2-hunter2-hunter2"}

    told = problems("version: 1\nproject: {name: 'x-${env:COPY}'}\n", Environment(env).trust())

    assert any("holds a credential" in line for line in told)


@pytest.mark.parametrize("variable", ["CREDENTIALS_DIRECTORY", "DOCKER_CONFIG"])
def test_no_file_of_a_folder_of_credentials_becomes_a_value(tmp_path, variable):
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "db").write_text("hunter2")
    trust = Environment({variable: str(tmp_path / "creds"), "SECRETS": str(tmp_path)}).trust()
    text = "version: 1\nproject: {name: '${file:@@}'}\n"

    assert problems(text.replace("@@", "creds/db"), trust, name=str(tmp_path / "m.yaml"))
    (tmp_path / "name").write_text("bot")
    source = Source(name=str(tmp_path / "m.yaml"), data=text.replace("@@", "name").encode())
    assert load([source], trust).projects[0].name == "bot"


def test_a_short_word_in_a_file_that_a_variable_names_is_no_token(tmp_path):
    (tmp_path / "word").write_text("support-bot\n")
    trust = Environment({"KEYBOARD_FILE": f"{tmp_path}/word", "TOKEN": f"{tmp_path}/word"}).trust()

    source = Source(name="m.yaml", data=b"version: 1\nproject: {name: support-bot}\n")
    assert load([source], trust).projects[0].name == "support-bot"


@pytest.mark.parametrize("name", ["", ".config"])
def test_an_allowed_folder_may_be_a_hidden_one(tmp_path, name):
    allowed, home = tmp_path / ".shared", tmp_path / "home"
    (allowed / name).mkdir(parents=True)
    (allowed / name / "bot").write_text("bot")
    home.mkdir()
    text = f"version: 1\nproject: {{name: '${{file:{allowed / name / 'bot'}}}'}}\n"

    trust = trusting(reach=Reach((allowed,)))
    source = Source(name=str(home / "m.yaml"), data=text.encode())

    if name:
        assert "hidden files" in problems(text, trust, name=source.name)[0]
    else:
        (project,) = load([source], trust).projects
        assert project.name == "bot"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "webhooks: [{url: 'https://b.example.com/h', secret: {envFile: '@@', key: K}}]\n",
        "version: 1\nproject: {name: bot, credentials: {envFile: '@@'}}\n",
    ],
    ids=["webhook", "credentials"],
)
@pytest.mark.parametrize(
    "path",
    ["../.env", "/home/ada/.bashrc", "linked/.env", ".bashrc", "sub/.ssh/environment",
     ".git/config", ".ssh/rc", "/dev/null", ".profile", ".ZSHRC", ".github/workflows/x", "link"],
)  # fmt: skip
def test_a_manifest_stores_secrets_nowhere_else(folder, text, path):
    assert problems(text.replace("@@", path), trusting(), name=str(folder / "m.yaml"))


@pytest.mark.parametrize("path", ["../outside/team.csv", "linked.csv", "linked/team.csv"])
def test_another_folder_can_be_allowed(folder, path):
    trust = trusting(reach=Reach(((folder.parent / "outside").resolve(),)))

    found = load(
        [Source(name=str(folder / "m.yaml"), data=READS[1].replace("@@", path).encode())], trust
    )

    assert list(found.projects[0].resources["user"]) == ["+15551234567"]
    if path == "linked.csv":
        (told,) = problems(READS[0].replace("@@", "/proc/self/environ"),
                           trusting(reach=Reach((Path("/"),))),
                           name=str(folder / "m.yaml"))  # fmt: skip
        assert "not a regular file" in told


@pytest.mark.parametrize("name", ["linked.yaml", "linked", "linked/m.yaml", "."])
def test_a_manifest_that_is_a_link_out_of_its_folder_isnt_read(folder, name, monkeypatch):
    monkeypatch.chdir(folder)

    sources, unread = read_sources([name], None, Reach())

    assert sources == []
    assert "outside the manifest's folder" in "".join(map(str, unread))


def test_links_inside_a_folder_and_named_outside_ones_are_fine(folder, monkeypatch):
    (folder / "..data").mkdir()
    (folder / "..data/photon.yaml").write_text(HEAD)
    (folder / "photon.yaml").symlink_to("..data/photon.yaml")
    monkeypatch.chdir(folder)

    sources, unread = read_sources(["photon.yaml", "../outside/m.yaml"], None, Reach())

    assert (len(sources), unread) == (2, [])


@pytest.mark.parametrize(
    "key",
    ["NODE_COMPILE_CACHE", "ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", "SPRING_CONFIG_LOCATION",
     "PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "PYTHONPATH", "PYTHONSTARTUP",
     "BASH_ENV", "GIT_SSH_COMMAND", "PHOTON_TOKEN", "PHOTON_DASHBOARD_HOST", "https_proxy",
     "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "PS4", "ERL_FLAGS", "BUN_OPTIONS", "SBT_OPTS",
     "CARGO_HOME", "WGETRC", "JULIA_LOAD_PATH", "R_PROFILE", "hostaliases", "CC", "RUSTFLAGS",
     "PSModulePath", "KUBE_EDITOR", "CARGO_BUILD_RUSTC_WRAPPER", "GCC_EXEC_PREFIX",
     "OPENAI_BASE_URL", "DATABASE_URL", "SYSTEMD_PAGER", "CARGO_TARGET_X86_64_LINKER",
     "REDIS_HOST", "GOPROXY", "GOENV", "GOSUMDB", "TF_CLI_CONFIG_FILE", "ANSIBLE_CONFIG", "PGHOST",
     "CMAKE_TOOLCHAIN_FILE", "RUSTUP_DIST_SERVER", "HELM_PLUGINS", "DOCKER_CONTEXT",
     "PGSSLROOTCERT", "COMPOSE_FILE", "GNUPGHOME", "YARN_RC_FILENAME", "DENO_DIR",
     "ELECTRON_RUN_AS_NODE", "GUNICORN_CMD_ARGS", "CVS_RSH", "SVN_SSH", "FLASK_APP", "ERL_LIBS",
     "RUBYSHELL", "R_ENVIRON", "KUBECTL_EXTERNAL_DIFF"],
)  # fmt: skip
def test_no_secret_is_stored_as_a_variable_that_steers_programs(key):
    text = hook(f"envFile: .env, key: {key}")

    assert any("steers programs" in line for line in problems(text, trusting()))


@pytest.mark.parametrize(
    "key", ["BOT_SECRET", "PHOTON_WEBHOOK_SECRET", "NODE_BOT", "PATHWAY", "GOBOT", "PGBOT"]
)
def test_usual_names_are_fine(key):
    text = hook(f"envFile: .env, key: {key}")

    assert load([Source(name="m", data=text.encode())], trusting())


@pytest.mark.parametrize("name", ["exec", "envFile", "keyring"])
def test_a_plugin_cant_be_called_like_a_built_in_sink(name):
    text = hook(f"plugin: {name}, target: sh")

    assert any("built-in sink" in line for line in problems(text, trusting()))


def test_a_named_pipe_is_read_as_a_manifest(tmp_path):
    read, write = os.pipe()
    os.write(write, HEAD.encode())
    os.close(write)

    sources, unread = read_sources([f"/dev/fd/{read}"], None, Reach())
    os.close(read)

    assert ([s.data for s in sources], unread) == ([HEAD.encode()], [])


MARK = "Mark7c1e9a"
FILLED = [
    *FIELDS,
    "version: 1\nproject: {name: p, platforms: ['@@']}\n",
    HEAD + "users: [{phoneNumber: '@@'}]\n",
    HEAD + "users: [{phoneNumber: +15551234567, type: dedicated, assignedPhoneNumber: '@@'}]\n",
    HEAD + "webhooks: ['https://@@.local/']\n",
    HEAD + "webhooks: ['https://@@@b.example.com/']\n",
    HEAD + "webhooks: ['@@']\n",
    HEAD + "webhooks: [{url: 'https://b.example.com/h', schemaVersion: '@@'}]\n",
    HEAD + "webhooks: [{url: 'https://b.example.com/h', failureNotificationEmail: '@@@b.ch'}]\n",
    HEAD + "webhooks: [{url: 'https://b.example.com/h', secret: {envFile: 'x@@', key: '@@'}}]\n",
    HEAD + "ignore: {webhooks: ['@@']}\n",
]


@pytest.mark.parametrize("text", FILLED)
def test_what_was_filled_in_is_in_no_view_and_no_error(text):
    trust = trusting(env={"MARK": MARK})
    source = Source(name="m.yaml", data=text.replace("@@", "${env:MARK}").encode())
    try:
        (project,) = load([source], trust).projects
    except ManifestError as error:
        shown = [str(d) + d.source for d in error.diagnostics]
    else:
        plan = Plan(projects=(plan_project(project, LiveProject()),))
        views = (text_view, json_view, markdown, html)
        shown = [*(view.render_plan(plan) for view in views), *project.warnings]

    assert MARK.lower() not in "\n".join(shown).lower()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example${file:s}@bot.example.com/hook",
        "https://${env:A}@bot.example.com/hook",
        r"https://evil.example\@bot.example.com/hook",
    ],
)
def test_the_host_that_is_shown_is_the_one_that_gets_the_events(tmp_path, url):
    (tmp_path / "s").write_text("/")
    trust = trusting(env={"A": "evil.example/"})

    found = problems(HEAD + f"webhooks: ['{url}']\n", trust, name=str(tmp_path / "m.yaml"))

    assert any("host" in line or "backslash" in line for line in found)


@pytest.mark.parametrize("url", ["${env:URL}", "https://${env:HOST}/hook", "https://b.ch/${env:P}"])
def test_an_expression_may_give_a_url_or_a_part_of_it(url):
    trust = trusting(env={"URL": "https://b.ch/h", "HOST": "b.ch", "P": "hook"})

    assert load([Source(name="m", data=f"{HEAD}webhooks: ['{url}']\n".encode())], trust)


@pytest.mark.parametrize(
    "url",
    [
        "https://bot.example.com$${env:PORT:-:443@evil.example/}hook",
        "https://bot.example.com/$${file:hook}",
        "${env:BASE}/hook",
        "https://bot.example.com/$${env:A}${env:B}",
    ],
)
def test_a_url_holds_nothing_that_only_looks_like_an_expression(url):
    trust = trusting(env={"BASE": "https://b.ch${env:A:-@evil.example/}", "B": "b"})

    assert any("no expression" in line for line in problems(f"{HEAD}webhooks: ['{url}']\n", trust))


@pytest.mark.parametrize(
    "url",
    ["${file:p}${env:PIN}${file:q}", "${file:p}${env:PIN}/h", "https://0xc0a${env:PIN}1/",
     "https://${file:host}${env:PIN}/", "https://${env:PIN}${env:PIN}/"],
)  # fmt: skip
def test_no_part_of_an_address_can_be_tried_out(tmp_path, url):
    for name, text in {"p": "https://0xc0a", "q": "1/", "host": "0xc0a"}.items():
        (tmp_path / name).write_text(text)
    said = set()
    for pin in ("7213", "8213"):
        text = f"{HEAD}webhooks: [{{url: '{url}', allowUndeliverable: true}}]\n"
        source = Source(name=str(tmp_path / "m.yaml"), data=text.encode())
        found = load([source], trusting(env={"PIN": pin}))
        said.add(tuple(map(str, found.warnings)))

    assert len(said) == 1


@pytest.mark.parametrize("url", ["${env:BASE}${env:PATH_OF}", "https://${env:HOST}${env:PORT}/h"])
def test_a_url_of_two_expressions_is_still_checked_for_delivery(url):
    values = {"BASE": "http://localhost:3000", "PATH_OF": "/hook", "HOST": "local", "PORT": "host"}

    found = problems(f"{HEAD}webhooks: ['{url}']\n", trusting(env=values))

    assert any("would never deliver" in line for line in found)


@pytest.mark.parametrize("form", ["Bearer {}", "bearer  {}", " {} "])
def test_a_token_is_refused_in_each_form_in_which_it_is_sent(form):
    env = {"PHOTON_TOKEN": form.format(TOKEN), "RAW": TOKEN}
    trust = Trust(env=env, credentials=lambda: credential_values(env))
    encoded = b64encode(TOKEN.encode()).decode()

    for value in ("${env:RAW}", TOKEN, encoded, f"x-{TOKEN}"):
        found = problems(HEAD + f"users: [{{phoneNumber: +15551234567, firstName: '{value}'}}]\n",
                         trust)  # fmt: skip
        assert any("credential of photonctl" in line for line in found)


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "VAULT_TOKEN"])
def test_a_credential_is_refused_as_a_url_holds_it(name):
    env = {name: "wJalr/K7MDENG+bPxRfi=", "RAW": "wJalr%2FK7MDENG%2BbPxRfi%3D"}
    trust = Trust(env=env, credentials=lambda: credential_values(env))

    for value in ("${env:RAW}", f"${{env:{name}}}"):
        found = problems(HEAD + f"users: [{{phoneNumber: +15551234567, firstName: '{value}'}}]\n",
                         trust)  # fmt: skip
        assert any("credential" in line for line in found)


@pytest.mark.parametrize(
    "name",
    [
        "public/index.html", "deploy.sh", ".envrc", ".git/modules/libs/dep/config", ".lfsconfig",
        ".mailmap", ".bash_env", ".tmux.conf", "Jenkinsfile", "package.json", ".config/git/config",
        ".github/a/b/c/d", ".ssh/x/y/z", "a/.git/x/.env", "photon.yaml", "team.csv",
    ],
)  # fmt: skip
def test_secrets_go_to_files_of_variables_only(name):
    found = problems(hook(f"envFile: {name}, key: K"), trusting())

    assert any("isn't the name of a file of variables" in line for line in found)


@pytest.mark.parametrize(
    "name", [".env", ".env.production", "bot.env", "secrets/bot.vars", "secrets", ".secrets", "a/b"]
)
def test_usual_files_of_variables_are_fine(name):
    text = hook(f"envFile: {name}, key: K")

    assert load([Source(name="m", data=text.encode())], trusting())


def test_no_secret_is_stored_in_a_table_or_a_manifest_of_the_run(tmp_path):
    (tmp_path / "team").write_text("phoneNumber\n+15551234569\n")
    (tmp_path / "photon").write_text("")
    name = str(tmp_path / "photon")

    for text in (
        hook("envFile: team, key: K") + "usersFrom: [team]\n",
        hook("envFile: photon, key: K"),
        "version: 1\nproject: {name: p, credentials: {envFile: team}}\nusersFrom: [team]\n",
    ):
        found = problems(text, trusting(), name=name)
        assert any("is a manifest or a table" in line for line in found)


@pytest.mark.parametrize("link", ["u.csv", "u.yaml"])
def test_a_link_shows_no_line_of_a_file_of_variables(tmp_path, link):
    secret = "e5dd74ca5cd1bf23168"
    (tmp_path / "bot.vars").write_text(f"PHOTON_WEBHOOK_SECRET={secret}\n")
    (tmp_path / link).symlink_to("bot.vars")
    name = str(tmp_path / "m.yaml")

    with pytest.raises(ManifestError) as caught:
        load([Source(name=name, data=f"{HEAD}usersFrom: [{link}]\n".encode())], trusting())

    assert secret not in "".join(str(d) + d.source for d in caught.value.diagnostics)


def test_a_line_that_assigns_a_variable_is_never_quoted(tmp_path):
    (tmp_path / "team").write_text("phoneNumber\nPHOTON_PROJECT_SECRET=spk_live_x1y2z3\n")
    name = str(tmp_path / "m.yaml")

    with pytest.raises(ManifestError) as caught:
        load([Source(name=name, data=f"{HEAD}usersFrom: [team]\n".encode())], trusting())

    assert "spk_live" not in "".join(str(d) + d.source for d in caught.value.diagnostics)


def test_a_folder_that_is_a_link_to_another_place_isnt_read(tmp_path, monkeypatch):
    secrets, checkout = tmp_path / "home" / "gh", tmp_path / "checkout"
    secrets.mkdir(parents=True)
    checkout.mkdir()
    (secrets / "hosts.yml").write_text("oauth_token: gho_SEKRET\n")
    (checkout / "deploy").symlink_to(secrets)
    monkeypatch.chdir(tmp_path / "home")

    sources, unread = read_sources([str(checkout / "deploy")], None, Reach())

    assert sources == []
    assert "outside the manifest's folder" in "".join(map(str, unread))


COSTLY = {
    "rows": ("team.csv", "phoneNumber\n" + "1\n" * 600_000, "lines"),
    "values": ("team.yaml", "[" + "1," * 1_300_000 + "1]", "values"),
}


@pytest.mark.parametrize("case", COSTLY)
def test_a_table_of_more_than_any_team_has_is_refused_unread(tmp_path, case):
    file, content, word = COSTLY[case]
    (tmp_path / file).write_text(content)

    found = problems(f"{HEAD}usersFrom: [{file}]\n", trusting(), name=str(tmp_path / "m.yaml"))

    assert any(word in line for line in found)


def test_many_large_manifests_are_refused_before_they_are_read(tmp_path):
    (tmp_path / "a.yaml").write_text("# " + "x" * (15 * 2**20))
    for number in range(5):
        os.link(tmp_path / "a.yaml", tmp_path / f"{number}.yaml")

    _, unread = read_sources([str(tmp_path)], None, Reach())

    assert any("a run reads at most" in str(problem) for problem in unread)


@pytest.mark.parametrize("patterns", [["*a" * 11], ["a*"] * 201])
@pytest.mark.parametrize("section", ["ignore", "protect"])
def test_patterns_made_to_cost_time_are_refused(section, patterns):
    text = HEAD + f"{section}: {{users: {patterns}}}\n"

    assert any("wildcards" in line for line in problems(text, trusting()))


@pytest.mark.parametrize("section", ["ignore", "protect"])
@pytest.mark.parametrize("kind", ["users", "webhooks"])
@pytest.mark.parametrize(
    "pattern",
    [
        "https://x.com/n7-[${env:V}]",
        "[#-${env:V}]",
        "[${env:V}-~]",
        "*${env:V}*",
        "${env:V}?",
        f"?{'a' * 80}${{env:V}}",
    ],
)
def test_a_pattern_that_was_filled_in_has_no_wildcards(section, kind, pattern):
    text = f"{HEAD}{section}: {{{kind}: ['{pattern}']}}\n"
    said = set()
    for value in ("7", "SECRET_value-9"):
        trust = trusting(env={"V": value})
        said.add(tuple(problems(text, trust)))

    assert len(said) == 1
    assert "has wildcards" in next(iter(said))[0]


def test_a_url_with_a_query_that_was_filled_in_is_protected_as_it_is():
    value = "https://y.com/in?tenant=42"
    text = HEAD + "protect: {webhooks: ['${env:V}', 'https://x.com/*']}\n"
    trust = trusting(env={"V": value})
    (project,) = load([Source(name="m.yaml", data=text.encode())], trust).projects

    def is_kept(url):
        live = Live(key=webhook_key(url), spec=WebhookSpec(webhook_url=url), id="w1")
        return kind_named("webhook").is_matched(live, project.policy.protect["webhook"])

    urls = (value, "https://x.com/a", "https://y.com/in2tenant=42")
    assert [is_kept(url) for url in urls] == [True, True, False]


@pytest.mark.parametrize("value", ["https://y.com/*", "+1415*", "a?", "https://y.com/[a]?b=c"])
def test_a_wildcard_that_was_filled_in_is_an_error_and_never_protects_nothing(value):
    text = HEAD + "protect: {webhooks: ['${env:V}']}\n"

    (told,) = problems(text, trusting(env={"V": value}))

    assert "has wildcards" in told
    assert value not in told


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com:${env:V}/a",
        "https://[${env:V}]/a",
        "https://\u2100${env:V}.com/",
        "https://\u00e9${env:V}.com/",
        "${env:V}://x/",
        "https://x.com/${env:V} y",
    ],
)
def test_no_error_of_a_url_quotes_what_was_filled_in(url):
    trust = trusting(env={"V": "SECRET_value-9"})

    found = []
    try:
        load([Source(name="m.yaml", data=(HEAD + f"webhooks: ['{url}']\n").encode())], trust)
    except ManifestError as error:
        found = error.diagnostics

    assert "SECRET_value-9" not in " ".join(map(str, found))


@pytest.mark.parametrize(
    ("url", "value", "is_shown"),
    [
        ("https://${env:V}.good.example/h", "evil.example/x?", False),
        ("https://${env:V}.good.example/h", "evil.example#", False),
        ("https://${env:V}.good.example/h", "evil.example\\x", False),
        ("https://${env:V}good.example/h", "x@evil.example:1/", False),
        ("${env:V}.good.example/h", "https://evil.example/x?", False),
        ("https${env:V}://good.example/h", "://evil.example/?", False),
        ("https://${env:V}.good.example/h", "eu", True),
        ("${env:V}", "https://eu.good.example/h", True),
        ("${env:V}/h", "https://eu.good.example", True),
        ("https://eu.good.example/${env:V}", "h", True),
    ],
)
def test_no_value_moves_the_host_that_is_shown(url, value, is_shown):
    source = Source(name="m.yaml", data=(HEAD + f"webhooks: ['{url}']\n").encode())

    try:
        load([source], trusting(env={"V": value}))
    except ManifestError:
        assert not is_shown
    else:
        assert is_shown


@pytest.mark.parametrize(
    "place",
    ["{envFile: pr\u043ed.env, key: K}", "{exec: [./k\u0435ep]}", "{exec: [./keep, \u0430]}",
     "{githubActions: acme/bot/pr\u043eduction, key: K}", "{keyring: b\u043et, key: K}",
     "{envFile: 'pr\u043ed${env:X:-}.env', key: K}", "{envFile: '.env.${env:X:-\u043e}', key: K}",
     "{exec: [./bin\u04c0keep]}", "{exec: [./keep, 'a\u0482b']}"],
)  # fmt: skip
def test_letters_that_look_like_others_are_named_in_a_warning(place):
    text = f"{HEAD}webhooks: [{{url: 'https://bot.example.com/h', secret: {place}}}]\n"

    (warning,) = load([Source(name="m", data=text.encode())], trusting()).warnings

    assert "isn't written in ASCII" in warning.message
    assert "U+04" in warning.message


def test_a_traceback_with_its_variables_shows_no_environment():
    trust = trusting(env={"PHOTON_TOKEN": "SECRET_value-9"})

    assert "SECRET" not in repr(trust)
    assert "SECRET" not in repr({"trust": trust})


@pytest.mark.parametrize("is_repository", [True, False])
def test_no_link_above_a_folder_leads_out_of_its_repository(tmp_path, monkeypatch, is_repository):
    """A pull request makes a folder a link; the manifest is named by a path to below it."""
    (tmp_path / "victim" / "prod").mkdir(parents=True)
    (tmp_path / "victim" / "prod" / "photon.yaml").write_text(HEAD)
    (tmp_path / "repo" / "ci").mkdir(parents=True)
    if is_repository:
        (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / "deploy").symlink_to("../victim")
    (tmp_path / "repo" / "inside").symlink_to("ci")
    (tmp_path / "repo" / "ci" / "photon.yaml").write_text(HEAD)
    monkeypatch.chdir(tmp_path / "repo" / "ci")

    for path in ("../deploy/prod/photon.yaml", str(tmp_path / "repo" / "deploy" / "prod")):
        sources, unread = read_sources([path], None, Reach())
        assert bool(unread) is is_repository
        assert bool(sources) is not is_repository
    assert read_sources(["../inside/photon.yaml"], None, Reach())[0]


JOB_TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
WRAPPED = {
    **{
        f"Base64 after {len(before)}": b64encode(f"{before}{JOB_TOKEN}{after}".encode()).decode()
        for before in ("", "a", "ab", "oauth2:", "gitlab-ci-token:", "x-access-token:")
        for after in ("", "x", "xy")
    },
    "Base64 of a URL": urlsafe_b64encode(f"~~?{JOB_TOKEN}".encode()).decode(),
    "hexadecimal": f"ab{JOB_TOKEN}".encode().hex(),
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_no_form_of_a_credential_becomes_a_value(wrapped):
    env = {"GITHUB_TOKEN": JOB_TOKEN, "AUTH": wrapped}
    trust = Trust(env=env, credentials=lambda: credential_values(env))

    told = problems("version: 1\nproject: {name: 'a ${env:AUTH}'}\n", trust)

    assert any("holds a credential" in line for line in told)
    assert not any(wrapped in line for line in told)


@pytest.mark.parametrize("token", ["x", "ab", "none", "true!", "seven77"])
def test_a_variable_that_is_no_credential_by_its_length_forbids_no_other_text(token):
    env = {"GITHUB_TOKEN": token, "PHOTONCTL_PLAN_KEY": token}
    trust = Trust(env=env, credentials=lambda: credential_values(env))
    text = f"{HEAD}users: [{{phoneNumber: +15551234567, firstName: cnVl, lastName: ''}}]\n"

    assert load([Source(name="m", data=text.encode())], trust).projects


@pytest.mark.parametrize(
    ("entry", "is_odd"),
    [
        ("users: [{phoneNumber: '+15551230001', email: 'a@b\u0430r.example.com'}]", True),
        ("users: [{phoneNumber: '+15551230001', email: 'j\u00f6@bar.example.com'}]", False),
        ("users: [{phoneNumber: '+15551230001', email: 'a@b\u0430r.example${env:X-@}'}]", True),
        ("users: [{phoneNumber: '+15551230001', email: '\u0430${env:X:-x@b}r.example'}]", True),
        ("users: [{phoneNumber: '+15551230001', email: 'j\u00f6+${env:X:-a}@b.example'}]", False),
        (
            (
                "webhooks: [{url: 'https://b.example.com/h', secret: {envFile: .env, key: K}, "
                "failureNotificationEmail: 'ops@b\u0430r.example.com'}]"
            ),
            True,
        ),
    ],
)
def test_the_host_of_an_email_in_other_letters_is_warned_of(entry, is_odd):
    trust = trusting(env={"X": ""})

    found = load([Source(name="m.yaml", data=f"{HEAD}{entry}\n".encode())], trust)

    assert any("isn't written in ASCII" in str(warning) for warning in found.warnings) is is_odd


@pytest.mark.parametrize("count", [10, 1_000, 5_000])
def test_no_flood_of_warnings_hides_the_one_that_matters(tmp_path, count):
    rows = "".join(f"+1555{n:07d},u{n}@b\u00fccher.example\n" for n in range(count))
    (tmp_path / "t.csv").write_text(f"phoneNumber,email\n{rows}")
    hook = "{url: 'https://b.example.com/h', secret: {exec: [./st\u043ere]}}"
    text = f"{HEAD}usersFrom: [t.csv]\nwebhooks: [{hook}]\n"
    source = Source(name=str(tmp_path / "m.yaml"), data=text.encode())

    found = load([source], trusting())

    assert len(found.warnings) == count + 1
    assert any("U+043E" in warning for warning in found.projects[0].warnings)


@pytest.mark.parametrize("letter", ["e", "\u00e9"])
def test_env_files_are_counted_whatever_letters_they_are_written_in(tmp_path, letter):
    for number in range(700):
        (tmp_path / f".env.{letter}{number}").write_text("A=1\n" * 990)
    entries = "".join(
        f"  - {{url: 'https://b.ch/{n}', secret: {{envFile: .env.{letter}{n}, key: K{n}}}}}\n"
        for n in range(700)
    )

    told = problems(f"{HEAD}webhooks:\n{entries}", trusting(), name=str(tmp_path / "m.yaml"))

    assert any("500,000 lines" in line for line in told)


@pytest.mark.parametrize(
    "text",
    [
        "mode: '@@'",
        "mode: ['@@']",
        "mode: {a: {b: '@@'}}",
        "webhooks: [{url: 'https://a.b.c/', onMissingSecret: '@@'}]",
        "webhooks: [{url: 'https://a.b.c/', onMissingSecret: ['@@']}]",
    ],
)
def test_no_advice_depends_on_a_filled_value(text):
    found = {
        tuple(problems(HEAD + text.replace("@@", "${env:V}") + "\n", Trust(env={"V": value})))
        for value in ("manag3", "observ", "rotate1", "hunter2")
    }

    assert len(found) == 1


@pytest.mark.parametrize("name", ["$${env:BOT}", "a $${file:b} c"])
def test_a_projects_name_doesnt_look_like_an_expression(name):
    text = f"version: 1\nproject: {{name: '{name}'}}\n"

    assert "that is no expression" in problems(text, Trust(env={"BOT": "x"}))[0]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "password", ["proxyPassw0rd", "hunter2", "a-long-part:tail77", "p%40ss-w0rd"]
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_the_password_of_a_proxy_is_no_value(name, password, is_whole):
    if not is_whole and len(password) < 8:
        pytest.skip("a short text is part of too many others")
    text = FIELDS[7].replace("@@", "${env:" + (name if is_whole else "OTHER") + "}")
    env = {name: f"http://user:{password}@proxy.example.com:3128", "OTHER": unquote(password)}
    trust = Trust(env=env, credentials=lambda: credential_values(env))

    assert any("credential" in line for line in problems(text, trust))


def test_a_short_user_of_a_proxy_without_a_password_is_a_word_like_others():
    assert "bot" not in credential_values({"HTTPS_PROXY": "http://bot@proxy.example.com:3128"})


@pytest.mark.parametrize("user", ["tokentoken123:", "tokentoken123", "token%74oken123"])
def test_a_long_user_of_a_proxy_without_a_password_may_be_a_token(user):
    found = credential_values({"HTTPS_PROXY": f"http://{user}@proxy.example.com:3128"})

    assert "tokentoken123" in found


def test_no_hidden_file_is_a_manifest_by_a_link_or_a_table(tmp_path):
    (tmp_path / ".yarnrc.yml").write_text("npmAuthToken: npm_S3cr3tS3cr3tS3cr3t   \n")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "t.yaml").write_text("- {phoneNumber: '+15551234567', password: h1d}\n")
    good = "version: 1\nproject: {name: a}\n"
    (tmp_path / "photon.yaml").write_text(f"{good}usersFrom: [.cache/t.yaml]\n")
    (tmp_path / "linked.yaml").symlink_to(".yarnrc.yml")
    (tmp_path / ".bot.yaml").write_text(good)

    for name in ("photon.yaml", "linked.yaml", "."):
        with pytest.raises(ManifestError) as caught:
            load_files([str(tmp_path / name)], Trust(env={}))
        assert "hidden files may hold secrets" in str(caught.value.diagnostics)
        assert "npm_S3cr3t" not in str(caught.value.diagnostics)
        assert "h1d" not in str(caught.value.diagnostics)
    assert load_files([str(tmp_path / ".bot.yaml")], Trust(env={}))


ODD_DEFAULTS = ["X\\e[1A\\e[2K", "X\\n::error::x", "X\\r", "X\\u2028x", "X\\0"]


@pytest.mark.parametrize("odd", ODD_DEFAULTS)
@pytest.mark.parametrize(
    "entry",
    [
        'project: {name: "%s"}',
        'users: [{phoneNumber: "+15551230001", firstName: "%s"}]',
        'webhooks: [{url: "https://b.ch/", secret: {envFile: .env, key: "%s"}}]',
        'webhooks: [{url: "https://b.ch/", secret: {envFile: "%s"}}]',
    ],
)
def test_what_is_written_of_an_expression_is_text_that_can_be_shown(odd, entry):
    value = f"${{env:SET:-{odd}}}"
    head = "" if entry.startswith("project") else "project: {name: bot}\n"
    text = f"version: 1\n{head}{entry % value}\n"

    found = problems(text, Trust(env={"SET": "fine.env"}))

    assert any("this text contains" in message or "line break" in message for message in found)


ARN = "arn:aws:secretsmanager"
END = "123456789012:secret:x"
KEYS = {"KEY": "3f9c0d77aa54e1b2", "ACCOUNT": "123456789012", "WHOLE": f"{ARN}:eu-west-1:{END}"}


def hooked(secret):
    return hook(f"awsSecretsManager: '{secret}', key: BOT")


@pytest.mark.parametrize(
    "secret",
    [
        f"{ARN}:${{env:KEY}}:{END}",
        f"{ARN}:eu-${{env:KEY}}:{END}",
        f"${{env:NONE-{ARN}}}:${{env:KEY}}:{END}",
        f"${{env:NONE-{ARN}:}}${{env:KEY}}${{env:NONE-:{END}}}",
    ],
)
def test_no_name_server_is_asked_for_a_region_that_was_filled_in(secret):
    (problem,) = problems(hooked(secret), trusting(env=KEYS))

    assert "name servers" in problem
    assert KEYS["KEY"] not in problem


@pytest.mark.parametrize(
    "secret", [f"{ARN}:eu-west-1:${{env:ACCOUNT}}:secret:x", "${env:WHOLE}", "prod/${env:KEY}"]
)
def test_an_arn_may_be_filled_in_behind_its_region_or_as_a_whole(secret):
    load([Source(name="m.yaml", data=hooked(secret).encode())], trusting(env=KEYS))
