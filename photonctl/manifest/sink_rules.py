"""Where a secret may go, and under which name (interface §5)."""

import re
from collections.abc import Iterator

from photonctl.codes import Code
from photonctl.kinds.sinks import DEFAULT_KEY, WITH_TARGET, is_asked, places_in
from photonctl.kinds.values import Problem, errors_of
from photonctl.manifest.paths import At
from photonctl.model.duration import seconds_of
from photonctl.model.filled import Filled, is_one_expression, shown, shown_text
from photonctl.model.spec import BUILT_IN_SINKS, FORGES, SEVERAL, STORES, JsonObject, JsonValue

_SINKS = (*BUILT_IN_SINKS, "plugin")
_FORGE_KEY = re.compile(r"(?!GITHUB_|CI_)[A-Z_][A-Z0-9_]{0,180}")
_DAY_S, _LONGEST_OVERLAP_S = 86_400, 604_800
# Variables that decide what a program loads, runs or talks to; and photonctl's own.
_LOADERS = frozenset({
    "PATH", "HOME", "SHELL", "IFS", "ENV", "CDPATH", "TMPDIR", "PROMPT_COMMAND", "BASH_ENV",
    "BASHOPTS", "SHELLOPTS", "ZDOTDIR", "FPATH", "EDITOR", "VISUAL", "PAGER", "BROWSER", "LESSOPEN",
    "LESSCLOSE", "MANPAGER", "MAKEFLAGS", "GCONV_PATH", "LOCPATH", "NLSPATH", "TERMINFO",
    "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_REPL_EXTERNAL_MODULE",
    "NODE_TLS_REJECT_UNAUTHORIZED", "PERL5LIB", "PERL5OPT", "PERL5DB", "PERLLIB", "RUBYOPT",
    "RUBYLIB", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "CLASSPATH", "JAVA_HOME", "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "MAVEN_OPTS", "GRADLE_OPTS",
    "PHPRC", "PHP_INI_SCAN_DIR", "LUA_PATH", "LUA_CPATH", "LUA_INIT", "GOFLAGS", "RUSTC_WRAPPER",
    "DOTNET_STARTUP_HOOKS", "CORECLR_PROFILER", "CORECLR_PROFILER_PATH", "OPENSSL_CONF",
    "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE",
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CURL_HOME", "SSH_ASKPASS", "SUDO_ASKPASS",
    "DOCKER_HOST", "DOCKER_CONFIG",
    "DOCKER_AUTH_CONFIG", "KUBECONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "XDG_CONFIG_DIRS", "XDG_DATA_DIRS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "FTP_PROXY", "PHOTON_TOKEN", "PHOTON_DASHBOARD_TOKEN", "PHOTON_DASHBOARD_HOST",
    "PHOTON_SPECTRUM_HOST", "PHOTON_API_HOST", "PHOTON_CONFIG_DIR", "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT", "GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_SERVER_URL",
    "GITHUB_TOKEN", "GH_HOST", "GH_TOKEN", "GH_CONFIG_DIR", "GITLAB_HOST", "GITLAB_TOKEN",
    "CI_API_V4_URL", "CI_SERVER_URL", "CI_JOB_TOKEN", "GLIBC_TUNABLES", "BOTO_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS", "NETRC", "CC", "CXX", "CPP", "LINKER", "RUSTC", "RUSTDOC",
    "LD", "AR", "AS", "NM", "LEX", "YACC", "STRIP", "LDLIBS",
    "TCLLIBPATH", "GTK_MODULES", "GIO_MODULE_DIR", "VIMINIT", "EXINIT", "COMSPEC", "PERL5SHELL",
    "CARGO_BUILD_RUSTC", "PGSERVICEFILE", "KRB5_CONFIG", "DENO_CERT", "TNS_ADMIN", "ODBCINI",
    "HGRCPATH", "RSYNC_RSH", "MPLBACKEND", "DJANGO_SETTINGS_MODULE", "R_PROFILE_USER",
    "PSMODULEPATH", "MAKEFILES",
})  # fmt: skip
_BEFORE_ACCOUNT = 4  # colons of an ARN
_MOST_NAMED = 5
_MOST_ASKED = 200  # of a document
_LOADER_FAMILIES = re.compile(
    "(?:LD|DYLD|GIT|PYTEST|LUA|COR|CORECLR|BASH_FUNC|NPM_CONFIG|PIP|UV|PHOTONCTL|VAULT|BAO|AWS|AZURE"
    "|TF|ANSIBLE|CMAKE|RUSTUP|CARGO|HELM|DOCKER|COMPOSE|YARN|DENO|BUN|ELECTRON|KUBE|KUBECTL|FLASK"
    "|ERL|DOTNET|ASPNETCORE|COREHOST|SPRING|JULIA|LESS|MSBUILD)_.*|MSBUILD[A-Z]+|LESS"
    "|NODE_(?:V8_|REDIRECT_|COMPILE_|DISABLE_|ICU_|PENDING_|USE_|NO_|DEBUG|SKIP_|TEST_).*"
    "|PYTHON[A-Z]*|PS[0-4]|GO(?:PROXY|TOOLCHAIN|ENV|ROOT|BIN|WORK|[A-Z]*SUMDB|INSECURE|PRIVATE|CACHE)"
    "|PG(?:HOST|HOSTADDR|PORT|USER|DATABASE|SERVICE|PASSFILE|OPTIONS|SSL[A-Z]*|SYSCONFDIR)|GNUPGHOME"
    "|.*_(?:OPTS?|OPTIONS|FLAGS|HOME|PATH|PROFILE|PRELOAD|STARTUP|WRAPPER|EDITOR|PAGER|PREFIX|LINKER"
    "|RUNNER|SHELL|COMMAND|CMD|ARGS|RSH|SSH|LIBS|ENVIRON|HOST|PROXY|ENDPOINT"
    "|(?:BASE|API|SERVER|DATABASE|REGISTRY|INDEX)_URL)"
    "|DATABASE_URL|[A-Z]+(?:RC|SHELL)|.*FLAGS|HOSTALIASES|RES_OPTIONS",
)


def check_sinks(document: JsonObject, known: list[Problem]) -> Iterator[Problem]:
    """Each mapping names exactly one place; what is ``known`` isn't said twice."""
    troubled = {
        problem.at[:depth] for problem in errors_of(known) for depth in range(len(problem.at) + 1)
    }
    asked = 0
    for at, place in places_in(document):
        if at not in troubled:
            yield from _check_place(at, place)
        asked += is_asked(place)
        if asked > _MOST_ASKED:
            message = (
                f"a document names at most {_MOST_ASKED} places in secret stores, keyrings and "
                "plugins. Name fewer."
            )
            yield Problem(code=Code.SINK, at=at, message=message)
            return
    yield from _check_rotations(document)


def _check_place(at: At, place: JsonObject) -> Iterator[Problem]:
    named = [name for name in _SINKS if name in place]
    if len(named) != 1:
        detail = " and ".join(named) or "none"
        message = f"a secret goes to one of {', '.join(_SINKS)}; here: {detail}. Name one."
        yield Problem(code=Code.SINK, at=at, message=message)
    yield from _check_words(at, place.get("exec"))
    yield from _check_region(at, place.get("awsSecretsManager"))
    yield from _look_alikes(at, place)
    if "exec" in named and "key" in place:
        message = "an exec sink has no key: the command gets all of it. Remove the key."
        yield Problem(code=Code.SINK, at=(*at, "key"), message=message, is_key=True)
    if "target" in place and "plugin" not in named:
        message = "only a plugin has a target. Remove it."
        yield Problem(code=Code.SINK, at=(*at, "target"), message=message, is_key=True)
    plugin = place.get("plugin")
    if isinstance(plugin, Filled):
        message = f"{plugin.raw} is filled in: which program runs is written out. Name the plugin."
        yield Problem(code=Code.SINK, at=(*at, "plugin"), message=message)
    elif plugin in (*BUILT_IN_SINKS, SEVERAL) and plugin not in STORES:
        message = f'"{plugin}" is a built-in sink, and no plugin.'
        yield Problem(code=Code.SINK, at=(*at, "plugin"), message=message)
    if "rotate" in place and ("exec" in named):
        message = "a command can't say when a secret was rotated. Store it in another place, too."
        yield Problem(code=Code.SINK, at=(*at, "rotate"), message=message, is_key=True)
    yield from _check_key(at, place.get("key"), is_forges=any(name in FORGES for name in named))


def _check_region(at: At, secret: JsonValue) -> Iterator[Problem]:
    """The region in an ARN is a part of a host's name, which name servers learn."""
    if not isinstance(secret, Filled) or not secret.startswith("arn:"):
        return
    is_written = secret.raw.partition("${")[0].count(":") >= _BEFORE_ACCOUNT
    if not (is_written or is_one_expression(secret.raw)):
        message = (
            f"the region in {secret.raw} is filled in, and would be asked name servers for. Write "
            "the ARN out up to its account, or fill all of it in."
        )
        yield Problem(code=Code.SINK, at=(*at, "awsSecretsManager"), message=message)


def _look_alikes(at: At, place: JsonObject) -> Iterator[Problem]:
    """Warn of a place or command with letters or signs that look like others."""
    words = place.get("exec")
    texts: list[tuple[At, JsonValue]] = [((*at, name), place.get(name)) for name in WITH_TARGET]
    texts += [((*at, name), place.get(name)) for name in ("plugin", "target")]
    listed = words if isinstance(words, list) else []
    texts += [
        ((*at, "exec"), "".join(shown_text(word) for word in listed if isinstance(word, str)))
    ]
    for where, text in texts:
        written = shown_text(text) if isinstance(text, str) else ""
        if written.isascii():
            continue
        others = sorted({c for c in written if not c.isascii()})
        named = ", ".join(f"{c} (U+{ord(c):04X})" for c in others[:_MOST_NAMED])
        message = f"this isn't written in ASCII: {named}. Check that it is what you mean."
        yield Problem(code=Code.LOOK_ALIKE, at=where, message=message, is_warning=True)


def _check_key(at: At, key: JsonValue, *, is_forges: bool) -> Iterator[Problem]:
    if not isinstance(key, str):
        return
    if is_loader_variable(key):
        message = (
            f'"{shown(key)}" steers programs that read it. Use a name such as BOT_WEBHOOK_SECRET.'
        )
        yield Problem(code=Code.SINK, at=(*at, "key"), message=message)
    elif is_forges and not _FORGE_KEY.fullmatch(key):
        message = (
            f'"{shown(key)}" can\'t be the name of a secret there. Use capital letters, digits and '
            "underscores, and don't begin with GITHUB_ or CI_."
        )
        yield Problem(code=Code.SINK, at=(*at, "key"), message=message)


def _check_rotations(document: JsonObject) -> Iterator[Problem]:
    """Several places of one secret are rotated at once; a time is bounded as Photon bounds it."""
    first: dict[At, JsonValue] = {}
    for at, place in places_in(document):
        rule = place.get("rotate")
        if rule is None:
            continue
        if first.setdefault(at[:3], rule) != rule:
            message = "two places of one secret are rotated together. Write rotate in one of them."
            yield Problem(code=Code.SINK, at=(*at, "rotate"), message=message, is_key=True)
        if not isinstance(rule, dict):
            continue
        for name, value in rule.items():
            if isinstance(value, Filled):
                message = f"{value.raw} is filled in: how old a secret may be is written out."
                yield Problem(code=Code.SINK, at=(*at, "rotate", name), message=message)
        for name, least, most in (("every", _DAY_S, None), ("overlap", 0, _LONGEST_OVERLAP_S)):
            found = seconds_of(str(rule[name])) if name in rule else None
            if found is not None and (found < least or (most is not None and found > most)):
                message = f"{name} is {'at most 7 days' if most else 'at least 1 day'}."
                yield Problem(code=Code.SINK, at=(*at, "rotate", name), message=message)


def is_loader_variable(name: str) -> bool:
    """Does a variable of this name decide what a program loads, runs or talks to?"""
    upper = name.upper()
    if upper.startswith(DEFAULT_KEY):
        return False  # made from a URL, whatever its path ends with
    return upper in _LOADERS or _LOADER_FAMILIES.fullmatch(upper) is not None


def _check_words(at: At, words: JsonValue) -> Iterator[Problem]:
    for place, word in enumerate(words if isinstance(words, list) else []):
        if isinstance(word, Filled):
            message = (
                f"{word.raw} is filled in, and would be readable in the list of processes. Let "
                "the command read it itself."
            )
            yield Problem(code=Code.SINK, at=(*at, "exec", place), message=message)
