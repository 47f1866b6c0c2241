"""What Photon can do for an account and for one project, whichever of its APIs is spoken.

Everything outside ``api/`` is written against these types. ``api/`` implements them for the API of
today (docs/photon-api.md); another API is another implementation.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from photonctl.model.plan import Place
from photonctl.model.secret import Secret
from photonctl.model.spec import JsonValue, OneTimeSecrets
from photonctl.port.rows import (
    CreatedProject,
    ProfileRow,
    ProjectRow,
    SessionUser,
    UserRow,
    WebhookRow,
)

__all__ = [
    "AccountPort",
    "Capabilities",
    "CreatedProject",
    "ProfileRow",
    "ProjectPort",
    "ProjectRow",
    "SessionUser",
    "UserRow",
    "WebhookRow",
]


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a backend offers.

    Attributes:
        deletes_users: a user can be deleted.
        rotates_secrets: a webhook's secret can be replaced without registering it again.
        shared_user_caps: tier → how many shared users it allows (contract §4.3).
    """

    deletes_users: bool = True
    rotates_secrets: bool = True
    shared_user_caps: Mapping[str, int]


class ProjectPort(Protocol):
    """One live project. Every method raises ``ApiError``.

    Attributes:
        row: what the account's list says of it, with its secret where that is known.
        project_id: the id that opens the project; journal and stored credentials use it.
    """

    row: ProjectRow
    project_id: str

    async def prove(self) -> None:
        """Make sure that Photon accepts the credentials in ``row``, before they are stored.

        Raises:
            Unauthorized: it doesn't.
        """
        ...

    async def users(self) -> tuple[UserRow, ...]:
        """List every active user, in no order.

        Raises:
            UnknownShape: the list isn't whole. Never taken for "no users".
        """
        ...

    async def put_user(self, fields: Mapping[str, JsonValue]) -> UserRow:
        """Create a user, or update the one with this key."""
        ...

    async def delete_user(self, user_id: str) -> bool:
        """Delete a user; False = it was gone already."""
        ...

    async def webhooks(self) -> tuple[WebhookRow, ...]:
        """List every active webhook; never holds a secret."""
        ...

    async def register_webhook(
        self, fields: Mapping[str, JsonValue]
    ) -> tuple[WebhookRow, OneTimeSecrets]:
        """Register a URL. The secrets are in this answer and nowhere else.

        Raises:
            Conflict: the same URL is active.
            Ambiguous: the answer was lost; the URL may be registered with a secret nobody knows.
        """
        ...

    async def update_webhook(self, webhook_id: str, fields: Mapping[str, JsonValue]) -> WebhookRow:
        """Change fields in place.

        Raises:
            NotOffered: the server can't.
        """
        ...

    async def delete_webhook(self, webhook_id: str) -> bool:
        """Delete a webhook; False = it was gone already."""
        ...

    async def rotate_secret(
        self, webhook_id: str, overlap_s: int | None = None
    ) -> tuple[OneTimeSecrets, datetime | None]:
        """Rotate the standard secret; the legacy one stays as it is.

        Args:
            webhook_id: whose.
            overlap_s: for how many seconds the old one stays valid; None = the server's default.

        Returns:
            The secret, and until when the old one is valid; None = it isn't any more.
        """
        ...

    async def platforms(self) -> frozenset[str]:
        """Read the enabled platforms."""
        ...

    async def set_platform(self, platform: str, *, enabled: bool) -> None:
        """Enable or disable one platform. Idempotent."""
        ...

    async def profile(self) -> ProfileRow:
        """Read the profile."""
        ...

    async def set_profile(self, names: Mapping[str, JsonValue]) -> None:
        """Change the given names; others stay."""
        ...

    async def session(self) -> SessionUser | None:
        """Ask who is signed in, and whether they own this project; None = it can't be known."""
        ...


class AccountPort(Protocol):
    """The projects that a run's credentials open. Every method raises ``ApiError``."""

    @property
    def capabilities(self) -> Capabilities:
        """What this backend offers."""
        ...

    @property
    def host(self) -> str:
        """The host that the projects are on; one name for the embedded emulator's every port."""
        ...

    @property
    def parallelism(self) -> int:
        """How many actions of one project may be begun at the same time."""
        ...

    @property
    def rate(self) -> int:
        """How many requests per second and project; 0 = no limit."""
        ...

    def place(self, user: SessionUser | None) -> Place:
        """Return where a plan of this run belongs; ``user``: who is signed in, if that is known."""
        ...

    def opens_by_pair(self, project_id: str | None, *, is_only: bool) -> bool:
        """Do the environment's own credentials open this project, so that no token is needed?"""
        ...

    async def check_token(self) -> SessionUser:
        """Make sure that there is a valid token, and return whose it is.

        Raises:
            AuthError: there is none.
        """
        ...

    async def session(self) -> SessionUser | None:
        """Ask who is signed in; None = nobody, or it can't be known."""
        ...

    async def projects(self) -> tuple[ProjectRow, ...]:
        """List the account's projects; one request, however many ask."""
        ...

    async def matching(self, wanted: str | None) -> list[ProjectRow]:
        """List the projects of this name or id; None = every project.

        Raises:
            RefusedError: there is none.
        """
        ...

    async def lock_id(self, name: str, project_id: str | None, *, is_only: bool) -> str | None:
        """Return the one id by which whatever opens a live project knows it; None = none is live.

        Of the project that ``find`` would find. It is Spectrum's id, if there is one: who has only
        a project's pair knows no other.
        """
        ...

    async def look_alikes(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return name and id of the live projects that one might take for this new one."""
        ...

    def forget_projects(self) -> None:
        """Let the next ``projects`` and ``find`` ask the server again."""
        ...

    async def find(
        self, name: str, project_id: str | None, *, is_only: bool = False, may_be_gone: bool = False
    ) -> ProjectPort | None:
        """Find the live project by its id, else by its name; None = there is none.

        Args:
            name: compared in Unicode's normal form C.
            project_id: pins it, whatever its name.
            is_only: it is the run's only project, so the environment's credentials may be its own.
            may_be_gone: a pinned id that isn't live is no error.

        Raises:
            AmbiguousProject: several live projects have this name.
            RefusedError: the pinned id is unknown, or the environment's pair opens another one.
            NoProjectSecret: it is live, and the account doesn't see its secret.
            AuthError: its credentials can't be had.
        """
        ...

    async def create_project(
        self, name: str, *, location: str | None, platforms: Sequence[str] | None
    ) -> CreatedProject:
        """Create a project. Not idempotent: a repeat makes another of the same name."""
        ...

    async def open_created(self, created: CreatedProject, name: str) -> ProjectPort:
        """Get the credentials of a project that this run has just created.

        Raises:
            UnknownShape: the project of this id has another name, so it is another one.
        """
        ...

    async def complete(self, project_id: str) -> ProjectPort:
        """Generate a secret for a project that has none yet, and open it.

        Only for one that an interrupted run of ours has created: nobody uses its secret.
        """
        ...

    async def rename_project(self, project_id: str, name: str) -> None:
        """Change a project's name."""
        ...

    async def delete_project(self, project_id: str) -> None:
        """Delete a project permanently, with everything in it."""
        ...

    async def regenerate_secret(self, project_id: str) -> Secret:
        """Rotate a project's secret. The old one stops working at once."""
        ...
