"""Opens Vault's own client with the settings that Vault's own command reads.

VAULT_ADDR, VAULT_TOKEN or ~/.vault-token, VAULT_NAMESPACE, VAULT_CACERT or VAULT_CAPATH, and
VAULT_CLIENT_CERT with VAULT_CLIENT_KEY.
"""

import os
from io import BytesIO
from pathlib import Path
from ssl import SSLContext
from typing import Any

from photonctl.sinks.service import StoreProblem, not_installed
from photonctl.sinks.wire import carry, trusted_for

SIGN_IN = "Check VAULT_ADDR and VAULT_TOKEN, or sign in:\n  vault login\n"


def open_vault() -> Any:
    """Return hvac's client; it sends by photonctl's own network.

    Raises:
        StoreProblem: it isn't installed, or a setting is missing or wrong.
    """
    try:
        import hvac
        from hvac.adapters import RawAdapter
    except ImportError:
        raise not_installed("hvac", "vault") from None
    token = os.environ.get("VAULT_TOKEN") or _token_file()
    if not token or not os.environ.get("VAULT_ADDR"):
        raise StoreProblem("VAULT_ADDR or VAULT_TOKEN isn't set", SIGN_IN)
    url = os.environ["VAULT_ADDR"]
    return hvac.Client(
        url=url,
        token=token,
        namespace=os.environ.get("VAULT_NAMESPACE") or None,
        session=_session(url),
        allow_redirects=False,
        adapter=RawAdapter,
    )


def _session(url: str) -> Any:
    """Return what hvac sends by."""
    from requests import Response, Session  # hvac brings it
    from requests.adapters import BaseAdapter

    tls = _tls(url)

    class Carrier(BaseAdapter):
        """Takes a request of requests, and returns what photonctl's own network brings."""

        def send(self, request: Any, *_: Any, **__: Any) -> Response:
            answer = carry("Vault", request, tls, SIGN_IN)
            response = Response()
            response.status_code = answer.status
            response.headers.update(answer.headers)
            response.raw = BytesIO(answer.data)
            response.url, response.request = request.url, request
            return response

        def close(self) -> None:
            """Close nothing: each request has its own connection."""

    session = Session()
    session.trust_env = False  # of proxies and of ~/.netrc
    session.adapters.clear()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Carrier())
    return session


def _tls(url: str) -> SSLContext:
    """Read the certificates that Vault's own command reads."""
    env = os.environ
    name = "VAULT_CACERT" if env.get("VAULT_CACERT") else "VAULT_CAPATH"
    tls = trusted_for(url, setting=name, bundle=env.get(name))
    own, key = env.get("VAULT_CLIENT_CERT"), env.get("VAULT_CLIENT_KEY")
    if own:
        try:
            tls.load_cert_chain(own, key, password="")  # else OpenSSL asks on the terminal
        except OSError:  # an error of TLS is one, too
            raise StoreProblem(
                "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY name no certificate and key",
                "Correct them, or unset both.",
            ) from None
    return tls


def _token_file() -> str:
    try:
        return (Path.home() / ".vault-token").read_text().strip()
    except (OSError, ValueError, RuntimeError):
        return ""
