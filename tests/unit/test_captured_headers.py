"""The forms in which people have a delivery's headers."""

import json

import pytest

from photonctl.signatures import parse_headers

SIGNED = {"x-spectrum-signature": "v0=ab", "webhook-signature": "v1,a= v1,b=", "host": "bot.test"}
NAMES = ["X-Spectrum-Signature", "Webhook-Signature", "Host"]
PAIRS = [(name, SIGNED[name.lower()]) for name in NAMES]
LINES = [f"{name}: {value}" for name, value in PAIRS]
OBJECT = dict(PAIRS)
ENVIRON = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in PAIRS}
HAR = [{"name": name, "value": value} for name, value in PAIRS]
MANY = {name: [value, "other"] for name, value in PAIRS}
FLAT = [text for pair in PAIRS for text in pair]
REQUEST = "POST /hook?a=b HTTP/1.1"
ENTRY = {"request": {"method": "POST", "headers": HAR}, "response": {"headers": []}, "time": 1}


class Headers(dict):
    def __repr__(self):
        return f"Headers({dict(self)!r})"


FORMS = {
    "lines": "\n".join(LINES),
    "raw": "\r\n".join([REQUEST, *LINES, "", "X-Spectrum-Signature: in the body"]),
    "old Macs": "\r".join(LINES),
    "curl -v, received": "* Connected: x\n> GET / HTTP/1.1\n" + "\n".join(f"< {x}" for x in LINES),
    "curl -v, sent": "\r\n".join(f"> {x}" for x in LINES) + "\r\n>\r\n< HTTP/2 200\r\n< host: x",
    "indented": "\n" + "\n".join(f"    {x}" for x in LINES),
    "folded": "\n".join(LINES).replace("v1,a= ", "v1,a=\n\t"),
    "no space": "\n".join(LINES).replace(": ", ":"),
    "object": json.dumps(OBJECT),
    "lists": json.dumps(MANY),
    "HAR's headers": json.dumps(HAR),
    "HAR's object": json.dumps({"headers": HAR}),
    "HAR's entry": json.dumps(ENTRY),
    "HAR": json.dumps({"log": {"entries": [{"request": {"headers": []}}, ENTRY]}}),
    "API Gateway": json.dumps({"version": "2.0", "headers": OBJECT, "body": "{}"}),
    "API Gateway 1": json.dumps({"headers": None, "multiValueHeaders": MANY, "path": "/"}),
    "API Gateway, both": json.dumps({"headers": OBJECT, "multiValueHeaders": MANY}),
    "Node": json.dumps(FLAT),
    "Node's message": json.dumps({"httpVersion": "1.1", "rawHeaders": FLAT}),
    "pairs": json.dumps(PAIRS),
    "list of lines": json.dumps(LINES),
    "environ": json.dumps({**ENVIRON, "wsgi.version": [1, 0], "REQUEST_METHOD": "POST"}),
    "environ's lines": "\n".join(f"{name}={value}" for name, value in ENVIRON.items()),
    "Python's object": repr(OBJECT),
    "Python's pairs": repr(PAIRS),
    "Python's tuple": repr(tuple(PAIRS)),
    "ASGI": repr([(name.encode(), value.encode()) for name, value in PAIRS]),
    "a class": repr(Headers(OBJECT)),
    "a boundary": repr({**OBJECT, "Content-Type": "multipart; boundary=" + "-" * 40}),
    "a quote": repr({**OBJECT, "X": "it's"}).replace("'X'", "'x'"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_usual_form_is_read(form):
    found = parse_headers(FORMS[form])

    assert {name: found.get(name) for name in SIGNED} == SIGNED


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_so_it_is_in_any_encoding_with_a_mark(form, encoding):
    assert parse_headers(FORMS[form].encode(encoding)) == parse_headers(FORMS[form])


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 200_000, "{'a':" * 50_000, "(" * 5000 + ")" * 5000, "[" + "-" * 100_000 + "1]",
        "{" + "'a':1," * 30_000 + "}", '{"a":' * 100_000, "[1" + "+1" * 50_000 + "]",
        "x" * 500_000, "\0" * 1000, "\n " * 100_000, "a:" * 200_000, "Headers(" * 5000,
        "[" + "9" * 100_000 + "]", "{1: 2, None: 3, (): ()}", "[[[]], {}]", "{'\\d': '\\d'}",
        "b'", "[{}]", "[null, 1, true]", '{"headers": {"headers": {"headers": 1}}}', "{[]: 1}",
        "[*a]", "{**a}", "f'{x}'", "\ud800: \udfff", "(lambda: 1)", "[i for i in ()]",
    ],
    ids=lambda text: ascii(text[:12]),
)  # fmt: skip
def test_what_is_hostile_holds_no_signature_and_raises_nothing(hostile):
    for captured in (hostile, hostile.encode(errors="surrogatepass")):
        assert "x-spectrum-signature" not in parse_headers(captured)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\xff\xfe\x00", bytes(range(256)) * 100])
def test_bytes_of_no_text_raise_nothing(data):
    assert "x-spectrum-signature" not in parse_headers(data)
