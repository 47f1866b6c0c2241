"""Manifest documents → text, for ``export`` and ``init``."""

import json
import re
from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_BLANK = " \u034f\u115f\u1160\u17b4\u17b5\u3164\ufe0e\ufe0f\uffa0"  # letters, and yet invisible
_MARK = "##"  # begins the commands of some CI systems
_ODD = re.compile("#(?=#)|[^\n -~]")
_PLUS = re.compile(r"\+[0-9]+")

_STARTER = """\
# For completion in an editor: photonctl schema > photon.schema.json, and this line below:
# yaml-language-server: $schema=photon.schema.json
# What `photonctl apply` makes true at Photon. Look first with `photonctl plan`.
version: 1

project:
  name: {name}              # found by this name; created if there is none
  platforms: [imessage]     # enabled if missing
  # profile: {{firstName: Support, lastName: Bot}}

# The people who can talk to the bot. Someone who is removed here is deleted at Photon.
users:
  - phoneNumber: "+15551234567"
    firstName: Ada
    lastName: Lovelace
    # email: ada@example.com

# usersFrom: [team.csv]     # more users, from a CSV file with the same field names

# Where Photon delivers events. The signing secret is shown once, so it goes to a file at once.
webhooks:
  - url: https://bot.example.com/spectrum-webhook
    secret: {{envFile: .env, key: PHOTON_WEBHOOK_SECRET}}

# protect:                  # never deleted, whatever this file says
#   users: ["+15551234567"]
limits: {{maxDeletes: 10}}    # apply refuses to delete more, unless --allow-deletes
"""


def starter(name: str) -> str:
    """Return a commented manifest to begin with, for a project of about this name.

    A folder may be called what no project can be (blank, with a line break), and what YAML reads as
    a number, a truth or nothing at all.
    """
    name = normalize("NFC", "".join(c if c.isprintable() else " " for c in name)).strip(_BLANK)
    name = name.encode(errors="ignore").decode().replace("${", "{") or "my-bot"
    if not _PLAIN.fullmatch(name) or name.lower() in _WORDS:
        name = json.dumps(name, ensure_ascii=False)
    return _STARTER.format(name=name)


def write_documents(documents: Sequence[dict[str, Any]]) -> str:
    """Return the text of a manifest that reads back as these documents."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002  # PyYAML's signature
            # Lists are indented below their key.
            super().increase_indent(flow, indentless=False)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        # "${" would be read as an expression.
        escaped = value.replace("${", "$${")
        style = '"' if _PLUS.fullmatch(value) or not _is_plain(value) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", escaped, style=style)

    Dumper.add_representer(str, text)
    text_of_all: str = yaml.dump_all(
        documents,
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        explicit_start=len(documents) > 1,
        width=float("inf"),  # no line begins in the middle of a text
    )
    return _ODD.sub(_escaped, text_of_all)


def _is_plain(value: str) -> bool:
    return value.isprintable() and _MARK not in value


def _escaped(found: re.Match[str]) -> str:
    """Escape what isn't printable, as a quoted text may; and what a CI system could act on."""
    character = found.group()
    if character.isprintable():
        return "\\x23" if character == "#" else character
    return f"\\U{ord(character):08x}"
