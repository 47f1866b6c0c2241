"""The kinds of resources, and the order in which they are created.

A kind is a folder: ``kind.py`` decides (pure), ``operations.py`` talks to Photon. To add one, add
its two halves to the two tables, here and in ``live.py``.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from photonctl.kinds.base import Kind
from photonctl.kinds.platform.kind import PlatformKind
from photonctl.kinds.profile.kind import ProfileKind
from photonctl.kinds.project.kind import ProjectKind
from photonctl.kinds.user.kind import UserKind
from photonctl.kinds.webhook.kind import WebhookKind
from photonctl.model.plan import Action, Verb

_KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (ProjectKind(), PlatformKind(), ProfileKind(), UserKind(), WebhookKind())
}


@cache
def kinds() -> tuple[Kind[Any], ...]:
    """Return every kind, in the order in which their resources are created."""
    return tuple(sorted(_KINDS.values(), key=lambda kind: level(kind.name)))


def is_kind(name: str) -> bool:
    """Is there a kind of this name?"""
    return name in _KINDS


def kind_named(name: str) -> Kind[Any]:
    """Return a kind by the name it has in plans.

    Raises:
        KeyError: there is none.
    """
    return _KINDS[name]


def root_kind() -> Kind[Any]:
    """Return the kind that holds all others: the project."""
    return next(kind for kind in _KINDS.values() if kind.is_root)


def deletes_root(actions: Iterable[Action]) -> bool:
    """Is the project itself among what is deleted?"""
    return any(a.verb is Verb.DELETE and kind_named(a.kind).is_root for a in actions)


def level(name: str) -> int:
    """Return how many levels of other kinds come before a kind: 0 = it needs nothing."""
    return max((level(needed) + 1 for needed in _KINDS[name].needs), default=0)


@contextmanager
def registered(kind: Kind[Any]) -> Iterator[None]:
    """Know one more kind for a while; for tests of what a new kind needs."""
    _KINDS[kind.name] = kind
    kinds.cache_clear()
    try:
        yield
    finally:
        del _KINDS[kind.name]
        kinds.cache_clear()
