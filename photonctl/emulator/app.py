"""The ASGI application: fault, route, transaction, log; in this order, for every request."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from photonctl.emulator import (
    account,
    console,
    control,
    dashboard,
    device,
    hooks,
    lines,
    people,
    profiles,
    spectrum,
)
from photonctl.emulator.answers import OLDER, Broken, Invalid, Refused
from photonctl.emulator.call import Call, Rules
from photonctl.emulator.deliver import Deliverer
from photonctl.emulator.faults import HANG, SLOW, SLOW_AFTER, Fault, Faults
from photonctl.emulator.guard import Guard, harden, read_body
from photonctl.emulator.opening import Limit
from photonctl.emulator.quirks import Quirks
from photonctl.emulator.request_log import RequestLog
from photonctl.emulator.route import Route
from photonctl.emulator.store import Store

_DEPRECATION = {
    "Deprecation": "@1798761600",
    "Sunset": "Fri, 01 Jan 2027 00:00:00 GMT",
    "Link": '<https://photon.codes/docs/migrate>; rel="deprecation"',
}
_NOT_DONE = ("drop-before", "hang-before")
_UNANSWERED = ("drop-before", "drop-after", *HANG)

if TYPE_CHECKING:
    from collections.abc import Callable

_PROXY_PAGE = "<!doctype html><title>Bad gateway</title><h1>502 Bad gateway</h1>"


class App:
    """The whole emulator behind one ASGI call."""

    def __init__(  # noqa: PLR0913  # its parts
        self,
        store: Store,
        rules: Rules,
        quirks: Quirks,
        *,
        limit: Limit,
        faults: Faults,
        log: RequestLog,
        deliverer: Deliverer,
        guard: Guard,
    ) -> None:
        self._guard = guard
        self._store = store
        self._rules = rules
        self._quirks = quirks
        self._limit = limit
        self._faults = faults
        self._log = log
        self._control = control.Control(store, faults, log, deliverer)
        offers_new = rules.generation != OLDER and "no-new-routes" not in rules.variants
        self._routes: list[Route] = [
            route
            for surface in (account, device, dashboard, profiles, people, spectrum, lines, hooks)
            for route in surface.ROUTES
            if offers_new or not route.is_new
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, if it is one for us."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        refusal = self._guard.refusal(request)
        content = None if refusal is not None else await read_body(request)
        if content is None:
            too_large = PlainTextResponse("the body is too large", 413)
            await harden(refusal or too_large)(scope, receive, send)
            return
        await self._serve(request, content, send)

    async def _serve(self, request: Request, content: bytes, send: Send) -> None:
        scope, receive = request.scope, request.receive
        # Not the URL's path: parsing a URL drops line breaks.
        path = request.scope["path"]
        own = await self._own(request, content)
        if own is not None:
            await harden(own)(scope, receive, send)
            return
        fault = self._faults.take(request.method, path)
        if fault is not None and fault.kind == SLOW:
            await asyncio.sleep(fault.value)
        answer = _instead(fault, request) if fault else None
        if answer is None and not (fault and fault.kind in _NOT_DONE):
            answer = self._answer(request, content)
        if answer is not None:
            harden(answer)
            if "deprecation-headers" in self._rules.variants:
                answer.headers.update(_DEPRECATION)
        is_dropped = fault is not None and fault.kind in _UNANSWERED
        status = 0 if is_dropped or answer is None else answer.status_code
        self._log.add(request.method, path, status, fault.kind if fault else None, content)
        if fault is not None and fault.kind == SLOW_AFTER:
            await asyncio.sleep(fault.value)
        if fault is not None and fault.kind in HANG:
            await _until_gone(receive)
        elif answer is None or is_dropped:
            await _drop(send)
        elif fault is not None and fault.kind == "truncated":
            await _truncate(answer, send)
        else:
            await answer(scope, receive, send)

    async def _own(self, request: Request, content: bytes) -> Response | None:
        """Answer for what isn't Photon's; None = it is."""
        if request.scope["path"].startswith(control.PREFIX):
            return await self._control.answer(request, content)
        if request.method != "GET":
            return None
        if request.scope["path"] == "/":
            with self._store.transaction() as db:
                return console.page(db, self._log.entries(console.LAST_REQUESTS))
        if request.scope["path"] == "/openapi/json":
            return JSONResponse(self._document)
        return None

    @cached_property
    def _document(self) -> dict[str, Any]:
        from photonctl.emulator.openapi import document

        return document(self._routes, self._rules.generation)

    def _answer(self, request: Request, content: bytes) -> Response:
        """Find the route in either slash form (contract 4.0)."""
        path = request.scope["path"]
        if path.endswith("/") and "slash-redirect" in self._rules.variants:
            return Response(status_code=308, headers={"Location": quote(path.rstrip("/"))})
        scope = {**request.scope, "path": path.rstrip("/") or "/"}
        allowed = []
        for route in self._routes:
            match, parameters = route.match(scope)
            if match is Match.FULL:
                return self._handle(route, parameters, request, content)
            if match is Match.PARTIAL:
                allowed.append(route.method)
        if allowed:
            headers = {"Allow": ", ".join(allowed)}
            return PlainTextResponse("METHOD_NOT_ALLOWED", 405, headers=headers)
        if "json-404" in self._rules.variants:
            return JSONResponse({"message": "Not Found"}, 404)
        return PlainTextResponse("NOT_FOUND", 404)

    def _handle(
        self, route: Route, parameters: dict[str, str], request: Request, content: bytes
    ) -> Response:
        """Run a route in one transaction."""
        rules = self._rules
        limited = parameters.get("project_id")  # one route names no project
        if route.is_spectrum and limited is not None and not self._limit.admits(limited):
            return spectrum.too_many(rules.variants)
        try:
            with self._store.transaction() as db:
                return route.handler(
                    Call(
                        db=db,
                        rules=rules,
                        quirks=self._quirks,
                        path=parameters,
                        query=request.query_params,
                        headers=request.headers,
                        content=content,
                        check=route.check if route.has_checked_body else None,
                    )
                )
        except Refused as refused:
            return refused.answer
        except (Broken, Invalid) as problem:
            if route.is_spectrum:
                return spectrum.explain(problem, rules.variants)
            return dashboard.explain(problem, rules.generation)


def _instead(fault: Fault, request: Request) -> Response | None:
    """Return what is answered while nothing is carried out; None = the request goes on."""
    failed = {"succeed": False, "message": "Something went wrong"}
    # The sign-in library has a header of its own (contract 2.4).
    path = request.scope["path"]
    is_auth = path.startswith("/api/auth/")
    wait = {"X-Retry-After" if is_auth else "Retry-After": "1"}
    answers: dict[str, Callable[[], Response]] = {
        "401": lambda: JSONResponse({"error": "invalid_token"}, 401),
        "429": lambda: JSONResponse(failed, 429),
        "429-retry-after": lambda: JSONResponse(failed, 429, headers=wait),
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
            status_code=307, headers={"Location": f"http://elsewhere.example{quote(path)}"}
        ),
    }
    make = answers.get(fault.kind)
    return None if make is None else make()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


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
