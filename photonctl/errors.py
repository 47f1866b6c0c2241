"""The error tree. Each class carries its exit code (interface §3); each error may carry a hint.

::

    PhotonctlError        1
    ├─ UsageError        64
    ├─ ManifestError      3   all diagnostics of a run
    ├─ AuthError          4   no valid credential
    │  ├─ NotLoggedIn         there is no token
    │  ├─ TokenRejected       an endpoint rejects the token
    │  ├─ NoProjectSecret     the account doesn't see a project's secret
    │  ├─ LoginDenied · LoginExpired
    │  └─ WrongApi            a ``pho_`` key
    ├─ RefusedError       5   a safety rule said no
    │  ├─ PlanRefused         limits, a stale plan file
    │  ├─ NotConfirmed        no answer, or no
    │  ├─ SinkNotWritable     a secret could not be kept
    │  ├─ AmbiguousProject    two live projects of one name
    │  └─ AmbiguousHosts      PHOTON_API_HOST
    ├─ ApiError           1   Photon's answer, or its absence
    │  ├─ Unreachable         no answer and nothing done
    │  │  └─ Blocked          by a proxy or a certificate: trying again won't help
    │  ├─ Ambiguous           no answer, and it may have been done
    │  ├─ Unauthorized    4   401, 403 on a credential
    │  ├─ Rejected            4xx, or a 200 that means failure
    │  │  ├─ NotFound · Conflict · NotOffered
    │  ├─ RateLimited         429
    │  ├─ ServerFailed        5xx
    │  └─ UnknownShape        an answer the tolerant reader doesn't know
    └─ SinkError          1   storing failed after a registration

No message holds a credential, a request body or a response body.
"""

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct

from photonctl.codes import Code

_MOST_SHOWN = 100
PLAN_AGAIN = "Make the plan again:\n  photonctl plan --out plan.json"
LOOK_AGAIN = "Plan again, and look at what it shows now:\n  photonctl plan"
"""The hint for a plan file that isn't applied."""


class PhotonctlError(Exception):
    """Something went wrong in a way photonctl can explain.

    Attributes:
        hint: what to do about it, or None. A command to run is alone on its line.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def whole(self) -> str:
        """The message and what to do about it, in one text."""
        return f"{self}. {self.hint}" if self.hint else str(self)


class UsageError(PhotonctlError):
    """The command line can't be understood."""

    exit_code = 64


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One problem in a manifest.

    Attributes:
        file: the name as the user wrote it.
        line, column: from 1; 0 when the problem is the file itself.
        message: what is wrong, and how to fix it.
        quotes: the part of the message that repeats the document, and may name a person.
        source: the offending line, or empty.
        is_warning: the manifest is valid all the same.
    """

    code: Code
    file: str
    line: int = 0
    column: int = 0
    message: str
    quotes: str = ""
    source: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        """Return ``photon.yaml:LINE:COLUMN: message`` (interface §1)."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}"


class ManifestError(PhotonctlError):
    """One or more manifests are invalid.

    Attributes:
        diagnostics: in the order of their places; the first 100, to be read by a person.
        warnings: what is doubtful beside them.
    """

    exit_code = 3

    def __init__(self, diagnostics: Sequence[Diagnostic], more: int = 0) -> None:
        """Take what is wrong; ``more``: how much else is, further on in the files."""
        found = sorted(set(diagnostics), key=lambda d: (d.file, d.line, d.column, d.message))
        self.diagnostics = tuple(found[:_MOST_SHOWN])
        self.warnings: tuple[Diagnostic, ...] = ()
        count = len(found) + more
        rest = f"; the first {_MOST_SHOWN} are shown" if count > _MOST_SHOWN else ""
        super().__init__(f"{count:,} error{'s' * (count != 1)} in the manifest{rest}")


class AuthError(PhotonctlError):
    """There is no credential that Photon accepts."""

    exit_code = 4


class NotLoggedIn(AuthError):
    """A dashboard token is needed, and there is none."""


class TokenRejected(AuthError):
    """get-session or the project list rejects the token (contract §2.5)."""


class NoProjectSecret(AuthError):
    """A live project shows no secret to this account.

    Attributes:
        project_id: the dashboard's id of it.
        name: its name.
    """

    def __init__(self, message: str, *, hint: str, project_id: str, name: str) -> None:
        super().__init__(message, hint=hint)
        self.project_id = project_id
        self.name = name


class LoginDenied(AuthError):
    """The person said no."""


class LoginExpired(AuthError):
    """Nobody approved in time."""


class WrongApi(AuthError):
    """A credential of Photon's separate v1 API (contract §9); nothing was sent."""


class RefusedError(PhotonctlError):
    """A safety rule said no; nothing was changed."""

    exit_code = 5


class PlanRefused(RefusedError):
    """The plan is above a limit, or was made from another live state."""


class NotConfirmed(RefusedError):
    """The question was answered no, or there was nobody to ask."""


class SinkNotWritable(RefusedError):
    """A one-time secret could not be kept, so it was not asked for."""


class AmbiguousProject(RefusedError):
    """Several live projects have the declared name (interface §1)."""


class AmbiguousHosts(RefusedError):
    """PHOTON_API_HOST is set, and two tools mean different hosts by it (contract §1.2)."""


class ApiError(PhotonctlError):
    """Photon answered with an error, or not at all."""


class Unreachable(ApiError):
    """No answer, and the request was certainly not carried out."""


class Blocked(Unreachable):
    """A proxy says no, or a certificate isn't trusted: it will be so the next time, too."""


class Ambiguous(ApiError):
    """No usable answer, and the request may have been carried out."""


class Unauthorized(ApiError):
    """The credential is not accepted (contract §5.2)."""

    exit_code = 4


class Rejected(ApiError):
    """Photon understood the request and refused it.

    Attributes:
        status: the HTTP status; 200 for the answers of contract §3.5.
        code: Photon's own word, or None. For display: nothing may branch on it (contract §8, 1).
    """

    def __init__(
        self, message: str, *, status: int, code: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class NotFound(Rejected):
    """404, or a dashboard 200 that says "not found"."""


class Conflict(Rejected):
    """409: state conflict, duplicate, or cap."""


class NotOffered(Rejected):
    """404 or 405 without an error envelope: this server lacks the route (contract §4.4)."""


class RateLimited(ApiError):
    """429, also after waiting."""


class ServerFailed(ApiError):
    """5xx, also after trying again."""


class UnknownShape(ApiError):
    """An answer in no shape of contract §7. Never counts as "nothing is live"."""


class SinkError(PhotonctlError):
    """A secret that exists could not be stored."""


class GivesNobodyError(SinkError):
    """A place gives nobody what it holds, or not with these rights, which says nothing of it."""
