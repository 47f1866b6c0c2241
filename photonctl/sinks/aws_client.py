"""Calls of AWS Secrets Manager: one client for each region, bounded answers, errors of ours."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from ssl import SSLContext
from threading import Lock
from typing import Any, TypeVar

from photonctl.sinks.service import StoreProblem, not_installed
from photonctl.sinks.wire import carry, trusted_for

T = TypeVar("T")
_MISSING = "ResourceNotFoundException"
_MOVED = frozenset({"InvalidParameterException", "InvalidRequestException"})
_PASSING = frozenset({
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
    "InternalServiceError", "InternalServiceErrorException", "ServiceUnavailable",
    "InternalFailure", "RequestTimeout", "RequestTimeoutException",
})  # fmt: skip
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "KMSAccessDeniedException"})
_SIGN_IN = frozenset({
    "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException",
    "InvalidSignatureException", "IncompleteSignature", "ExpiredToken", "SignatureDoesNotMatch",
})  # fmt: skip
_SETTINGS = "Check the region, the credentials and the address that AWS clients read."
_REFUSED = (400, 404)
_MOST_REGIONS = 20  # of some 35 that there are; each takes 75 ms and 8 MiB
_FEWER = "Name fewer manifests (-f, --shard I/N)."
RIGHTS = (
    "It needs secretsmanager:DescribeSecret, GetSecretValue, PutSecretValue, "
    "UpdateSecretVersionStage, TagResource, UntagResource and, where the secret is to be made, "
    "CreateSecret."
)


def ask(name: str, step: Callable[[Any], T]) -> T:
    """Make one call for the secret of a name or an ARN.

    Raises:
        MissingError: there is no such secret or version.
        MovedError: it isn't as the call says.
        StoreProblem: anything else.
    """
    client = _client(name)
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return step(client)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        raise _problem(code, status) from None
    except BotoCoreError as error:
        raise StoreProblem(f"AWS can't be asked ({type(error).__name__})", _SETTINGS) from None


class MissingError(StoreProblem):
    """There is no such secret, or no such version of it."""


class MovedError(StoreProblem):
    """AWS refuses a call as it was made; of a label that moves, since it isn't there any more."""


def _client(name: str) -> Any:
    """Return the client of a secret's region: one for a process, since each takes 8 MiB."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise not_installed("boto3", "aws") from None
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 6 else None  # noqa: PLR2004
    given = {n: value for n, value in os.environ.items() if n.startswith(("AWS_", "HOME"))}
    with _making:
        if _made.get("for") != given:
            _made.clear()
            _made["for"] = given
        if region not in _made and len(_made) > _MOST_REGIONS:
            raise StoreProblem(f"a run asks at most {_MOST_REGIONS} regions of AWS", _FEWER)
        if region not in _made:
            # The sink tries again, for every store alike.
            config = Config(retries={"total_max_attempts": 1}, user_agent_extra="photonctl")
            session = boto3.session.Session(botocore_session=_core())
            _made[region] = session.client("secretsmanager", region_name=region, config=config)
        return _made[region]


_making = Lock()
_made: dict[str | None, Any] = {}


def _core() -> Any:
    """Return a session whose clients, also those that sign in, send by photonctl's own network."""
    import botocore.session
    from botocore.awsrequest import AWSResponse

    core = botocore.session.get_session()
    bundle = core.get_config_variable("ca_bundle")

    @cache
    def trusted(scheme: str) -> SSLContext:
        return trusted_for(f"{scheme}:", setting="AWS_CA_BUNDLE", bundle=bundle)

    def send(request: Any, **_: Any) -> AWSResponse:
        tls = trusted(request.url.partition(":")[0])
        answer = carry("AWS", request, tls, _SETTINGS)
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.data))

    core.register("before-send", send)
    return core


class _Raw:
    """A body that has arrived, as botocore reads it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        yield self._data


def _problem(code: str, status: int | None) -> StoreProblem:
    shown = code if code.isalnum() and len(code) < 60 else "an unknown code"  # noqa: PLR2004
    if code in _DENIED:
        return StoreProblem(f"no permission ({shown})", RIGHTS, is_denied=True)
    if code in _SIGN_IN:
        return StoreProblem(
            f"AWS doesn't accept the credentials ({shown})",
            "Sign in again (aws sso login), or check the job's role.",
        )
    if code in _MOVED:
        return MovedError(f"AWS refuses ({shown})", RIGHTS)
    if code == _MISSING and status in _REFUSED:  # else it is nothing that AWS says
        return MissingError("there is no such secret", "Create it, or check its name and region.")
    if code in _PASSING:
        return StoreProblem(f"AWS is busy ({shown})", "Try again later.", passes=True)
    return StoreProblem(f"AWS refuses ({shown})", RIGHTS)
