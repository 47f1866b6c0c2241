"""Platforms: enabled if missing; disabled only under ``prune.platforms``."""

from collections.abc import Iterator, Sequence

from photonctl.kinds.base import Kind
from photonctl.model.plan import Action
from photonctl.model.spec import Declared, JsonObject, Live, Spec


class PlatformSpec(Spec, frozen=True, kw_only=True):
    """A platform is there or it isn't: its word is all there is to declare."""


class PlatformKind(Kind[PlatformSpec]):
    """An enabled platform. Its key is its word (contract §6.1)."""

    name = "platform"
    section = "platforms"
    prune_default = False
    is_created_with_project = True
    spec_type = PlatformSpec

    def declare(
        self, document: JsonObject, *, is_alone: bool
    ) -> Iterator[Declared[PlatformSpec]] | None:
        """Read ``project.platforms``."""
        section = document.get("project")
        words = section.get("platforms") if isinstance(section, dict) else None
        if not isinstance(words, list):
            return None
        return (
            Declared(key=str(word), spec=PlatformSpec(), at=("project", "platforms", index))
            for index, word in enumerate(words)
        )

    def render(
        self, live: Sequence[Live[PlatformSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``project.platforms``."""
        section = document.setdefault("project", {})
        if isinstance(section, dict):
            section["platforms"] = [row.key for row in live]

    def blocks(self, failed: Action, other: Action) -> bool:
        """Users need iMessage (contract §6.6); nothing waits for the other platforms."""
        return failed.key == "imessage" and other.kind == "user"
