"""People in outputs that others read: recognisable for who knows them, and for nobody else.

By field: what a field holds decides how it is shown. Messages have no fields; in them, what has the
form of a phone number or an e-mail is hidden, and so is every name that the plan knows.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from photonctl.kinds.values import Personal

_DOTS = "•••"
_NUMBER = re.compile(r"\+(\d{6,15})")
_EMAIL = re.compile(r"([\w.+'-])[\w.+'-]*@([\w-]+(?:\.[\w-]+)+)")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
_ENDS, _LONG = 4, 11
_MARK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """How people are shown.

    Attributes:
        is_on: hide them.
        key: the same person gets the same short mark wherever the same key is set; "" = no mark.
        names: finds people's names in messages.
    """

    is_on: bool = False
    key: str = ""
    names: re.Pattern[str] | None = None

    def field(self, text: str, what: Personal | None) -> str:
        """Return a field's value as it may be shown."""
        if not self.is_on or what is None:
            return text
        match what:
            case Personal.PHONE:
                return _NUMBER.sub(lambda found: self._number(found[1]), text)
            case Personal.EMAIL:
                return _EMAIL.sub(rf"\1{_DOTS}@\2", text)
            case Personal.NAME:
                return " ".join(f"{word[0]}…" for word in text.split())

    def who(self, text: str) -> str:
        """Return whom an action concerns: a name, and an e-mail in angle brackets."""
        if not self.is_on:
            return text
        name, bracket, email = text.rpartition("<")
        if not bracket:
            name, email = text, ""
        shown = self.field(name, Personal.NAME), bracket + self.field(email, Personal.EMAIL)
        return " ".join(filter(None, shown))

    def message(self, text: str) -> str:
        """Return a message, a URL in it as it is."""
        if not self.is_on:
            return text
        parts, end = [], 0
        for found in _URL.finditer(text):
            parts += [self._words(text[end : found.start()]), found.group()]
            end = found.end()
        return "".join([*parts, self._words(text[end:])])

    def _words(self, text: str) -> str:
        text = self.field(self.field(text, Personal.PHONE), Personal.EMAIL)
        if self.names is None:
            return text
        return self.names.sub(lambda found: self.field(found.group(), Personal.NAME), text)

    def _number(self, digits: str) -> str:
        ends = _ENDS if len(digits) >= _LONG else len(digits) // 3
        mark = f"~{self._mark(digits)}" if self.key else ""
        return f"+{digits[:ends]}{_DOTS}{digits[-ends:]}{mark}"

    def _mark(self, text: str) -> str:
        return hmac.new(self.key.encode(), text.encode(), "sha256").hexdigest()[:_MARK]


OPEN = Redaction()


def names_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds these names in a message, word by word; a single letter is no name."""
    words = {re.escape(word) for text in texts for word in text.split() if len(word) > 1}
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(words))})(?!\w)") if words else None
