"""Where a secret may go, and under which name (interface §5)."""

import re
from collections.abc import Iterator

from photonctl.codes import Code
from photonctl.kinds.values import Problem
from photonctl.manifest.paths import At, secrets
from photonctl.model.filled import Filled, shown
from photonctl.model.spec import BUILT_IN_SINKS, JsonObject, JsonValue

_SINKS = (*BUILT_IN_SINKS, "plugin")
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
    "DOCKER_HOST", "DOCKER_CONFIG", "KUBECONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "XDG_CONFIG_DIRS", "XDG_DATA_DIRS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "FTP_PROXY", "PHOTON_TOKEN", "PHOTON_DASHBOARD_TOKEN", "PHOTON_DASHBOARD_HOST",
    "PHOTON_SPECTRUM_HOST", "PHOTON_API_HOST", "PHOTON_CONFIG_DIR",
})  # fmt: skip
_LOADER_FAMILIES = re.compile(
    "(?:LD|DYLD|GIT|BASH_FUNC|NPM_CONFIG|PIP|UV|PHOTONCTL)_.*|PYTHON[A-Z]*|PS[0-4]",
)


def check_sinks(document: JsonObject, known: list[Problem]) -> Iterator[Problem]:
    """Each secret goes to exactly one place; what is ``known`` isn't said twice."""
    troubled = {problem.at[:3] for problem in known}
    for index, secret in secrets(document):
        at: At = ("webhooks", index, "secret")
        if at not in troubled:
            yield from _check_sink(at, secret)


def _check_sink(at: At, secret: JsonObject) -> Iterator[Problem]:
    named = [name for name in _SINKS if name in secret]
    if len(named) != 1:
        detail = " and ".join(named) or "none"
        message = f"a secret goes to one of {', '.join(_SINKS)}; here: {detail}. Name one."
        yield Problem(code=Code.SINK, at=at, message=message)
    yield from _check_words(at, secret.get("exec"))
    if "exec" in named and "key" in secret:
        message = "an exec sink has no key: the command gets all of it. Remove the key."
        yield Problem(code=Code.SINK, at=(*at, "key"), message=message, is_key=True)
    if "target" in secret and "plugin" not in named:
        message = "only a plugin has a target. Remove it."
        yield Problem(code=Code.SINK, at=(*at, "target"), message=message, is_key=True)
    plugin = secret.get("plugin")
    if isinstance(plugin, Filled):
        message = f"{plugin.raw} is filled in: which program runs is written out. Name the plugin."
        yield Problem(code=Code.SINK, at=(*at, "plugin"), message=message)
    elif plugin in BUILT_IN_SINKS:
        message = f'"{plugin}" is a built-in sink, and no plugin.'
        yield Problem(code=Code.SINK, at=(*at, "plugin"), message=message)
    key = secret.get("key")
    if isinstance(key, str) and is_loader_variable(key):
        message = (
            f'"{shown(key)}" steers programs that read it. Use a name such as BOT_WEBHOOK_SECRET.'
        )
        yield Problem(code=Code.SINK, at=(*at, "key"), message=message)


def is_loader_variable(name: str) -> bool:
    """Does a variable of this name decide what a program loads, runs or talks to?"""
    upper = name.upper()
    return upper in _LOADERS or _LOADER_FAMILIES.fullmatch(upper) is not None


def _check_words(at: At, words: JsonValue) -> Iterator[Problem]:
    for place, word in enumerate(words if isinstance(words, list) else []):
        if isinstance(word, Filled):
            message = (
                f"{word.raw} is filled in, and would be readable in the list of processes. Let "
                "the command read it itself."
            )
            yield Problem(code=Code.SINK, at=(*at, "exec", place), message=message)
