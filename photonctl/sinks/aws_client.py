"""Calls of AWS Secrets Manager: one client for each region, bounded answers, errors of ours."""

import os
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from photonctl.sinks.deadline import check
from photonctl.sinks.service import (
    LARGEST,
    StoreProblem,
    not_installed,
    not_understood,
    refuse_compressed,
)

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
    from urllib3.exceptions import HTTPError

    try:
        return step(client)
    except ClientError as error:
        raise _problem(str(error.response.get("Error", {}).get("Code", ""))) from None
    except BotoCoreError as error:
        kind = type(error).__name__
        passes = kind.endswith(("TimeoutError", "ConnectionError", "ClosedError"))
        raise StoreProblem(
            f"AWS can't be asked ({kind})",
            "Check the region, the credentials and the address that AWS clients read.",
            passes=passes,
        ) from None
    except HTTPError as error:
        why = f"the answer of AWS ended early ({type(error).__name__})"
        raise StoreProblem(why, "Try again later.", passes=True) from None


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
        if region not in _made:
            config = Config(
                connect_timeout=5,
                read_timeout=15,
                retries={"total_max_attempts": 1},  # the sink tries again, for every store alike
                user_agent_extra="photonctl",
            )
            session = boto3.session.Session()
            client = session.client("secretsmanager", region_name=region, config=config)
            client.meta.events.register("before-send.secretsmanager", _bounded(client))
            _made[region] = client
        return _made[region]


_making = Lock()
_made: dict[str | None, Any] = {}


def _bounded(client: Any) -> Callable[..., Any]:
    """Return what sends a request of a client, and reads its answer within a bound of size."""
    session = client._endpoint.http_session  # noqa: SLF001  # with its proxies and certificates

    def send(request: Any, **_: Any) -> Any:
        check()
        request.stream_output = True  # else the session reads all of it at once
        answer = session.send(request)
        refuse_compressed(answer.headers, RIGHTS)
        data = answer.raw.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise not_understood("AWS")
        answer._content = data  # noqa: SLF001  # what its property would read
        return answer

    return send


def _problem(code: str) -> StoreProblem:
    shown = code if code.isalnum() and len(code) < 60 else "an unknown code"  # noqa: PLR2004
    if code in _DENIED:
        return StoreProblem(f"no permission ({shown})", RIGHTS)
    if code in _SIGN_IN:
        return StoreProblem(
            f"AWS doesn't accept the credentials ({shown})",
            "Sign in again (aws sso login), or check the job's role.",
        )
    if code in _MOVED:
        return MovedError(f"AWS refuses ({shown})", RIGHTS)
    if code == _MISSING:
        return MissingError("there is no such secret", "Create it, or check its name and region.")
    if code in _PASSING:
        return StoreProblem(f"AWS is busy ({shown})", "Try again later.", passes=True)
    return StoreProblem(f"AWS refuses ({shown})", RIGHTS)
