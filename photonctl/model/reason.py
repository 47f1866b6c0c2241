"""Why a plan acts: a code and what it is about. ``why_text`` puts it into words."""

from enum import Enum

from msgspec import Struct


class Why(Enum):
    """The reasons of a plan's actions. Their values are codes in plan files."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    DIFFERS = "differs"
    DESTROY = "destroy"
    DESTROY_PROJECT = "destroy-project"
    INCOMPLETE = "incomplete"
    INTERRUPTED = "interrupted"
    ROTATION_INTERRUPTED = "rotation-interrupted"
    SECRET_LOST = "secret-lost"
    ASKED = "asked"
    SECRET_RENAMED = "secret-renamed"
    SECRET_ELSEWHERE = "secret-elsewhere"
    SECRET_OLD = "secret-old"
    CREDENTIALS = "credentials"


_WORDS = {
    Why.DECLARED: "declared, not live",
    Why.UNDECLARED: "live, not declared",
    Why.DESTROY: "destroy",
    Why.ASKED: "asked for with --replace",
    Why.DESTROY_PROJECT: "destroy --project-too: permanent, with its owner and everything in it",
    Why.INCOMPLETE: "its creation was interrupted before its secret was read",
    Why.INTERRUPTED: "its registration was interrupted before its secret was stored",
    Why.ROTATION_INTERRUPTED: "its rotation was interrupted before the new secret was stored",
    Why.SECRET_RENAMED: "its secret is stored under another name",
    Why.CREDENTIALS: "a place that its credentials go to doesn't hold them",
    Why.SECRET_ELSEWHERE: "one of its places lacks its secret, and another one has it",
}


class Reason(Struct, frozen=True):
    """Why an action is in a plan.

    Attributes:
        about: the fields that differ, by Photon's names; or in words how a secret was lost.
    """

    why: Why
    about: tuple[str, ...] = ()


def reason_text(reason: Reason) -> str:
    """Return a reason in words."""
    if reason.why is Why.DIFFERS:
        return f"{', '.join(reason.about)} differ{'s' * (len(reason.about) == 1)}"
    return _WORDS.get(reason.why) or "; ".join(reason.about)
