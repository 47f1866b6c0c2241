"""A cluster in memory: kmock, with what it lacks of dry runs, versions and failures."""

import asyncio
import json
import threading
from contextlib import contextmanager

import aiohttp.web
import kmock
from kmock import action

TOKEN = "kube-token-0123456789"
SECRETS = "v1/secrets"


_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict"}


class Cluster(kmock.KubernetesEmulator):
    """Counts versions and compares them; a dry run changes nothing.

    ``faults``: of the next requests with these methods: a status, or 0 for no answer; with
    ``after``, what was asked for is done before.
    """

    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self.version = 0
        self.seen = []
        self.faults = []
        self.resources[SECRETS] = kmock.ResourceInfo(
            kind="Secret", singular="secret", namespaced=True
        )

    def fault(self, method, status, *, after=False):
        self.faults.append((method, status, after))

    def found(self, namespace, name):
        keys = (key for key in self.objects if tuple(key)[1:] == (namespace, name))
        found = next((self.objects[key] for key in keys), None)
        return None if found is None or found.deleted else found.raw

    def clear(self):
        self._objects = type(self._objects)()

    def count(self):
        return len(self.seen)

    async def _handle(self, request):  # noqa: PLR0911
        if str(request.url.path).startswith("/version"):
            return aiohttp.web.json_response({"gitVersion": "v1.33.0", "major": "1", "minor": "33"})
        self.seen.append((request.method.value, str(request.url.path)))
        wanted = next((f for f in self.faults if f[0] == request.method.value), None)
        if wanted is not None:
            self.faults.remove(wanted)
            _, status, after = wanted
            if after:
                await self._handle(request)
            return self._failed(status)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._failed(401)
        if request.params.get("dryRun"):
            about = {"name": request.name or (request.data or {})["metadata"]["name"]}
            return aiohttp.web.json_response(
                {"metadata": {**about, "namespace": str(request.namespace)}}
            )
        if request.action in (action.CREATE, action.UPDATE):
            found = self.found(request.namespace, request.name) if request.name else None
            metadata = request.data.setdefault("metadata", {})
            given = metadata.get("resourceVersion")
            if found is not None and given not in (None, found["metadata"]["resourceVersion"]):
                return self._failed(409)
            self.version += 1
            metadata["resourceVersion"] = str(self.version)
        try:
            return await super()._handle(request)
        except kmock.KubernetesNotFoundError:
            return self._failed(404)

    def _failed(self, status):
        if status == 0:
            raise ConnectionResetError
        body = {
            "kind": "Status", "metadata": {}, "status": "Failure", "code": status,
            "reason": _REASONS.get(status, "Unknown"), "message": "what may hold anything",
        }  # fmt: skip
        return aiohttp.web.json_response(body, status=status)


def kubeconfig(url):
    """Return what kubectl would read to reach a cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
    }


@contextmanager
def running_cluster(folder):
    """Run a cluster in a thread; yields it and the path of a kubeconfig."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = {}

    def run(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    async def start():
        made["cluster"] = Cluster()
        made["server"] = kmock.Server(made["cluster"])
        await made["server"].__aenter__()

    run(start())
    path = folder / "kubeconfig"
    path.write_text(json.dumps(kubeconfig(str(made["server"].url).rstrip("/"))))
    try:
        yield made["cluster"], path
    finally:
        run(made["server"].__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
