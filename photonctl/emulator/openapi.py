"""The emulator's own OpenAPI document, made from its routes: what isn't a route isn't promised."""

import re
from collections.abc import Iterable
from typing import Any

from photonctl.emulator.route import Route
from photonctl.emulator.schemas import Json, components, either, enveloped, ref

_DEVICE = "/api/auth/device"
_SPECTRUM_FAILURES = (401, 403, 404, 409, 422, 429)
_DASHBOARD_FAILURES = (400, 401, 403, 404, 409, 422)


def document(routes: Iterable[Route], generation: str) -> Json:
    """Describe the routes of one API generation (OpenAPI 3.1)."""
    paths: dict[str, Json] = {}
    for route in routes:
        if route.answer is not None:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, route.answer)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Local Photon",
            "version": generation,
            "description": "Written from what is known of Photon's API; not Photon's own document.",
        },
        "paths": paths,
        "components": {
            "schemas": components(generation),
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer"},
                "project": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _operation(route: Route, answer: Json) -> Json:
    handler = route.handler
    described: dict[str, Any] = {
        "operationId": f"{handler.__module__.rpartition('.')[2]}.{handler.__name__}"
        f".{route.method.lower()}.{re.sub(r'[^a-z]+', '-', route.path)}",
        "summary": (handler.__doc__ or "").partition("\n")[0],
        "tags": ["Spectrum" if route.is_spectrum else "Dashboard"],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            "200": _json("Done, or the reason why not", _success(route, answer)),
            **_failures(route),
        },
    }
    if route.body is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": route.body}}}
    if not route.is_open:
        described["security"] = [{"project" if route.is_spectrum else "session": []}]
    return described


def _path_parameters(route: Route) -> list[Json]:
    schema: Json = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[Json]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]


def _success(route: Route, answer: Json) -> Json:
    return enveloped(answer) if route.is_spectrum else answer


def _failures(route: Route) -> Json:
    if route.is_spectrum:
        failure = either(ref("Failure"), ref("Validation"))
        return {str(status): _json("Refused", failure) for status in _SPECTRUM_FAILURES}
    if route.path.startswith(_DEVICE):
        return {
            "400": _json("Refused (RFC 8628)", ref("OAuthFailure")),
            "401": _json("Not signed in", ref("Said")),
        }
    failure = either(ref("Said"), ref("Coded"), ref("Failure"), ref("Validation"))
    return {str(status): _json("Refused", failure) for status in _DASHBOARD_FAILURES}


def _json(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
