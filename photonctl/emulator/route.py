"""A route as a value: what is matched, what is checked, and what the OpenAPI document says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as Path
from starlette.types import Scope

from photonctl.emulator.answers import Invalid
from photonctl.emulator.call import Call
from photonctl.emulator.schemas import Json


async def _unused(_: Request) -> Response:
    """Stand in for an endpoint: paths are only used to match."""
    return Response()


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        path: without its last slash; ``{name}`` in braces.
        answer: the schema of a success's body; on Spectrum, of its ``data``. None = a page for
            people, which the document leaves out.
        body: the schema of the request's body; None = any or none.
        query: the schema of each parameter.
        is_open: it takes no credential.
        is_new: it isn't offered before the newer generation, nor under ``no-new-routes``.
        is_lax: ``body`` is the document's only; the handler has failures of its own.
    """

    method: str
    path: str
    handler: Callable[[Call], Response]
    answer: Json | None = None
    body: Json | None = None
    query: Mapping[str, Json] = field(default_factory=dict)
    is_open: bool = False
    is_new: bool = False
    is_lax: bool = False

    @property
    def is_spectrum(self) -> bool:
        """Is it one of Spectrum's? The others are the dashboard's."""
        return self.path.startswith(("/projects/", "/users/"))

    def match(self, scope: Scope) -> tuple[Match, dict[str, str]]:
        """Compare with a request: how well it fits, and the path's parameters."""
        match, found = self._path.matches(scope)
        return match, found.get("path_params", {})

    @property
    def has_checked_body(self) -> bool:
        """Must a request's body fit the schema?"""
        return self.body is not None and not self.is_lax

    def check(self, body: Any) -> None:
        """Hold a body against the schema, if there is one.

        Raises:
            Invalid: it doesn't fit; names the field.
        """
        if not self.has_checked_body:
            return
        problem = next(self._validator.iter_errors(body), None)
        if problem is None:
            return
        if problem.validator == "required":
            name = next(name for name in problem.validator_value if name not in problem.instance)
            raise Invalid(name, "there")
        name = str(next(iter(problem.absolute_path), ""))
        raise Invalid(name, f"valid under {problem.validator}: {problem.validator_value}")

    @cached_property
    def _path(self) -> Path:
        return Path(self.path, endpoint=_unused, methods=[self.method])

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator

        return Draft202012Validator(self.body or {})
