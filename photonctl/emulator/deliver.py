"""Webhook deliveries: signed events, tried again on Photon's schedule (contract 4.4, delivery).

The body is that of the event ``messages``. Under ``raw-inbound.v1`` Photon's own body isn't public:
the same one is sent, with the newer event's name.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import sqlite3
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from photonctl.emulator.call import age_s, now
from photonctl.emulator.hook_rules import is_loopback
from photonctl.emulator.store import Store

_WAITS_S = (0.2, 1, 5, 10, 10)
_JITTER = 0.5
_ATTEMPT_S = 30.0
_SHORTEST_ATTEMPT_S = 2.0
_AGAIN = frozenset({408, 429})
_FIRST_SERVER_ERROR = 500
_ORDER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "project": {"type": "string"},
        "to": {"type": "string"},
        "text": {"type": "string"},
        "scale": {"type": "number", "minimum": 0, "maximum": 10},
    },
}
_PERSON, _LINE = "+15550000001", "+14155550000"
_EVENTS = {"normalized-events.v1": "messages", "raw-inbound.v1": "message.received"}


class BadOrder(Exception):
    """What was asked for can't be delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be delivered.

    Attributes:
        project: id or name; None = every project.
        to: instead of the registered URLs; for a receiver whose URL isn't registered here.
        text: of the message.
        scale: of the waits between attempts; 1 = Photon's own, up to 26 s in all.
    """

    project: str | None = None
    to: str | None = None
    text: str = "Hello from a local Photon"
    scale: float = 0.01

    @staticmethod
    def read(content: bytes) -> "Order":
        """Read a request's body.

        Raises:
            BadOrder: it isn't one.
        """
        from jsonschema import ValidationError, validate

        try:
            value = json.loads(content or b"{}")
            validate(value, _ORDER)
        except (ValueError, ValidationError, RecursionError) as error:
            fields = "project, to, text (texts) and scale (a number from 0 to 10)"
            raise BadOrder(f"Send a JSON object with any of {fields}.") from error
        return Order(**value)


class Deliverer:
    """Sends events to the registered URLs.

    Args:
        anywhere: also to other machines; else only to this one.
    """

    def __init__(self, store: Store, *, anywhere: bool) -> None:
        self._store = store
        self._anywhere = anywhere
        self._dice = random.Random()  # noqa: S311  # jitter

    async def deliver(self, order: Order) -> list[dict[str, Any]]:
        """Send one event to every enabled webhook, all at once.

        Returns:
            For each webhook its id, URL, whether it took the event, and every attempt.

        Raises:
            BadOrder: the project is unknown.
        """
        import httpx

        found = self._webhooks(order)
        timeout_s = max(_ATTEMPT_S * order.scale, _SHORTEST_ATTEMPT_S)
        async with httpx.AsyncClient(timeout=timeout_s, trust_env=False) as client:
            return await asyncio.gather(*(self._send(client, row, order) for row in found))

    def _webhooks(self, order: Order) -> list[sqlite3.Row]:
        sql = (
            "SELECT w.*, p.name AS project_name, p.spectrum_id FROM webhooks w"
            " JOIN projects p ON p.id = w.project WHERE w.deleted_at IS NULL AND w.enabled = 1"
            " AND p.deleted_at IS NULL"
        )
        with self._store.transaction() as db:
            if order.project is None:
                return db.execute(f"{sql} ORDER BY w.seq").fetchall()
            known = db.execute(
                "SELECT id FROM projects WHERE deleted_at IS NULL AND ? IN (id, spectrum_id, name)",
                (order.project,),
            ).fetchall()
            if not known:
                raise BadOrder(f"There is no project {order.project!r}.")
            ids = [row["id"] for row in known]
            marks = ", ".join("?" * len(ids))
            return db.execute(f"{sql} AND p.id IN ({marks}) ORDER BY w.seq", ids).fetchall()

    async def _send(self, client: Any, webhook: sqlite3.Row, order: Order) -> dict[str, Any]:
        url = order.to or webhook["url"]
        said: dict[str, Any] = {"webhookId": webhook["id"], "webhookUrl": webhook["url"]}
        if not self._anywhere and not is_loopback(urlsplit(url).hostname or ""):
            problem = "not an address of this machine; start with --deliver-anywhere to send there"
            return {**said, "delivered": False, "attempts": [], "refused": problem}
        event = _event(webhook, order)
        attempts: list[dict[str, Any]] = []
        for wait_s in (*_WAITS_S, None):
            attempts.append(await _attempt(client, url, webhook, event))
            status = attempts[-1].get("status", _FIRST_SERVER_ERROR)
            if wait_s is None or (status not in _AGAIN and status < _FIRST_SERVER_ERROR):
                break
            jitter = 1 + self._dice.uniform(-_JITTER, _JITTER)
            await asyncio.sleep(wait_s * jitter * order.scale)
        delivered = 200 <= attempts[-1].get("status", 0) < 300  # noqa: PLR2004  # HTTP's success
        return {**said, "delivered": delivered, "attempts": attempts}


async def _attempt(
    client: Any, url: str, webhook: sqlite3.Row, event: tuple[str, bytes]
) -> dict[str, Any]:
    import httpx

    event_id, content = event
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "spectrum-webhook/1.0",
        **signed(webhook, event_id, str(int(time.time())), content),
    }
    try:
        # Only the status counts: a body may be endless.
        async with client.stream("POST", url, content=content, headers=headers) as answer:
            return {"status": answer.status_code}
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return {"error": type(error).__name__}


def signed(
    webhook: Mapping[str, Any] | sqlite3.Row, event_id: str, timestamp: str, content: bytes
) -> dict[str, str]:
    """Return the headers of one attempt: the legacy signature and the standard ones."""
    legacy = hmac.new(
        webhook["signing"].encode(), b"v0:%s:%s" % (timestamp.encode(), content), hashlib.sha256
    )
    secrets = [webhook["standard"]]
    if webhook["previous_until"] is not None and age_s(webhook["previous_until"]) < 0:
        secrets.append(webhook["previous_standard"])
    return {
        "X-Spectrum-Event": _EVENTS[webhook["schema_version"]],
        "X-Spectrum-Webhook-Id": webhook["id"],
        "X-Spectrum-Timestamp": timestamp,
        "X-Spectrum-Signature": f"v0={legacy.hexdigest()}",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            _standard(secret, event_id, timestamp, content) for secret in secrets
        ),
    }


def _standard(secret: str, event_id: str, timestamp: str, content: bytes) -> str:
    """Sign by the Standard Webhooks rules."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{event_id}.{timestamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key, message, "sha256")).decode()


def _event(webhook: sqlite3.Row, order: Order) -> tuple[str, bytes]:
    """Return an event's id and body: a message of a person, as Photon's events page has it."""
    event_id = f"msg_{uuid.uuid4().hex}"
    space = {
        "id": f"any;-;{_PERSON}",
        "platform": "iMessage",
        "type": "dm",
        "phone": _LINE,
    }
    body = {
        "event": _EVENTS[webhook["schema_version"]],
        "space": space,
        "message": {
            "id": f"spc-msg-{uuid.uuid4()}",
            "platform": "iMessage",
            "direction": "inbound",
            "timestamp": now(),
            "sender": {"id": _PERSON, "platform": "iMessage"},
            "space": space,
            "content": {"type": "text", "text": order.text},
        },
    }
    return event_id, json.dumps(body).encode()
