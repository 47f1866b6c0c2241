"""A stand-in of GitLab's REST API: the CI/CD variables of a project.

From docs.gitlab.com/api/project_level_variables and docs.gitlab.com/ci/variables.
"""

import re
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from tests.stores.base import Answer, Refusal, Request, StandIn, json_object

MASKABLE = r"[a-zA-Z0-9_+=/@:.~-]{8,}"
MASKABLE_RAW = r"\S{8,}"  # nothing is expanded in a raw value, so any character can be masked
SCOPE = r"[a-zA-Z0-9_/${}. *-]+"
SCOPE_RULE = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', '*' and spaces"
MANY = (
    "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"
)
FLAGS = {"true": True, "t": True, "1": True, "on": True} | dict.fromkeys(
    ("false", "f", "0", "off"), False
)


@dataclass(frozen=True)
class Variable:
    """A variable with its value, which GitLab shows unless it is hidden."""

    key: str
    value: str
    variable_type: str = "env_var"
    protected: bool = False
    masked: bool = False
    hidden: bool = False
    raw: bool = False
    environment_scope: str = "*"
    description: str | None = None

    def shown(self) -> dict[str, Any]:
        """Give what GitLab answers with."""
        return {**asdict(self), "value": None if self.hidden else self.value}


@dataclass
class Project:
    """A project by its number and its path; its variables in the order of their creation."""

    number: int
    path: str
    variables: list[Variable] = field(default_factory=list)


class GitlabStandIn(StandIn):
    """GitLab, as a personal or project access token sees it.

    ``scopes`` are the token's ("api", or "read_api" for reading); ``role`` is its owner's in each
    project, where variables need "maintainer". Numbers in ``hidden`` answer as if the token had
    no access to the project.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token = f"glpat-{secrets.token_urlsafe(15)}"
        self.scopes: set[str] = {"api"}
        self.role = "maintainer"
        self.hidden: set[int] = set()
        self._projects: dict[int, Project] = {}

    def add_project(self, path: str, number: int | None = None) -> int:
        """Add a project by its path, such as "group/project"; gives its number."""
        with self.lock:
            number = number or 101 + len(self._projects)
            self._projects[number] = Project(number, path)
            return number

    def variable(
        self, project: str | int, key: str, environment_scope: str = "*"
    ) -> dict[str, Any] | None:
        """Give all of a variable, its value too where it is hidden, or None."""
        with self.lock:
            for row in self._project(str(project)).variables:
                if (row.key, row.environment_scope) == (key, environment_scope):
                    return asdict(row)
            return None

    def set_variable(self, project: str | int, key: str, value: str, **attributes: Any) -> None:
        """Set a variable as somebody else would, without a request."""
        new = Variable(key, value, **attributes)
        with self.lock:
            rows = self._project(str(project)).variables
            rows[:] = [row for row in rows if not _same(row, new)] + [new]

    def _project(self, name: str) -> Project:
        for project in self._projects.values():
            if project.number in self.hidden:
                continue
            if name == str(project.number) or name.lower() == project.path.lower():
                return project
        raise _message(404, "404 Project Not Found")

    # The requests.

    def answer(self, request: Request) -> Answer:
        match request.segments:
            case ["api", "v4", "projects", name, *rest]:
                self._authenticate(request)
                return self._in_project(request, self._project(name), rest)
        raise Refusal(404, {"error": "404 Not Found"})

    def _authenticate(self, request: Request) -> None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = request.headers.get("private-token") or (scheme.lower() == "bearer" and bearer)
        if token != self.token:
            raise _message(401, "401 Unauthorized")
        enough = ["api", "read_api"] if request.method in ("GET", "HEAD") else ["api"]
        if not self.scopes.intersection(enough):
            told = "The request requires higher privileges than provided by the access token."
            error = {"error": "insufficient_scope", "error_description": told}
            raise Refusal(403, {**error, "scope": " ".join(enough)})

    def _in_project(self, request: Request, project: Project, rest: list[str]) -> Answer:
        if not rest and request.method == "GET":
            named = {"id": project.number, "path_with_namespace": project.path}
            return Answer(200, {**named, "name": project.path.rpartition("/")[2]})
        if rest[:1] != ["variables"]:
            raise Refusal(404, {"error": "404 Not Found"})
        if self.role not in ("maintainer", "owner"):
            raise _message(403, "403 Forbidden")
        params = _params(request)
        match request.method, rest[1:]:
            case "GET", []:
                return _listed(request, project.variables)
            case "POST", []:
                return _create(project.variables, params)
            case ("GET" | "PUT" | "DELETE") as method, [key]:
                return _one(method, project.variables, key, params)
        raise Refusal(405, {"error": "405 Not Allowed"})


def _one(method: str, rows: list[Variable], key: str, params: dict[str, Any]) -> Answer:
    found = _found(rows, key, params)
    if method == "GET":
        return Answer(200, found.shown())
    if method == "DELETE":
        rows.remove(found)
        return Answer(204)
    new = replace(found, **_attributes(params))
    others = [row for row in rows if row is not found]
    problems = _problems(new, others)
    if found.hidden and not new.masked:
        rule = "The visibility setting cannot be changed for masked and hidden variables."
        problems["base"] = [rule]
    if problems:
        raise Refusal(400, {"message": problems})
    rows[rows.index(found)] = new
    return Answer(200, new.shown())


def _create(rows: list[Variable], params: dict[str, Any]) -> Answer:
    missing = [name for name in ("key", "value") if params.get(name) is None]
    if missing:
        raise Refusal(400, {"error": ", ".join(f"{name} is missing" for name in missing)})
    new = Variable(str(params["key"]).strip(), str(params["value"]))
    new = replace(new, **_attributes(params))
    if _flag(params, "masked_and_hidden"):
        new = replace(new, masked=True, hidden=True)
    problems = _problems(new, rows)
    if problems:
        raise Refusal(400, {"message": problems})
    rows.append(new)
    return Answer(201, new.shown())


def _found(rows: list[Variable], key: str, params: dict[str, Any]) -> Variable:
    nested = params.get("filter")
    scope = nested.get("environment_scope") if isinstance(nested, dict) else None
    scope = params.get("filter[environment_scope]", scope)
    found = [row for row in rows if row.key == key and scope in (None, row.environment_scope)]
    if not found:
        raise _message(404, "404 Variable Not Found")
    if len(found) > 1:
        raise _message(409, MANY)
    return found[0]


def _params(request: Request) -> dict[str, Any]:
    """Join the query and the body, which may be JSON or a form."""
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        body: dict[str, Any] = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    else:
        body = json_object(request, Refusal(400, {"error": "The request body is not valid JSON"}))
    return {**request.query, **body}


def _attributes(params: dict[str, Any]) -> dict[str, Any]:
    """Give what the parameters say of a variable; others are ignored, as GitLab does."""
    found: dict[str, Any] = {}
    for name in ("protected", "masked", "raw"):
        flag = _flag(params, name)
        if flag is not None:
            found[name] = flag
    for name in ("value", "environment_scope", "description"):
        if params.get(name) is not None:
            found[name] = str(params[name])
    kind = params.get("variable_type")
    if kind not in (None, "env_var", "file"):
        raise Refusal(400, {"error": "variable_type does not have a valid value"})
    return {**found, "variable_type": kind} if kind else found


def _flag(params: dict[str, Any], name: str) -> bool | None:
    value = params.get(name)
    if value is None or value == "":
        return None
    flag = FLAGS.get(str(value).lower())
    if flag is None:
        raise Refusal(400, {"error": f"{name} is invalid"})
    return flag


def _problems(new: Variable, others: list[Variable]) -> dict[str, list[str]]:
    """Say what GitLab has against a variable, by attribute."""
    problems: dict[str, list[str]] = {}

    def refuse(name: str, rule: str, *, unless: object) -> None:
        if not unless:
            problems.setdefault(name, []).append(rule)

    refuse("key", f"({new.key}) has already been taken", unless=not _taken(new, others))
    refuse("key", "can't be blank", unless=new.key)
    letters = re.fullmatch("[a-zA-Z0-9_]+", new.key)
    refuse("key", "can contain only letters, digits and '_'.", unless=letters)
    for name, most in (("key", 255), ("value", 10_000), ("description", 255)):
        short = len(getattr(new, name) or "") <= most
        refuse(name, f"is too long (maximum is {most} characters)", unless=short)
    pattern = MASKABLE_RAW if new.raw else MASKABLE
    maskable = not new.masked or re.fullmatch(pattern, new.value, re.ASCII)
    refuse("value", "is invalid", unless=maskable)
    refuse("environment_scope", SCOPE_RULE, unless=re.fullmatch(SCOPE, new.environment_scope))
    return problems


def _taken(new: Variable, others: list[Variable]) -> bool:
    return any(_same(row, new) for row in others)


def _same(one: Variable, other: Variable) -> bool:
    return (one.key, one.environment_scope) == (other.key, other.environment_scope)


def _listed(request: Request, rows: list[Variable]) -> Answer:
    size, page = min(request.number("per_page", 20), 100), request.number("page", 1)
    pages = -(-len(rows) // size) or 1
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(page + 1) if page < pages else "",
        "X-Prev-Page": str(page - 1) if page > 1 else "",
        "X-Total": str(len(rows)),
        "X-Total-Pages": str(pages),
    }
    if page < pages:
        path, host = request.target.partition("?")[0], request.headers.get("host", "")
        headers["Link"] = f'<http://{host}{path}?page={page + 1}&per_page={size}>; rel="next"'
    return Answer(200, [row.shown() for row in rows[(page - 1) * size : page * size]], headers)


def _message(status: int, text: str) -> Refusal:
    return Refusal(status, {"message": text})
