"""What a store notes beside a secret: whose it is, since when, and what was asked for.

A note is one line of ``name=value`` words, in the characters that every store takes; it holds no
secret. ``Record`` is what both notes of a secret say.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from photonctl.model.moments import is_past, moment, time_of
from photonctl.model.secret import Secret
from photonctl.model.spec import Origin
from photonctl.model.state import Stored

_OTHERS = re.compile(r"[^A-Za-z0-9_.:/+@-]")
_WORD = re.compile(r"([a-z]+)=([A-Za-z0-9_.:/+@-]{0,250})")
_LONGEST_RUN = 64
_LONGEST_LINE, _LONGEST_NOTE = 255, 500  # a tag of AWS has room for 256
_LONGEST_WORD = 36  # a UUID; longer ones would leave no room for the rest of a line
_DIGEST = 29
_SHORT_DIGEST = 16
MARK = 6  # of a digest, by which one of a few secrets is known again
REGISTRATION, ROTATION, CREATION = "registration", "rotation", "creation"
COPY = "copy"  # of a webhook's secret from another place
ADOPTION = "adoption"  # of a webhook's secret that somebody knows
STORING = "storing"
LEFT = "left"  # nothing is asked for any more; what a step has begun to write is there
_STEPS = (REGISTRATION, ROTATION, COPY, ADOPTION, CREATION, STORING, LEFT)
_HELD = {Stored.ALL: "both", Stored.SIGNING: "signing", Stored.STANDARD: "standard"}
BY_WORD = {word: stored for stored, word in _HELD.items()}


class Intent(Struct, frozen=True, kw_only=True):
    """A secret is about to be asked for, or a project's own to be stored.

    Attributes:
        step: ``registration`` or ``rotation`` of a webhook, ``copy`` or ``adoption`` of its
            secret; ``creation`` of a project, whose name is its ``project_id`` then; ``storing``
            of a project's own credentials.
        at: when.
        run: which run of which CI system, or which machine.
        about: which webhook's, as ``about`` spells it; "" = a project's.
        webhook_id: its id, where it exists already; of ``storing``, what was there before.
    """

    step: str
    origin: Origin
    at: datetime
    run: str
    about: str = ""
    webhook_id: str = ""


class Record(Struct, frozen=True, kw_only=True):
    """What a store says of the secret under one name, without giving it.

    Attributes:
        webhook_id: which registration it belongs to; "" = nothing says so.
        host, project_id: whose it is, as a note spells them; "" = nothing says so.
        holds: which of the two secrets is there; ``OTHER``: one of unknown origin.
        since: when the standard secret, or the only one, was stored.
        digest: by which the standard secret, or a project's own, is known again.
        mark: what the store itself said of the secret, when it was stored.
        legacy: the first letters of the legacy secret's digest, beside a standard one.
        writing: the first letters of digests of what a step has begun to write.
        past: of each secret that was here before, of the legacy one and of those that a step has
            begun to write, the first letters of its digest; as many as have room, the newest last.
        asked: the step that was begun and not finished; "" = none.
        asked_at: when; None = nothing says so.
        asked_by: ``host`` and ``project_id`` of that step.
        asked_about: the webhook of that step, as ``about`` spells it.
        asked_of: its id, likewise; "" = it didn't exist, or nothing says so.
        rotated: the id of a webhook whose rotation was open when another step began, likewise.
        keeps: likewise of the webhook that the held secret is of, where the step is another one's.
        registering: when a registration was begun that was open when another step began.
    """

    webhook_id: str = ""
    host: str = ""
    project_id: str = ""
    holds: Stored = Stored.NOTHING
    since: datetime | None = None
    digest: str = ""
    mark: str = ""
    legacy: str = ""
    writing: str = ""
    past: str = ""
    asked: str = ""
    asked_at: datetime | None = None
    asked_by: tuple[str, str] = ("", "")
    asked_about: str = ""
    asked_of: str = ""
    rotated: str = ""
    keeps: str = ""
    registering: datetime | None = None

    @property
    def registering_since(self) -> datetime | None:
        """Return when a registration was begun that isn't finished; None = none was, or unknown."""
        return self.asked_at if self.asked == REGISTRATION else self.registering

    @property
    def rotation_of(self) -> str:
        """Of which webhook a rotation is open, as ``about`` spells its id; "" = nothing says so."""
        return self.asked_of if self.asked == ROTATION else self.rotated

    def belongs_to(self, origin: Origin) -> bool:
        """Is it a secret of this project at this host?"""
        return (self.host, self.project_id) == owner_words(origin)

    def was_asked_by(self, origin: Origin, step: str, key: str = "") -> bool:
        """Was this step begun for this project's webhook, and not finished? "" = for the project's.

        What was begun for another webhook says nothing of this one, except that it keeps what was
        open of the secret that is here.
        """
        if key and step == ROTATION and self.is_kept(origin):
            return True
        is_same = self.asked_about == (about(key) if key else "")
        also = {ROTATION: bool(self.rotated), REGISTRATION: self.registering is not None}
        is_step = self.asked == step or also.get(step, False)
        return is_same and is_step and self.asked_by == owner_words(origin)

    def is_kept(self, origin: Origin) -> bool:
        """Is a rotation of what is held, by this project's webhook, still open?"""
        return bool(self.keeps) and self.keeps == about(self.webhook_id) and self.belongs_to(origin)

    def has_held(self, secret: Secret) -> bool:
        """Is it here, or was it?"""
        digest = secret.digest()
        return digest == self.digest or digest[:MARK] in marks_in(self.past)

    def may_hold(self, standard: Secret) -> bool:
        """May this be the standard secret that is here now?"""
        digest = standard.digest()
        is_noted = self.holds in (Stored.ALL, Stored.STANDARD) and digest == self.digest
        return is_noted or digest[:MARK] in marks_in(self.writing)

    def may_be_of(self, step: str, webhook_id: str, made: datetime | None) -> bool:
        """May the step that was begun be about this live webhook, which was registered then?"""
        open_of = {self.rotation_of, self.keeps} - {""} if step == ROTATION else set()
        if open_of:
            return about(webhook_id) in open_of
        return is_in_time(step, self.begun_at(step), made)

    def begun_at(self, step: str) -> datetime | None:
        """Return when a step was begun that isn't finished; None = nothing says so."""
        return self.registering_since if step == REGISTRATION else self.asked_at

    def stored_for(self, webhook_id: str) -> Stored:
        """Say what is stored, seen from the live webhook of this id; "" = none is live."""
        if webhook_id and self.webhook_id == word(webhook_id):
            return self.holds
        return Stored.NOTHING if self.holds is Stored.NOTHING else Stored.OTHER


def is_in_time(step: str, begun: datetime | None, made: datetime | None) -> bool:
    """May a webhook that was registered then be one of a step? None is older than its own."""
    is_older = step == REGISTRATION and is_past(made, begun)
    return not (is_past(begun, made) or is_older)


def owner_words(origin: Origin) -> tuple[str, str]:
    """Return host and project as a note spells them."""
    return word(origin.host.removeprefix("https://")), word(origin.project_id)


def about(key: str) -> str:
    """Spell a webhook's key, which may hold a secret, so that the same one is known again."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:_SHORT_DIGEST]


def word(text: str) -> str:
    """Spell a text as a note can hold it: as it is, or else by its digest; two are never alike."""
    if len(text) <= _LONGEST_WORD and not _OTHERS.search(text):
        return text
    return f"sha256:{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:_DIGEST]}"


def marks_in(text: str) -> set[str]:
    """Return the marks that a note has in a row."""
    return {text[n : n + MARK] for n in range(0, len(text), MARK)}


def is_note(line: str) -> bool:
    """Has photonctl written this?"""
    words = words_in(line)
    return words.get("holds") in BY_WORD or words.get("asked") in _STEPS


def kept_line(record: Record) -> str:
    """Write what is held."""
    line = _line(
        {
            "webhook": record.webhook_id,
            "project": record.project_id,
            "host": record.host,
            "holds": _HELD[record.holds],
            "since": moment(record.since) if record.since else "",
            "digest": record.digest,
            "mark": record.mark,
            "legacy": record.legacy,
        }
    )
    count = (_LONGEST_LINE - len(line) - len(" past=")) // MARK
    return f"{line} past={record.past[-count * MARK :]}" if record.past and count > 0 else line


def asked_line(
    intent: Intent,
    writing: str = "",
    rotated: str = "",
    registering: datetime | None = None,
    keeps: str = "",
) -> str:
    """Write what is about to be asked for.

    Args:
        intent: what.
        writing: marks of what is then being written.
        rotated: see ``Record``.
        registering: likewise.
        keeps: likewise.
    """
    host, project_id = owner_words(intent.origin)
    line = _line(
        {
            "asked": intent.step,
            "project": project_id,
            "host": host,
            "about": intent.about,
            "of": about(intent.webhook_id) if intent.webhook_id else "",
            "rotated": rotated,
            "keeps": keeps,
            "registering": moment(registering) if registering else "",
            "at": moment(intent.at),
            "writing": writing[-_LONGEST_WORD:],
        }
    )
    for name, text in (("run", intent.run[:_LONGEST_RUN]), ("url", intent.origin.url)):
        room = _LONGEST_LINE - len(line) - len(f" {name}=")
        line += f" {name}={_OTHERS.sub('_', text)[:room]}" if text and room > 0 else ""
    return line


def read_record(kept: str, asked: str, *, is_occupied: bool = False) -> Record | None:
    """Read both notes; None = the store knows nothing of such a secret.

    ``is_occupied``: under the name itself is something that no step has begun to write. What a note
    doesn't say isn't known.
    """
    held, step = words_in(kept), words_in(asked)
    holds = BY_WORD.get(held.get("holds", ""), Stored.NOTHING)
    if not step.get("asked") and holds is Stored.NOTHING and not is_occupied:
        return None
    if step.get("asked") == REGISTRATION and step.get("of"):
        step["asked"] = COPY  # as earlier versions have noted one
    if step.get("asked") == LEFT and not step.get("writing"):
        step["asked"] = ""  # nothing of it is there
    return Record(
        webhook_id=held.get("webhook", ""),
        host=held.get("host", ""),
        project_id=held.get("project", ""),
        holds=Stored.OTHER if holds is Stored.NOTHING and is_occupied else holds,
        since=time_of(held.get("since", "")),
        digest=held.get("digest", ""),
        mark=held.get("mark", ""),
        legacy=held.get("legacy", ""),
        writing=step.get("writing", ""),
        past=held.get("past", "") + step.get("writing", ""),  # which may be there, or was
        asked=step.get("asked", ""),
        asked_at=time_of(step.get("at", "")),
        asked_by=(step.get("host", ""), step.get("project", "")),
        asked_about=step.get("about", ""),
        asked_of=step.get("of", ""),
        rotated=step.get("rotated", ""),
        keeps=step.get("keeps", ""),
        registering=time_of(step.get("registering", "")),
    )


def _line(words: Mapping[str, str]) -> str:
    return " ".join(f"{name}={word(value)}" for name, value in words.items() if value)


def words_in(line: str) -> dict[str, str]:
    """Return the words of a note, by their names; of what is none of ours, none."""
    if len(line) > _LONGEST_NOTE:
        return {}  # none of ours
    found = (_WORD.fullmatch(part) for part in line.split())
    return {match[1]: match[2] for match in found if match is not None}
