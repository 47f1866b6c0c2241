"""A Photon in memory behind the port: accounts, projects, users, webhooks.

``FakeAccount`` and ``FakeProject`` implement ``AccountPort`` and ``ProjectPort``, and pass the same
conformance suite as the real backend (tests/conformance). Each request first calls ``gate(name)``
and afterwards ``gate(name, is_done=True)``: a test raises there, to fail or to kill a run.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from photonctl.errors import (
    Ambiguous,
    Conflict,
    NoProjectSecret,
    NotFound,
    RefusedError,
    Rejected,
    ServerFailed,
)
from photonctl.kinds.operations import ApplyContext
from photonctl.model.plan import Place
from photonctl.model.secret import Secret
from photonctl.model.spec import UNSET, OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.port import (
    Capabilities,
    CreatedProject,
    ProfileRow,
    ProjectRow,
    SessionUser,
    UserRow,
    WebhookRow,
)
from photonctl.texts import look_alike, nfc
from photonctl.urls import webhook_key

HOST = "https://photon.test"
ME = SessionUser(id="me", name="Ada", email="owner@example.com", phone_number="+15550000001")
LINE = "+14155550000"


def no_gate(name, *, is_done=False):
    """Let every request pass."""


@dataclass
class FakeProject:
    """One project; ``deleted`` remembers kind and id of what was deleted."""

    row: ProjectRow
    gate: object = no_gate
    cap: int | None = None
    user_rows: dict = field(default_factory=dict)
    hook_rows: dict = field(default_factory=dict)
    secrets: dict = field(default_factory=dict)
    names: ProfileRow = field(default_factory=ProfileRow)
    enabled: set = field(default_factory=set)
    deleted: list = field(default_factory=list)
    numbers: object = field(default_factory=lambda: itertools.count(1))

    @property
    def project_id(self):
        return self.row.spectrum_id

    async def prove(self):
        return self._through("prove", lambda: None)

    async def users(self):
        return self._through("users", lambda: tuple(self.user_rows.values()))

    async def put_user(self, fields):
        return self._through("put_user", lambda: self._put_user(fields))

    async def delete_user(self, user_id):
        return self._through("delete_user", lambda: self._delete("user", self.user_rows, user_id))

    async def webhooks(self):
        return self._through("webhooks", lambda: tuple(self.hook_rows.values()))

    async def register_webhook(self, fields):
        return self._through("register_webhook", lambda: self._register(fields))

    async def update_webhook(self, webhook_id, fields):
        return self._through("update_webhook", lambda: self._update(webhook_id, fields))

    async def delete_webhook(self, webhook_id):
        return self._through(
            "delete_webhook", lambda: self._delete("webhook", self.hook_rows, webhook_id)
        )

    async def rotate_secret(self, webhook_id, overlap_s=None):
        return self._through("rotate_secret", lambda: self._rotate(webhook_id, overlap_s))

    async def platforms(self):
        return self._through("platforms", lambda: frozenset(self.enabled))

    async def set_platform(self, platform, *, enabled):
        change = self.enabled.add if enabled else self.enabled.discard
        self._through("set_platform", lambda: change(platform))

    async def profile(self):
        return self._through("profile", lambda: self.names)

    async def set_profile(self, names):
        def change():
            self.names = ProfileRow(
                first_name=names.get("firstName", self.names.first_name),
                last_name=names.get("lastName", self.names.last_name),
            )

        self._through("set_profile", change)

    async def session(self):
        return replace(ME, owns_project=True)

    def _through(self, name, carry_out):
        self.gate(name)
        answer = carry_out()
        self.gate(name, is_done=True)
        return answer

    def _put_user(self, fields):
        if "imessage" not in self.enabled:
            raise Rejected("iMessage isn't enabled", status=422)
        kind, phone = fields["type"], fields["phoneNumber"]
        line = fields.get("assignedPhoneNumber")
        for row in self.user_rows.values():
            if (row.type, row.phone_number) == (kind, phone) and line in (
                None,
                row.assigned_phone_number,
            ):
                names = {"first_name": "firstName", "last_name": "lastName", "email": "email"}
                given = {k: fields[name] for k, name in names.items() if fields.get(name)}
                self.user_rows[row.id] = replace(row, **given)
                return self.user_rows[row.id]
        shared = sum(row.type == "shared" for row in self.user_rows.values())
        if kind == "shared" and self.cap is not None and shared >= self.cap:
            raise Conflict("Maximum number of shared users reached", status=409)
        row = UserRow(
            id=f"user-{next(self.numbers)}",
            type=kind,
            phone_number=phone,
            assigned_phone_number=line or LINE,
            first_name=fields.get("firstName"),
            last_name=fields.get("lastName"),
            email=fields.get("email"),
        )
        self.user_rows[row.id] = row
        return row

    def _register(self, fields):
        url = fields["webhookUrl"]
        if any(webhook_key(row.webhook_url) == webhook_key(url) for row in self.hook_rows.values()):
            raise Conflict("Webhook already exists", status=409)
        row = WebhookRow(
            id=f"hook-{next(self.numbers)}",
            webhook_url=url,
            failure_notification_email=fields.get("failureNotificationEmail"),
            enabled=True,
            event_types=tuple(fields.get("eventTypes", ("messages",))),
            schema_version=fields.get("schemaVersion", "normalized-events.v1"),
        )
        self.hook_rows[row.id] = row
        return row, self._new_secrets(row.id, signing=Secret(f"{next(self.numbers):064x}"))

    def _new_secrets(self, webhook_id, signing=None):
        found = OneTimeSecrets(
            webhook_id=webhook_id,
            signing=signing,
            standard=Secret(f"whsec_{next(self.numbers):032d}"),
        )
        before = self.secrets.get(webhook_id)
        kept = replace(found, signing=before.signing) if signing is None and before else found
        self.secrets[webhook_id] = kept
        return found

    def _update(self, webhook_id, fields):
        row = self._hook(webhook_id)
        names = {
            "failureNotificationEmail": "failure_notification_email",
            "enabled": "enabled",
            "eventTypes": "event_types",
            "schemaVersion": "schema_version",
        }
        given = {names[key]: value for key, value in fields.items()}
        if "event_types" in given:
            given["event_types"] = tuple(given["event_types"])
        self.hook_rows[webhook_id] = replace(row, **given)
        return self.hook_rows[webhook_id]

    def _rotate(self, webhook_id, overlap_s):
        self._hook(webhook_id)
        until = datetime(2026, 11, 26, tzinfo=UTC) + timedelta(seconds=overlap_s or 0)
        return self._new_secrets(webhook_id), until if overlap_s != 0 else None

    def _hook(self, webhook_id):
        if webhook_id not in self.hook_rows:
            raise NotFound("Webhook not found", status=404)
        return self.hook_rows[webhook_id]

    def _delete(self, kind, rows, resource_id):
        if rows.pop(resource_id, None) is None:
            return False
        self.deleted.append((kind, resource_id))
        return True


@dataclass
class FakeAccount:
    """An account whose projects show their secrets, but for those in ``secretive``."""

    gate: object = no_gate
    live: dict = field(default_factory=dict)
    secretive: set = field(default_factory=set)
    tier: str | None = None
    parallelism: int = 3
    rate: int = 0
    numbers: object = field(default_factory=lambda: itertools.count(1))

    host = HOST
    capabilities = Capabilities(shared_user_caps={"free": 10, "pro": 100})

    def place(self, user):
        account = (user.email or user.id) if user else None
        return Place(dashboard=HOST, spectrum=HOST, account=account)

    def opens_by_pair(self, project_id, *, is_only):
        return False

    async def check_token(self):
        return ME

    async def session(self):
        return ME

    async def projects(self):
        return self._through("projects", lambda: tuple(p.row for p in self.live.values()))

    async def matching(self, wanted):
        rows = await self.projects()
        found = [row for row in rows if wanted in (None, row.id, row.spectrum_id, row.name)]
        if not found:
            raise RefusedError("there is no live project")
        return found

    async def lock_id(self, name, project_id, *, is_only):
        rows = await self.projects()
        return next(
            (r.id for r in rows if project_id == r.id or (not project_id and r.name == name)), None
        )

    async def look_alikes(self, name):
        rows = await self.projects()
        return tuple((r.name, r.id) for r in rows if look_alike(r.name) == look_alike(name))

    def forget_projects(self):
        pass

    async def find(self, name, project_id, *, is_only=False, may_be_gone=False):
        rows = await self.projects()
        if project_id is None:
            found = [row for row in rows if nfc(row.name) == nfc(name)]
        else:
            found = [row for row in rows if project_id in (row.id, row.spectrum_id)]
            if not found and not may_be_gone:
                raise RefusedError(f"no live project has the id {project_id}")
        if not found:
            return None
        project = self.live[found[0].id]
        if project.row.id in self.secretive:
            row = project.row
            raise NoProjectSecret("it shows no secret", hint="", project_id=row.id, name=row.name)
        return project

    async def create_project(self, name, *, location, platforms):
        return self._through("create_project", lambda: self._create(name, location, platforms))

    async def open_created(self, created, name):
        return await self.complete(created.id)

    async def complete(self, project_id):
        def carry_out():
            self.secretive.discard(project_id)
            return self.live[project_id]

        return self._through("complete", carry_out)

    async def rename_project(self, project_id, name):
        def carry_out():
            project = self.live[project_id]
            project.row = replace(project.row, name=name)

        self._through("rename_project", carry_out)

    async def delete_project(self, project_id):
        self._through("delete_project", lambda: self.live.pop(project_id, None))

    async def regenerate_secret(self, project_id):
        def carry_out():
            project = self.live[project_id]
            secret = Secret(f"spk_live_{next(self.numbers):020d}")
            project.row = replace(project.row, secret=secret)
            return secret

        return self._through("regenerate_secret", carry_out)

    def add(self, name, *, is_secretive=False, platforms=("imessage",)):
        """Put a live project there, with its owner in it."""
        number = next(self.numbers)
        row = ProjectRow(
            id=f"project-{number}",
            name=name,
            spectrum_id=f"spectrum-{number}",
            secret=Secret(f"spk_live_{number:020d}"),
            plan=self.tier,
        )
        project = FakeProject(
            row=row,
            gate=self.gate,
            cap=self.capabilities.shared_user_caps.get(self.tier),
            enabled=set(platforms),
            numbers=self.numbers,
        )
        owner = UserRow(
            id=f"owner-{number}",
            type="shared",
            phone_number=ME.phone_number,
            email=ME.email,
            is_owner=True,
        )
        project.user_rows[owner.id] = owner
        self.live[row.id] = project
        if is_secretive:
            self.secretive.add(row.id)
        return project

    def _create(self, name, location, platforms):
        words = ("imessage",) if platforms is None else platforms
        project = self.add(name, is_secretive=True, platforms=words)
        return CreatedProject(id=project.row.id)

    def _through(self, name, carry_out):
        self.gate(name)
        answer = carry_out()
        self.gate(name, is_done=True)
        return answer


WRITES = frozenset(
    {"put_user", "delete_user", "register_webhook", "update_webhook", "delete_webhook",
     "rotate_secret", "set_platform", "set_profile"}
)  # fmt: skip


def failing(fails):
    """Return a gate at which the writes of these numbers fail, before they are carried out."""
    count = itertools.count()

    def gate(name, *, is_done=False):
        if name in WRITES and not is_done:
            error = fails.get(next(count))
            if error is not None:
                raise error

    return gate


def photon_of(live, fails):
    """Return a project with what is live, some of whose writes fail."""
    row = ProjectRow(id="p1", name=live.name or "bot", spectrum_id="p1")
    users = {row.id: _user(row) for row in live.resources.get("user", {}).values()}
    hooks = {
        row.id: WebhookRow(id=row.id, webhook_url=row.spec.webhook_url)
        for row in live.resources.get("webhook", {}).values()
    }
    return FakeProject(
        row=row,
        gate=failing(fails),
        cap=live.shared_user_cap,
        user_rows=users,
        hook_rows=hooks,
        enabled={"imessage"},
    )


def _user(row):
    assigned = row.spec.assigned_phone_number
    return UserRow(
        id=row.id,
        type=row.spec.type,
        phone_number=row.spec.phone_number,
        assigned_phone_number=LINE if assigned is UNSET else assigned,
    )


class FakeSink:
    """Keeps nothing, and may fail to."""

    def __init__(self, is_broken):
        self._is_broken = is_broken

    def check_writable(self):
        pass

    def stored_for(self, webhook_id):
        return Stored.NOTHING

    def kept(self, webhook_id=None):
        if webhook_id is None:
            return None
        return OneTimeSecrets(webhook_id=webhook_id, signing=Secret("0" * 64))

    def store(self, secrets):
        if self._is_broken:
            raise OSError("disk full")


class FakeJournal:
    """Remembers nothing: each apply here is a first one."""

    def open_intent(self, project_id, key, webhook_id=""):
        pass

    def close_intents(self, project_id, *keys):
        pass

    def begun_at(self, project_id, key):
        return None

    def has_intent(self, project_id, key):
        return False

    def given(self, project_id, key, webhook_id):
        return ()

    def all_registered(self, project_id):
        return frozenset()

    def check_noted(self, project_id, key):
        pass

    def note_asked(self, project_id, key):
        pass

    def note_stored(self, project_id, key, secrets, places):
        pass

    def note_registered(self, project_id, key, webhook_id):
        pass

    def note_deleted(self, project_id, key, webhook_id):
        pass

    def has_seen(self, project_id, key, secrets):
        return False

    def note_given(self, project_id, key, secrets):
        pass


class FakeContext(ApplyContext):
    """An apply whose secrets go to a fake sink."""

    has_broken_sink: bool = False

    def open_sink(self, spec):
        return FakeSink(self.has_broken_sink)


FAILURES = (
    Rejected("no", status=422),
    Conflict("no", status=409),
    ServerFailed("later"),
    Ambiguous("lost"),
)
