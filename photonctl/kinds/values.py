"""What a kind answers with."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Generic, TypeVar

from msgspec import Struct

from photonctl.codes import Code
from photonctl.model.filled import after_expressions, shown_text
from photonctl.model.plan import FieldChange, SecretStep, Verb
from photonctl.model.reason import Reason
from photonctl.model.spec import Spec
from photonctl.texts import is_long, text_size

S = TypeVar("S", bound=Spec)
_MOST = 190_000  # lists of 200,000 are read


class Personal(Enum):
    """What a field says of a person, so that outputs can hide it."""

    PHONE = "phone number"
    NAME = "name"
    EMAIL = "e-mail"


class Problem(Struct, frozen=True, kw_only=True):
    """What is wrong with a declaration: where in the document, and how to fix it.

    Attributes:
        at: the path of the value, or of the mapping's key if ``is_key``.
        quotes: the part of the message that repeats the document, and may name a person.
        needle: the part of the value's text that is meant, if not all of it.
    """

    code: Code
    at: tuple[str | int, ...]
    message: str
    quotes: str = ""
    is_key: bool = False
    needle: str = ""
    is_warning: bool = False


class Verdict(Struct, Generic[S], frozen=True, kw_only=True):
    """What is to be done about one matched pair.

    Attributes:
        verb: None = nothing.
        spec: what to send.
        needs_secret: the action obtains, moves or relies on a one-time secret, so it gets the sink.
        secret_steps: what an update does with it.
        refusals: why apply must not go on.
    """

    verb: Verb | None = None
    reason: Reason | None = None
    changes: tuple[FieldChange, ...] = ()
    spec: S | None = None
    needs_secret: bool = False
    secret_steps: tuple[SecretStep, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that make a document invalid. A warning switches no other check off."""
    return [problem for problem in problems if not problem.is_warning]


def unless_hidden(found: Iterable[Problem], by: Iterable[Problem]) -> list[Problem]:
    """Leave out what is said of a value that has a more basic problem."""
    hidden = {problem.at for problem in errors_of(by)}
    return [problem for problem in found if problem.at not in hidden]


def too_much_text(texts: Iterable[tuple[object, ...]], count: int, most: int = _MOST) -> str | None:
    """Say why a list of Photon's with these texts isn't read; None = it is.

    Args:
        texts: those of each that people write.
        count: how many entries it has.
        most: how many it may have.
    """
    if count > most:
        return f"a project has at most {most:,} of these, as more can't be read."
    if is_long(text_size(texts), count):
        return "all these together have more text than a list of Photon's. Shorten the texts."
    return None


def unless_readable(section: str, why: str | None) -> Iterator[Problem]:
    """Refuse a section whose list couldn't be read back."""
    if why is not None:
        yield Problem(code=Code.TOO_LARGE, at=(section,), message=why)


def odd_email(email: object, at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Warn of an e-mail whose host is in letters that look like others, as it is written."""
    if not isinstance(email, str):
        return
    last = after_expressions(email)
    # Where an expression may have given it, nothing written says where the host begins.
    host = last.rpartition("@")[2] if "@" in last else shown_text(email)
    if not host.isascii():
        message = "the e-mail's host isn't written in ASCII. Is it the one that you mean?"
        yield Problem(code=Code.LOOK_ALIKE, at=at, message=message, is_warning=True)
