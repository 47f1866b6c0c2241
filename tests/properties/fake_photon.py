"""A Photon in memory behind the executor's port, some of whose requests fail."""

from dataclasses import replace

from photonctl.api.hook_rows import WebhookRow
from photonctl.api.rows import UserRow
from photonctl.errors import Ambiguous, Conflict, Rejected, ServerFailed
from photonctl.model.secret import Secret
from photonctl.model.spec import UNSET, OneTimeSecrets
from photonctl.resources.values import ApplyContext
from photonctl.urls import webhook_key


class FakePhoton:
    """One project, its own credentials, and the account, in one: every route that an apply uses.

    ``fails``: the numbers of the writes that fail, and how.
    """

    project_id = "p1"
    spectrum_url = "https://photon.test"
    dashboard = None

    def __init__(self, live, fails):
        self.spectrum = self
        self.users = {row.id: _user(row) for row in live.resources.get("user", {}).values()}
        self.hooks = {row.id: _hook(row) for row in live.resources.get("webhook", {}).values()}
        self.cap = live.shared_user_cap
        self.deleted = []
        self._fails = dict(fails)
        self._count = 0

    def _write(self):
        number, self._count = self._count, self._count + 1
        error = self._fails.get(number)
        if error is not None:
            raise error

    async def put_user(self, fields):
        self._write()
        kind, phone = fields["type"], fields["phoneNumber"]
        line = fields.get("assignedPhoneNumber")
        for row in self.users.values():
            if (row.type, row.phone_number) == (kind, phone) and line in (
                None,
                row.assigned_phone_number,
            ):
                names = {"first_name": "firstName", "last_name": "lastName", "email": "email"}
                given = {k: fields[name] for k, name in names.items() if fields.get(name)}
                self.users[row.id] = replace(row, **given)
                return self.users[row.id]
        shared = sum(row.type == "shared" for row in self.users.values())
        if kind == "shared" and self.cap is not None and shared >= self.cap:
            raise Conflict("Maximum number of shared users reached", status=409)
        row = UserRow(
            id=f"new-{self._count}",
            type=kind,
            phone_number=phone,
            assigned_phone_number=line or "+14155550000",
            first_name=fields.get("firstName"),
            last_name=fields.get("lastName"),
            email=fields.get("email"),
        )
        self.users[row.id] = row
        return row

    async def delete_user(self, user_id):
        self._write()
        self.deleted.append(("user", user_id))
        return self.users.pop(user_id, None) is not None

    async def webhooks(self):
        return tuple(self.hooks.values())

    async def register_webhook(self, fields):
        self._write()
        url = fields["webhookUrl"]
        if any(webhook_key(row.webhook_url) == webhook_key(url) for row in self.hooks.values()):
            raise Conflict("already exists", status=409)
        row = WebhookRow(id=f"new-{self._count}", webhook_url=url)
        self.hooks[row.id] = row
        return row, OneTimeSecrets(webhook_id=row.id, signing=Secret("0" * 64))

    async def update_webhook(self, webhook_id, fields):
        self._write()
        return self.hooks[webhook_id]

    async def rotate_secret(self, webhook_id, overlap_s):
        self._write()
        return OneTimeSecrets(webhook_id=webhook_id, standard=Secret("whsec_")), None

    async def delete_webhook(self, webhook_id):
        self._write()
        self.deleted.append(("webhook", webhook_id))
        return self.hooks.pop(webhook_id, None) is not None

    async def set_platform(self, platform, *, enabled):
        self._write()

    async def set_profile(self, names):
        self._write()


class FakeSink:
    """Keeps nothing, and may fail to."""

    def __init__(self, is_broken):
        self._is_broken = is_broken

    def check_writable(self):
        pass

    def kept(self, webhook_id):
        return OneTimeSecrets(webhook_id=webhook_id, signing=Secret("0" * 64))

    def store(self, secrets):
        if self._is_broken:
            raise OSError("disk full")


class FakeJournal:
    """Remembers nothing: each apply here is a first one."""

    def open_intent(self, project_id, key):
        pass

    def close_intents(self, project_id, *keys):
        pass

    def has_intent(self, project_id, key):
        return False

    def note_registered(self, project_id, key, webhook_id):
        pass

    def note_deleted(self, project_id, key, webhook_id):
        pass


class FakeContext(ApplyContext):
    """An apply whose secrets go to a fake sink."""

    __slots__ = ("has_broken_sink",)
    has_broken_sink: bool

    def open_sink(self, spec):
        return FakeSink(self.has_broken_sink)


FAILURES = (
    Rejected("no", status=422),
    Conflict("no", status=409),
    ServerFailed("later"),
    Ambiguous("lost"),
)


def _user(row):
    spec = replace(
        row.spec,
        assigned_phone_number="+14155550000"
        if row.spec.assigned_phone_number is UNSET
        else row.spec.assigned_phone_number,
    )
    return UserRow(
        id=row.id,
        type=spec.type,
        phone_number=spec.phone_number,
        assigned_phone_number=spec.assigned_phone_number,
    )


def _hook(row):
    return WebhookRow(id=row.id, webhook_url=row.spec.webhook_url)
