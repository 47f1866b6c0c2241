"""Users. Creating and updating are one call; none is ever replaced (contract §6.3).

A deleted and re-created user would get another number, and the person's thread with the bot would
die. So a field that can't be updated is reported, and the user stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from photonctl.kinds.base import Kind
from photonctl.kinds.patterns import without_separators
from photonctl.kinds.user.rows import (
    FIELDS,
    UserSpec,
    declared_user,
    line_problems,
    rendered_user,
    twice,
    user_rows,
)
from photonctl.kinds.values import Personal, Problem, odd_email, too_much_text, unless_readable
from photonctl.model.plan import Action
from photonctl.model.spec import E164, Declared, JsonObject, JsonValue, Live, Spec
from photonctl.model.state import LiveProject
from photonctl.texts import nfc

_ANYBODY = (
    "users will be deleted, but the project's owner can't be identified: Photon marks none, and no "
    "session says whose account it is. Sign in (photonctl login), or list the owner under protect:"
)


class UserKind(Kind[UserSpec]):
    """A person who can talk to the bot."""

    name = "user"
    section = "users"
    needs = frozenset({"project", "platform", "profile"})
    prune_default = True
    is_emptied_by_destroy = True
    is_shown = True
    is_counted = True
    spec_type = UserSpec
    key_field = "phoneNumber"
    in_place = frozenset(FIELDS)
    personal: ClassVar = {
        "": Personal.PHONE,
        "phoneNumber": Personal.PHONE,
        "assignedPhoneNumber": Personal.PHONE,
        "firstName": Personal.NAME,
        "lastName": Personal.NAME,
        "email": Personal.EMAIL,
    }

    def declare(
        self, document: JsonObject, *, is_alone: bool
    ) -> Iterator[Declared[UserSpec]] | None:
        """Read ``users`` and the rows of ``usersFrom``; neither of them = users are left alone."""
        if "users" not in document and not document.get("usersFrom"):
            return None
        return (declared_user(row, at) for row, at in user_rows(document))

    def origins(self, document: JsonObject, tables: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """Count the rows of ``users``, and of each table of ``usersFrom``."""
        rows = document.get("usersFrom")
        found = rows if isinstance(rows, list) else []
        counts = (len(table) for table in found if isinstance(table, list))
        return (*super().origins(document, tables), *zip(tables, counts, strict=False))

    def check(
        self, document: JsonObject, declared: Sequence[Declared[UserSpec]]
    ) -> Iterator[Problem]:
        """Find the same person twice, and lines where none belong or one is missing."""
        phones: set[str] = set()
        emails: dict[str, str] = {}
        for user in declared:
            spec = user.spec
            if not E164.fullmatch(spec.phone_number):
                continue  # the schema has said so
            if user.key in phones:
                yield twice((*user.at, "phoneNumber"), "phone number", spec.phone_number)
            phones.add(user.key)
            if spec.type == "shared" and isinstance(spec.email, str):
                email = spec.email.casefold()
                if emails.get(email, user.key) != user.key:
                    yield twice((*user.at, "email"), "e-mail", spec.email)
                emails[email] = user.key
            yield from odd_email(spec.email, (*user.at, "email"))
            yield from line_problems(user)
        specs = [user.spec for user in declared]
        yield from unless_readable(self.section, self.unreadable_list(specs, len(specs)))

    def unreadable_list(self, specs: Sequence[UserSpec], count: int) -> str | None:
        """Names and addresses count."""
        texts = ((spec.first_name, spec.last_name, spec.email) for spec in specs)
        return too_much_text(texts, count)

    def render(
        self, live: Sequence[Live[UserSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``users``; Photon enrols the owner itself, so the owner isn't declared."""
        document["users"] = [rendered_user(row.spec) for row in live if not row.is_owner]

    def comparable(self, field: str, value: JsonValue) -> JsonValue:
        """An e-mail that the server keeps in lower case is the declared one."""
        same = super().comparable(field, value)
        return same.casefold() if field == "email" and isinstance(same, str) else same

    def texts(self, live: Live[UserSpec]) -> tuple[str, ...]:
        """Patterns are held against key, phone number and e-mail."""
        email = live.spec.email
        emails = (nfc(email).casefold(),) if isinstance(email, str) else ()
        return (live.key, live.spec.phone_number, *emails)

    def pattern_forms(self, pattern: str) -> tuple[str, ...]:
        """A phone number may be written with blanks and dashes, an e-mail in any case."""
        return (pattern, without_separators(pattern), nfc(pattern).casefold())

    def who(self, live: Live[UserSpec]) -> str:
        """Name the person, as far as Photon knows."""
        spec = live.spec
        name = " ".join(part for part in (spec.first_name, spec.last_name) if isinstance(part, str))
        email = f"<{spec.email}>" if isinstance(spec.email, str) else ""
        return " ".join(filter(None, (name, email)))

    def facts(self, live: Live[UserSpec]) -> Mapping[str, str]:
        """The number that this person texts."""
        assigned = live.spec.assigned_phone_number
        return {"assignedPhoneNumber": assigned} if isinstance(assigned, str) else {}

    def is_complete(self, live: Live[UserSpec]) -> bool:
        """The number may come some seconds after the user (contract §4.3)."""
        return isinstance(live.spec.assigned_phone_number, str)

    def takes_seat(self, live: Live[UserSpec]) -> bool:
        """Shared users do."""
        return _is_shared(live.spec)

    def early_deletes(
        self, creates: Sequence[Action], deletes: Sequence[Action], live: LiveProject
    ) -> tuple[int, tuple[str, ...]]:
        """At the cap a create fails with 409 until a delete has made room (contract §6.6).

        No more of them than the cap needs: what a failed create was to replace is lost else.
        """
        cap = live.shared_user_cap
        coming = sum(_is_shared(action.spec) for action in creates)
        users = live.resources.get(self.name, {})
        warnings: list[str] = []
        if any(users[action.key].is_owner is None for action in deletes):
            warnings.append(_ANYBODY)
        if cap is None or not coming:
            return 0, tuple(warnings)
        count = sum(_is_shared(user.spec) for user in users.values())
        leaving = sum(_is_shared(users[action.key].spec) for action in deletes)
        early = max(0, min(count + coming - cap, leaving))
        if early:
            warnings.append(
                f"{early} user{'s are' if early > 1 else ' is'} deleted before others are "
                f"created: the tier allows {cap} shared users, and {count} are live"
            )
        if count - leaving + coming > cap:
            warnings.append(
                f"{count - leaving + coming} shared users are more than the {cap} that the "
                "project's tier allows: creates will fail"
            )
        return early, tuple(warnings)

    def first_to_go(self, deletes: Sequence[Action], live: LiveProject) -> Sequence[Action]:
        """Only shared users count against the cap."""
        users = live.resources.get(self.name, {})
        return [action for action in deletes if _is_shared(users[action.key].spec)]


def _is_shared(spec: Spec | None) -> bool:
    return isinstance(spec, UserSpec) and spec.type == "shared"
