"""The ASGI application: fault, route, transaction, log; in this order, for every request."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from photonctl.emulator import dashboard, device, hooks, people, spectrum
from photonctl.emulator.answers import Broken, Refused
from photonctl.emulator.call import Call, Rules
from photonctl.emulator.faults import SLOW, SLOW_AFTER, BadFault, Fault, Faults
from photonctl.emulator.quirks import Quirks
from photonctl.emulator.request_log import RequestLog
from photonctl.emulator.store import Store

_CONTROL = "/__emulator__/"
_LIFETIME_S = 24 * 60 * 60
_PROXY_PAGE = "<!doctype html><title>Bad gateway</title><h1>502 Bad gateway</h1>"


async def _unused(_: Request) -> Response:
    """Stand in for an endpoint: routes are only used to match."""
    return Response()


class App:
    """The whole emulator behind one ASGI call."""

    def __init__(  # noqa: PLR0913  # its parts
        self,
        store: Store,
        rules: Rules,
        quirks: Quirks,
        *,
        limit: spectrum.Limit,
        faults: Faults,
        log: RequestLog,
    ) -> None:
        self._store = store
        self._rules = rules
        self._quirks = quirks
        self._limit = limit
        self._faults = faults
        self._log = log
        self._routes: list[tuple[Route, Callable[[Call], Response]]] = [
            (Route(path, endpoint=_unused, methods=[method]), handler)
            for method, path, handler in (
                *device.ROUTES,
                *dashboard.ROUTES,
                *people.ROUTES,
                *spectrum.ROUTES,
                *hooks.ROUTES,
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        content = await request.body()
        path = request.url.path
        if path.startswith(_CONTROL):
            await self._control(request, content)(scope, receive, send)
            return
        fault = self._faults.take(request.method, path)
        if fault is not None and fault.kind == SLOW:
            await asyncio.sleep(fault.value)
        answer = _instead(fault, request) if fault else None
        if answer is None and not (fault and fault.kind == "drop-before"):
            answer = self._answer(request, content)
        is_dropped = fault is not None and fault.kind in ("drop-before", "drop-after")
        status = 0 if is_dropped or answer is None else answer.status_code
        self._log.add(request.method, path, status, fault.kind if fault else None, content)
        if fault is not None and fault.kind == SLOW_AFTER:
            await asyncio.sleep(fault.value)
        if answer is None or is_dropped:
            await _drop(send)
        elif fault is not None and fault.kind == "truncated":
            await _truncate(answer, send)
        else:
            await answer(scope, receive, send)

    def _answer(self, request: Request, content: bytes) -> Response:
        """Find the route in either slash form (contract 4.0) and run it in one transaction."""
        scope = {**request.scope, "path": request.url.path.rstrip("/") or "/"}
        is_known_path = False
        for route, handler in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                return self._handle(handler, found["path_params"], request, content)
            is_known_path |= match is Match.PARTIAL
        return PlainTextResponse("NOT_FOUND", 405 if is_known_path else 404)

    def _handle(
        self,
        handler: Callable[[Call], Response],
        params: dict[str, str],
        request: Request,
        content: bytes,
    ) -> Response:
        try:
            if request.url.path.startswith("/projects/") and not self._limit.admits(
                params["project_id"]
            ):
                raise spectrum.too_many()
            with self._store.transaction() as db:
                return handler(
                    Call(
                        db=db,
                        rules=self._rules,
                        quirks=self._quirks,
                        path=params,
                        query=request.query_params,
                        headers=request.headers,
                        content=content,
                    )
                )
        except Refused as refused:
            return refused.answer
        except Broken as broken:
            if request.url.path.startswith("/projects/"):
                return spectrum.explain(broken)
            return dashboard.explain(broken, self._rules)

    def _control(self, request: Request, content: bytes) -> Response:
        """Serve ``/__emulator__/``: faults, the log, and tokens that the project API rejects."""
        done: dict[str, Any] = {"success": True}
        match (request.method, request.url.path.rstrip("/")):
            case ("POST", "/__emulator__/faults"):
                try:
                    self._faults.add(json.loads(content)["faults"])
                except (BadFault, ValueError, KeyError, TypeError) as error:
                    return JSONResponse({"error": str(error)}, 422)
            case ("DELETE", "/__emulator__/faults"):
                self._faults.clear()
            case ("POST", "/__emulator__/tokens"):
                with self._store.transaction() as db:
                    token = device.issue(db, lifetime_s=_LIFETIME_S, opens_projects=False)
                done = {"token": token}
            case ("GET", "/__emulator__/log"):
                return JSONResponse(self._log.entries())
            case ("DELETE", "/__emulator__/log"):
                self._log.clear()
            case _:
                return PlainTextResponse("NOT_FOUND", 404)
        return JSONResponse(done)


def _instead(fault: Fault, request: Request) -> Response | None:
    """Return what is answered while nothing is carried out; None = the request goes on."""
    failed = {"succeed": False, "message": "Something went wrong"}
    answers: dict[str, Callable[[], Response]] = {
        "429": lambda: JSONResponse(failed, 429),
        "429-retry-after": lambda: JSONResponse(failed, 429, headers={"Retry-After": "1"}),
        "500": lambda: JSONResponse(failed, 500),
        "502": lambda: JSONResponse(failed, 502),
        "503": lambda: JSONResponse(failed, 503),
        "html": lambda: HTMLResponse(_PROXY_PAGE, 502),
        "html-200": lambda: HTMLResponse(_PROXY_PAGE),
        "not-json": lambda: PlainTextResponse("everything is fine"),
        "error-200": lambda: JSONResponse({"error": "Something went wrong"}),
        "succeed-false": lambda: JSONResponse(failed),
        "null": lambda: JSONResponse(None),
        "unknown-list": lambda: JSONResponse({"succeed": True, "data": {"rows": []}}),
        "redirect": lambda: Response(
            status_code=307, headers={"Location": f"http://elsewhere.example{request.url.path}"}
        ),
    }
    make = answers.get(fault.kind)
    return None if make is None else make()


async def _drop(send: Send) -> None:
    """Close the connection without a word.

    ASGI has no way to say this, so it is said to uvicorn's own connection; waiting for the end
    keeps uvicorn from answering 500 by itself.
    """
    cycle: Any = getattr(send, "__self__", None)
    cycle.transport.abort()
    await _disconnected(cycle)


async def _truncate(answer: Response, send: Send) -> None:
    """Promise the whole body, send half of it, and close."""
    await send(
        {"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
    )
    body = bytes(answer.body)
    half = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
    await send(half)
    cycle: Any = getattr(send, "__self__", None)
    cycle.transport.close()
    await _disconnected(cycle)


async def _disconnected(cycle: Any) -> None:
    while not cycle.disconnected:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0)
