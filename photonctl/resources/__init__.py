"""The kinds of resources, and the order in which they are made.

::

    project ──▶ platform ──▶ profile ──▶ user, webhook      (creates, updates, replaces)
                                          user, webhook      (deletes, last)

Each needs what stands left of it: users need iMessage enabled (contract §6.6).
"""

from typing import Any

from photonctl.resources.base import ResourceKind
from photonctl.resources.platform import PlatformKind
from photonctl.resources.profile import ProfileKind
from photonctl.resources.project import ProjectKind
from photonctl.resources.user import UserKind
from photonctl.resources.webhook import WebhookKind

KINDS: tuple[ResourceKind[Any], ...] = (
    ProjectKind(),
    PlatformKind(),
    ProfileKind(),
    UserKind(),
    WebhookKind(),
)
STAGES: tuple[str, ...] = ("project", "platform", "profile")
"""Kinds that come whole before any other, one after the other."""


def kind_named(name: str) -> ResourceKind[Any]:
    """Return a kind by the name it has in plans.

    Raises:
        KeyError: there is none.
    """
    return {kind.name: kind for kind in KINDS}[name]
