"""Webhook deliveries (contract 4.4), judged by the Standard Webhooks library and by HMAC."""

import hashlib
import hmac
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook


class Receiver:
    """Keeps what it gets, and answers with the given statuses in turn; the last one stays."""

    def __init__(self, *statuses):
        self.got = []
        statuses = list(statuses or [200])
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((headers, body))
                status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", receiver.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@contextmanager
def receiving(*statuses):
    receiver = Receiver(*statuses)
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()


def registered(photon, url, name="bot"):
    _, spectrum = photon.project(name)
    hook = spectrum("POST", "/webhooks/", json={"webhookUrl": url}).json()["data"]
    return hook, spectrum


def deliver(photon, **order):
    answer = photon.http.post(
        f"{photon.url}/__emulator__/deliver", json={"scale": 0, **order}, timeout=30
    )
    return answer.status_code, answer.json()


def test_both_signatures_hold(photon, generation):
    with receiving() as receiver:
        hook, _ = registered(photon, receiver.url)
        status, answer = deliver(photon, text="Hi")
        ((headers, body),) = receiver.got

    assert status == 200
    assert answer["deliveries"] == [
        {
            "webhookId": hook["id"],
            "webhookUrl": receiver.url,
            "delivered": True,
            "attempts": [{"status": 200}],
        }
    ]
    assert headers["x-spectrum-event"] == "messages"
    assert headers["x-spectrum-webhook-id"] == hook["id"]
    message = b"v0:" + headers["x-spectrum-timestamp"].encode() + b":" + body
    expected = hmac.new(hook["signingSecret"].encode(), message, hashlib.sha256).hexdigest()
    assert headers["x-spectrum-signature"] == f"v0={expected}"
    assert b'"text": "Hi"' in body
    if generation == "2026-09":
        Webhook(hook["standardSigningSecret"]).verify(body, headers)


def test_a_newer_schema_names_the_event_otherwise(newer):
    with receiving() as receiver:
        hook, spectrum = registered(newer, receiver.url)
        spectrum("PATCH", f"/webhooks/{hook['id']}", json={"schemaVersion": "raw-inbound.v1"})
        deliver(newer)

    assert receiver.got[0][0]["x-spectrum-event"] == "message.received"


def test_old_and_new_standard_secret_sign_during_the_overlap(newer):
    with receiving() as receiver:
        hook, spectrum = registered(newer, receiver.url)
        path = f"/webhooks/{hook['id']}/secret/rotate"
        new = spectrum("POST", path, json={}).json()["data"]["standardSigningSecret"]
        deliver(newer)
        spectrum("POST", path, json={"overlapSeconds": 0})
        deliver(newer)

    (headers, body), (alone, _) = receiver.got
    for secret in (hook["standardSigningSecret"], new):
        Webhook(secret).verify(body, headers)
    assert len(headers["webhook-signature"].split()) == 2
    assert len(alone["webhook-signature"].split()) == 1


@pytest.mark.parametrize(
    ("statuses", "attempts", "delivered"),
    [
        ((500, 503, 200), [500, 503, 200], True),
        ((408, 429, 204), [408, 429, 204], True),
        ((500,), [500] * 6, False),
        ((404,), [404], False),
        ((307,), [307], False),
        ((410,), [410], False),
    ],
)
def test_what_is_tried_again_and_what_is_final(newer, statuses, attempts, delivered):
    with receiving(*statuses) as receiver:
        registered(newer, receiver.url)
        _, answer = deliver(newer)

    (delivery,) = answer["deliveries"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == attempts
    assert delivery["delivered"] is delivered
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_nobody_listens(newer):
    with receiving() as receiver:
        url = receiver.url
    registered(newer, url)

    (delivery,) = deliver(newer)[1]["deliveries"]

    assert [attempt["error"] for attempt in delivery["attempts"]] == ["ConnectError"] * 6


@pytest.mark.parametrize(
    "url", ["https://bot.example.com/hook", "http://127.0.0.1.example.com/", "http://10.0.0.1/"]
)
def test_nothing_leaves_this_machine_unless_told(newer, url):
    registered(newer, url)

    (delivery,) = deliver(newer)[1]["deliveries"]

    assert (delivery["delivered"], delivery["attempts"]) == (False, [])
    assert "--deliver-anywhere" in delivery["refused"]


def test_told_so_it_does(start):
    photon = start(deliver_anywhere=True)
    registered(photon, "http://unresolvable.invalid/")

    (delivery,) = deliver(photon)[1]["deliveries"]

    assert [set(attempt) for attempt in delivery["attempts"]] == [{"error"}] * 6


def test_an_event_for_a_url_elsewhere_can_be_sent_here_instead(newer):
    with receiving() as receiver:
        hook, _ = registered(newer, "https://bot.example.com/hook")
        registered(newer, "https://other.example.com/hook", name="other")
        _, answer = deliver(newer, project="bot", to=receiver.url)
        _, unknown = deliver(newer, project="nobody")

    assert [delivery["webhookId"] for delivery in answer["deliveries"]] == [hook["id"]]
    assert "nobody" in unknown["error"]
    ((headers, body),) = receiver.got
    Webhook(hook["standardSigningSecret"]).verify(body, headers)


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"scale": "x"}', b'{"txt": "x"}'])
def test_an_order_that_cant_be_read_says_how_to_write_it(newer, content):
    answer = newer.http.post(f"{newer.url}/__emulator__/deliver", content=content)

    assert answer.status_code == 422
    assert "project, to, text" in answer.json()["error"]


def test_disabled_and_deleted_webhooks_get_nothing(newer):
    with receiving() as receiver:
        hook, spectrum = registered(newer, receiver.url)
        path = f"/webhooks/{hook['id']}"
        spectrum("PATCH", path, json={"schemaVersion": "raw-inbound.v1"})
        spectrum("PATCH", path, json={"enabled": False})
        disabled = deliver(newer)
        spectrum("DELETE", path)

    assert disabled[1] == deliver(newer)[1] == {"deliveries": []}
    assert receiver.got == []


def test_a_page_of_another_origin_cant_order_anything(newer):
    for path in ("deliver", "faults", "tokens"):
        answer = newer.http.post(
            f"{newer.url}/__emulator__/{path}", json={}, headers={"Origin": "http://evil.test"}
        )
        assert answer.status_code == 403
