"""The emulator's own endpoints, below ``/__emulator__/``: apart from Photon's API."""

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from photonctl.emulator import device
from photonctl.emulator.deliver import BadOrder, Deliverer, Order
from photonctl.emulator.faults import BadFault, Faults
from photonctl.emulator.request_log import RequestLog
from photonctl.emulator.store import Store

PREFIX = "/__emulator__/"
_LIFETIME_S = 24 * 60 * 60


class Control:
    """Faults, the log, deliveries, and tokens that the project API rejects."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, deliverer: Deliverer) -> None:
        self._store = store
        self._faults = faults
        self._log = log
        self._deliverer = deliverer

    async def answer(self, request: Request, content: bytes) -> Response:
        """Serve one request."""
        match (request.method, request.scope["path"].rstrip("/").removeprefix(PREFIX)):
            case ("POST", "faults"):
                return self._add_faults(content)
            case ("DELETE", "faults"):
                self._faults.clear()
            case ("POST", "tokens"):
                with self._store.transaction() as db:
                    token = device.issue(db, lifetime_s=_LIFETIME_S, opens_projects=False)
                return JSONResponse({"token": token})
            case ("POST", "deliver"):
                return await self._deliver(content)
            case ("GET", "log"):
                return JSONResponse(self._log.entries())
            case ("DELETE", "log"):
                self._log.clear()
            case _:
                return PlainTextResponse("NOT_FOUND", 404)
        return JSONResponse({"success": True})

    def _add_faults(self, content: bytes) -> Response:
        try:
            self._faults.add(json.loads(content)["faults"])
        except (BadFault, ValueError, KeyError, TypeError, RecursionError) as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"success": True})

    async def _deliver(self, content: bytes) -> Response:
        try:
            done = await self._deliverer.deliver(Order.read(content))
        except BadOrder as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"deliveries": done})
