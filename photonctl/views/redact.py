"""People in outputs that others read: recognisable for who knows them, and for nobody else.

By field: what a field holds decides how it is shown. Messages have no fields; in them, what has the
form of a phone number or an e-mail is hidden, and so is every name that the plan knows.
"""

import hmac
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from photonctl.kinds.values import Personal
from photonctl.model.filled import parts_of

_DOTS = "•••"
# With the separators that people write; without a plus sign from nine digits on, and no date.
_BETWEEN = r"[ ().\u00a0/-]{0,3}"
_NO_NUMBER = r"\d{4}-\d\d-\d\d|\d+\.\d+\.\d+\.\d+"  # a date, an address
_NUMBER = re.compile(
    rf"(?:(\+)\s?|(?<![\w.:/-])(?!{_NO_NUMBER})(?=\(?\d(?:{_BETWEEN}\d){{8}}))"
    rf"\(?(\d(?:{_BETWEEN}\d){{5,17}})(?!\d)"
)
_DIGITS = re.compile(r"\d{5,}")  # of a number in a form that nobody knows
_SEPARATORS = re.compile(r"\D")
# An address holds most signs, quoted text even white space; hide all that may belong to it.
_LOCAL = re.compile(r"(?:\"[^\"@]{1,64}\"|[^\s@<>\",;:]{1,64})\Z")
_LONGEST_LOCAL = 66
_DOMAIN = re.compile(r"@[\w-]{1,255}+(?:\.[\w-]{1,255}+){1,127}+")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,19}://\S+")
_WORD = re.compile(r"\w+")
_DEFAULT = re.compile(r"(\$\{env:\w+:?-)(.*)\}\Z", re.DOTALL)
_ENDS, _LONG = 4, 11
_MARK = 4


class Redaction(Struct, frozen=True, kw_only=True):
    """How people are shown.

    Attributes:
        is_on: hide them.
        key: the same person gets the same short mark wherever the same key is set; "" = no mark.
        names: words of people's names, to be hidden in messages.
    """

    is_on: bool = False
    key: str = ""
    names: frozenset[str] = frozenset()

    def field(self, text: str, what: Personal | None) -> str:
        """Return a field's value as it may be shown."""
        if not self.is_on or what is None:
            return text
        match what:
            case Personal.PHONE:
                return _DIGITS.sub(_DOTS, self._numbers(text))
            case Personal.EMAIL:
                return "".join(self._email(text))
            case Personal.NAME:
                return " ".join(map(_initial, text.split()))

    def who(self, text: str) -> str:
        """Return whom an action concerns: a name, and an e-mail in angle brackets."""
        if not self.is_on:
            return text
        name, bracket, email = text.rpartition("<")
        if not (bracket and "@" in email):
            name, bracket, email = text, "", ""
        shown = self.field(name, Personal.NAME), bracket + self.field(email, Personal.EMAIL)
        return " ".join(filter(None, shown))

    def message(self, text: str) -> str:
        """Return a message, a URL in it as it is."""
        if not self.is_on:
            return text
        parts, end = [], 0
        for found in _URL.finditer(text) if "://" in text else ():
            parts += [self._words(text[end : found.start()]), found.group()]
            end = found.end()
        return "".join([*parts, self._words(text[end:])])

    def _words(self, text: str) -> str:
        text = self._numbers(text)
        if "@" in text:
            text = "".join(self._addresses(text))
        if not self.names:
            return text
        return _WORD.sub(self._word, text)

    def _addresses(self, text: str) -> Iterator[str]:
        """Yield a text's parts, addresses hidden; looked for around each @ only."""
        done, at = 0, text.find("@")
        while at >= 0:
            domain = _DOMAIN.match(text, at)
            start = max(done, at - _LONGEST_LOCAL)
            local = _LOCAL.search(text, start, at) if domain is not None else None
            if local is not None and domain is not None:
                yield text[done : local.start()]
                yield self._address(text[local.start() : domain.end()])
                done = domain.end()
            at = text.find("@", max(at + 1, done))
        yield text[done:]

    def _word(self, found: re.Match[str]) -> str:
        word = found.group()
        return _initial(word) if word in self.names else word

    def _numbers(self, text: str) -> str:
        return _NUMBER.sub(lambda found: self._number(found[1], found[2]), text)

    def _number(self, plus: str | None, written: str) -> str:
        digits = _SEPARATORS.sub("", written)
        ends = _ENDS if len(digits) >= _LONG else len(digits) // 3
        mark = f"~{self._mark(digits)}" if self.key else ""
        return f"{plus or ''}{digits[:ends]}{_DOTS}{digits[-ends:]}{mark}"

    def _email(self, text: str) -> Iterator[str]:
        """Yield an address with its expressions: no host in one is that of the address."""
        has_host = False
        for part, is_expression in parts_of(text):
            default = _DEFAULT.match(part) if is_expression else None
            if default is not None and not (has_host and "@" not in default[2]):
                yield f"{default[1]}{self._address(default[2])}}}"
            elif is_expression or (has_host and "@" not in part):
                yield self._words(part)
            else:
                yield self._address(part)
                has_host = "@" in part

    def _address(self, text: str) -> str:
        """Keep the first character, and what follows the last @; all of it hidden without one."""
        if not text:
            return ""
        local, at, domain = text.rpartition("@")
        whole = local if at else text
        first = whole[0] if len(whole) > 1 else ""
        return f"{first}{_DOTS}@{domain}" if at else f"{first}{_DOTS}"

    def _mark(self, text: str) -> str:
        return hmac.new(self.key.encode(), text.encode(), "sha256").hexdigest()[:_MARK]


OPEN = Redaction()


def _initial(word: str) -> str:
    """Return a name's first letter, unless it has no other."""
    return f"{word[0]}…" if len(word) > 1 else "…"


def names_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of these names; a single letter of ours is no name, and one of Han is."""
    words = (word for text in texts for word in _WORD.findall(text))
    return frozenset(word for word in words if len(word) > 1 or not word.isascii())
