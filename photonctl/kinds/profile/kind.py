"""The project's profile: the names that people see."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from photonctl.kinds.base import Kind
from photonctl.kinds.values import Personal
from photonctl.model.spec import UNSET, Declared, JsonObject, Live, Spec, Text, spec_to_json

PROFILE_KEY = "profile"


class ProfileSpec(Spec, frozen=True, kw_only=True):
    """The names (contract §3.4)."""

    first_name: Text = UNSET
    last_name: Text = UNSET


class ProfileKind(Kind[ProfileSpec]):
    """The one profile of a project; it is always there, perhaps without names."""

    name = "profile"
    section = "profile"
    needs = frozenset({"project", "platform"})
    spec_type = ProfileSpec
    in_place = frozenset({"firstName", "lastName"})
    personal: ClassVar = {"firstName": Personal.NAME, "lastName": Personal.NAME}

    def declare(
        self, document: JsonObject, *, is_alone: bool
    ) -> Iterator[Declared[ProfileSpec]] | None:
        """Read ``project.profile``."""
        section = document.get("project")
        profile = section.get("profile") if isinstance(section, dict) else None
        if not isinstance(profile, dict):
            return None
        first, last = profile.get("firstName", UNSET), profile.get("lastName", UNSET)
        spec = ProfileSpec(
            first_name=first or None if isinstance(first, str | None) else UNSET,
            last_name=last or None if isinstance(last, str | None) else UNSET,
        )
        return iter([Declared(key=PROFILE_KEY, spec=spec, at=("project", "profile"))])

    def render(
        self, live: Sequence[Live[ProfileSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``project.profile``, if it has names."""
        section = document.setdefault("project", {})
        names: JsonObject = {k: v for row in live for k, v in spec_to_json(row.spec).items() if v}
        if isinstance(section, dict) and names:
            section["profile"] = names
