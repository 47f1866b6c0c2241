"""The environment variables that hold photonctl's own credentials, and what must not get them."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_NAME = re.compile(r"PHOTON(?:CTL)?_\w*(?:TOKEN|SECRET|KEY|PASSWORD)\w*", re.IGNORECASE)
# Of the forges and of the runner. Commands of sinks may need them; no manifest may use them.
_OTHERS = frozenset({
    "GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITLAB_TOKEN",
    "GITLAB_PRIVATE_TOKEN", "VAULT_ID_TOKEN", "CI_DEPENDENCY_PROXY_PASSWORD", "VAULT_SECRET_ID",
    "BAO_SECRET_ID",
    "CI_JOB_TOKEN", "CI_JOB_JWT", "CI_JOB_JWT_V2", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD",
    "CI_REPOSITORY_URL", "SYSTEM_ACCESSTOKEN", "VAULT_TOKEN", "BAO_TOKEN", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK", "CI_JOB_JWT_V1", "CI_BUILD_TOKEN",
    "CI_NETRC_PASSWORD", "FORGEJO_TOKEN", "GITEA_TOKEN",
    "AZURE_CLIENT_SECRET", "AZURE_DEVOPS_EXT_PAT", "ARM_CLIENT_SECRET", "ARM_OIDC_TOKEN",
})  # fmt: skip
# Names that begin so are a runner's own, and more of them come with each of its versions.
_OF_RUNNERS = re.compile(
    r"(?:ACTIONS|APPVEYOR|ATLANTIS|BAMBOO|BITBUCKET|BITRISE|BUILDKITE|CIRCLE|CIRRUS|DRONE|FORGEJO"
    r"|GITEA|HARNESS|JB_SPACE|SD|SEMAPHORE|SPACELIFT|TASKCLUSTER|TFC|TRAVIS|WOODPECKER)"
    r"_\w*(?:TOKEN|SECRET|PASSWORD)\w*",
    re.IGNORECASE,
)
# Names of variables that say where a program finds its credentials.
_IN_FILE = re.compile(
    r"\w*(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSFILE|PASSPHRASE|CREDENTIAL|CREDS|KEY|KUBECONFIG|NETRC"
    r"|USERCONFIG|DOCKER_CONFIG|GNUPGHOME)\w*|AWS_CONFIG_FILE",
    re.IGNORECASE,
)
_PROXIES = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"})  # with a password before the host
_SCHEME = re.compile(r"(?:bearer|basic)\s+", re.IGNORECASE)
_SHORTEST = 8  # a shorter text is part of too many others


def is_credential(name: str) -> bool:
    """Does a variable of this name hold a credential of photonctl, or a secret that it stored?"""
    return _NAME.fullmatch(name) is not None


def is_forbidden(name: str) -> bool:
    """May no manifest use a variable of this name: is it a credential of this run?"""
    is_runners = name.upper() in _OTHERS or _OF_RUNNERS.fullmatch(name) is not None
    return is_credential(name) or is_runners


def without_credentials(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that a program gets which photonctl starts."""
    return {name: value for name, value in env.items() if not is_credential(name)}


def credential_values(env: Mapping[str, str]) -> Iterator[str]:
    """Yield the credentials themselves, in each form in which they are sent."""
    from base64 import b64encode

    for name, value in env.items():
        if is_forbidden(name) and value.strip():
            yield from forms_of(value)
        if name.upper() in _PROXIES and "@" in value:
            yield from _of_proxy(value)
    pair = (env.get("PHOTON_PROJECT_ID", "").strip(), env.get("PHOTON_PROJECT_SECRET", "").strip())
    if all(pair):
        yield b64encode(":".join(pair).encode()).decode()


def _of_proxy(url: str) -> Iterator[str]:
    """Yield a proxy's URL, what is before its host, and the password, or a user without one."""
    from urllib.parse import unquote

    before = url.rpartition("@")[0].rpartition("//")[2]
    user, _, password = before.partition(":")
    lone = "" if password else user  # which may be a token
    for text in dict.fromkeys((url, before, lone, unquote(lone), password, unquote(password))):
        if text == password or len(text) >= _SHORTEST:  # a short user's name alone is none
            yield from forms_of(text)


def credential_files(env: Mapping[str, str]) -> Iterator[str]:
    """Yield the files and folders that variables name as those of credentials of any program."""
    for name, value in env.items():
        if _IN_FILE.fullmatch(name):
            named = filter(os.path.isabs, value.split(os.pathsep))
            yield from filter(os.path.exists, named)


def bare_token(text: str) -> str:
    """Return a token as it is sent, without white space and the word before it."""
    return _SCHEME.sub("", text.strip(), count=1).strip()


def forms_of(credential: str) -> Iterator[str]:
    """Yield a credential as it is written, as it is sent, and as a URL holds it.

    And what any Base64 of a text has in it that holds the credential, wherever it begins.
    """
    from base64 import b64encode, urlsafe_b64encode  # every command imports this module
    from urllib.parse import quote

    for text in dict.fromkeys((credential.strip(), bare_token(credential))):
        if text:
            yield text
            in_url = quote(text, safe="", errors="surrogateescape")
            if in_url != text:
                yield in_url
            data = text.encode(errors="surrogateescape")
            yield b64encode(data).decode().rstrip("=")
            if len(data) < _SHORTEST:
                continue
            for skipped in range(3):  # the letters before and after these depend on what is there
                inner = data[skipped : len(data) - (len(data) - skipped) % 3]
                for encode in (b64encode, urlsafe_b64encode):
                    yield encode(inner).decode()
            yield from (data.hex(), data.hex().upper())


def holds_one(text: str, credentials: frozenset[str]) -> bool:
    """Is a text one of these credentials, or a longer one with a credential in it?"""
    if text and text in credentials:
        return True
    if len(text) < _shortest_of(credentials):  # as nearly every name and number
        return False
    return any(len(one) >= _SHORTEST and one in text for one in credentials)


@lru_cache(maxsize=8)
def _shortest_of(credentials: frozenset[str]) -> int:
    return max(_SHORTEST, min((len(one) for one in credentials), default=_SHORTEST))


_taken: dict[str, str] = {}


def take_credentials() -> None:
    """Take them out of this process's environment, at the start of a command.

    Libraries pass it on to what they start: a browser, the plug-in of a kubeconfig, AWS's
    ``credential_process``, the program of a keyring.
    """
    for name in filter(is_credential, tuple(os.environ)):
        _taken[name] = os.environ.pop(name)


def environment() -> dict[str, str]:
    """Return this process's variables, also those that were taken out of them."""
    return {**os.environ, **_taken}
