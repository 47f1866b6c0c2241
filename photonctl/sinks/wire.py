"""Requests of the clients of stores: they say what is sent, and photonctl's own network sends it.

What they would send by themselves has no bound: a server that answers forever keeps them busy.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import httpx

from photonctl.deadline import check
from photonctl.errors import UsageError
from photonctl.network.client import Environment, trusted_by
from photonctl.network.exchange import Answer, Limits, exchange
from photonctl.network.transport import BEFORE
from photonctl.sinks.service import LARGEST, StoreProblem

_WAIT_S, _LONGEST_S = 15.0, 30.0


def trusted_for(url: str, *, setting: str = "", bundle: str | None = None) -> ssl.SSLContext:
    """Return which certificates are trusted for a store.

    Args:
        url: where it is.
        setting: what may name certificates for it alone.
        bundle: the file or folder that it names; None = nothing.

    Raises:
        StoreProblem: a setting of certificates is wrong.
    """
    env: Environment = os.environ
    if bundle:
        env = {"SSL_CERT_DIR" if Path(bundle).is_dir() else "SSL_CERT_FILE": bundle}
    try:
        return trusted_by(url, env=env)
    except UsageError as error:
        if bundle:
            why = f"{setting} names no certificates that can be read"
            raise StoreProblem(why, f"Correct {setting}, or unset it.") from None
        raise StoreProblem(str(error), error.hint or "") from None


class Prepared(Protocol):
    """A request as requests and botocore put it together."""

    method: Any
    url: Any
    headers: Any
    body: Any


def carry(  # noqa: PLR0913  # what a store's own settings say, beside the request
    store: str,
    request: Prepared,
    tls: ssl.SSLContext,
    hint: str,
    *,
    extensions: Mapping[str, Any] = MappingProxyType({}),
    env: Environment = os.environ,
) -> Answer:
    """Send what a store's client has put together, and return the whole answer.

    Args:
        store: how messages name it.
        request: what is sent.
        tls: which certificates are trusted.
        hint: what to do if it can't be reached.
        extensions: of the request, as httpx has them.
        env: where settings of proxies are read.

    Raises:
        StoreProblem: there is none, or it is compressed or too large.
    """
    check()
    headers = {**_texts(request.headers), "Accept-Encoding": "identity"}
    try:
        return exchange(
            request.method,
            request.url,
            Limits(largest=LARGEST, wait_s=_WAIT_S, longest_s=_LONGEST_S),
            tls=tls,
            headers=headers,
            content=request.body,
            extensions={BEFORE: check, **extensions},
            env=env,
        )
    except httpx.DecodingError as error:
        raise StoreProblem(str(error), hint) from None
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        why = f"{store} can't be reached ({type(error).__name__})"
        raise StoreProblem(why, hint, passes=True) from None
    except UsageError as error:
        raise StoreProblem(str(error), error.hint or hint) from None
    except (httpx.InvalidURL, ValueError):
        raise StoreProblem("its address has a form that no request can use", hint) from None


def _texts(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    return {n: v.decode() if isinstance(v, bytes) else v for n, v in headers.items()}
