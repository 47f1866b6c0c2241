"""Finds a cluster as kubectl does, and asks it within photonctl's own bounds.

kr8s reads kubeconfigs and service accounts, and runs plug-ins. Its own requests have no bound, and
each of its clients asks for the cluster's version first, so photonctl's network sends them.
"""

import asyncio
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from photonctl.deadline import check
from photonctl.sinks.service import StoreProblem, json_object, not_installed, not_understood
from photonctl.sinks.wire import carry, trusted_for

_TIMEOUT_S = 20.0
ADDRESS = "Check KUBECONFIG and the current context (kubectl cluster-info)."
_OF_FILES = {  # what kr8s writes to a temporary file, the attribute that names it, and whose it is
    "client-key-data": ("client_key_file", "_user"),
    "client-certificate-data": ("client_cert_file", "_user"),
    "certificate-authority-data": ("server_ca_file", "_cluster"),
}


class _Cluster(Struct, frozen=True):
    server: str
    token: str
    tls: ssl.SSLContext
    name: str | None
    """What its certificate is for, where that isn't the server's host."""
    proxy: str | None


class _Request(Struct):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


def ask(method: str, path: str, body: Any, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Make one request to the cluster that kubectl would ask, and return status and answer.

    Raises:
        StoreProblem: that can't be done, or the answer is none of Kubernetes.
    """
    check()
    cluster = _found()
    kind = "merge-patch+json" if method == "PATCH" else "json"
    given = {"Content-Type": f"application/{kind}"}
    if cluster.token:
        given["Authorization"] = f"Bearer {cluster.token}"
    url = str(httpx.URL(f"{cluster.server.rstrip('/')}{path}", params=query))
    data = None if body is None else json.dumps(body).encode()
    named = {"sni_hostname": cluster.name} if cluster.name else {}
    env = {"HTTPS_PROXY": cluster.proxy} if cluster.proxy else os.environ
    request = _Request(method, url, given, data)
    answer = carry("the cluster", request, cluster.tls, ADDRESS, extensions=named, env=env)
    found = json_object(answer.data, ADDRESS)
    if found is None or not isinstance(found.get("metadata"), dict):
        raise not_understood("Kubernetes")
    return answer.status, found


def _found() -> _Cluster:
    try:
        import kr8s  # noqa: F401  # is it there at all?
        from kr8s._auth import KubeAuth
    except ImportError:
        raise not_installed("kr8s", "kubernetes") from None
    auth = KubeAuth()
    try:
        return asyncio.run(_signed_in(auth))
    except StoreProblem:
        raise
    except Exception as error:  # noqa: BLE001  # of reading a kubeconfig, of what it runs
        why = f"the cluster can't be asked ({type(error).__name__})"
        raise StoreProblem(why, ADDRESS, passes=isinstance(error, TimeoutError)) from None
    finally:
        _remove_copies(auth)


async def _signed_in(auth: Any) -> _Cluster:
    async with asyncio.timeout(_TIMEOUT_S):  # for the plug-in that it may run
        await auth
        tls = await auth.ssl_context()
    if not isinstance(tls, ssl.SSLContext):  # the kubeconfig names no certificate
        is_checked, tls = tls, trusted_for(auth.server)
        if not is_checked:  # insecure-skip-tls-verify
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    proxy = getattr(auth, "_cluster", {}).get("proxy-url")  # older versions have no name for it
    if proxy and not auth.server.lower().startswith("https:"):
        raise StoreProblem("its proxy-url is for a server that isn't reached by https", ADDRESS)
    return _Cluster(auth.server, auth.token or "", tls, auth.tls_server_name, proxy)


def _remove_copies(auth: Any) -> None:
    """Remove the copies of a key and of certificates that kr8s makes and leaves.

    Where making one has failed, the attribute still names the user's own file.
    """
    for field, (attribute, owner) in _OF_FILES.items():
        said, path = getattr(auth, owner, {}), getattr(auth, attribute)
        own = said.get(field.removesuffix("-data"), "")
        if field in said and path and Path(path).name != Path(own).name:
            Path(path).unlink(missing_ok=True)
