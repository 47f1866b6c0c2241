"""The half of a kind that decides: how it is declared, compared and ordered. Pure.

The other half, which talks to Photon, is ``operations.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from msgspec.structs import replace

from photonctl.kinds.patterns import patterns_in
from photonctl.kinds.values import Personal, Problem, Verdict
from photonctl.model.filled import is_filled, shown
from photonctl.model.plan import Action, FieldChange, Hold, HoldReason, Verb
from photonctl.model.policy import Policy
from photonctl.model.reason import Reason, Why
from photonctl.model.spec import UNSET, Declared, JsonObject, JsonValue, Live, Spec, wire_names
from photonctl.model.state import Evidence, LiveProject
from photonctl.texts import nfc

S = TypeVar("S", bound=Spec)


class Kind(ABC, Generic[S]):
    """One kind of resource.

    Attributes:
        name: as in plans, reports and plan files.
        section: the manifest's key for it, for ``prune``, ``ignore`` and ``protect``.
        needs: the kinds that are created before this one, and deleted after it.
        is_root: the kind that holds all others: the project.
        is_created_with_project: a new project has the declared ones from its creation on.
        counts_in_limits: ``limits`` apply to it.
        prune_default: are undeclared ones deleted where ``prune`` doesn't say? None = never.
        is_emptied_by_destroy: ``destroy`` deletes all of it.
        spec_type: the declarable fields.
        key_field: the one that is its key, by Photon's name; "" = none is.
        in_place: fields that an update can change, by Photon's names.
        clearable, fixed: those that null empties; those that count at creation only.
        has_secret: registering one yields a one-time secret.
        personal: fields that say something of a person, by Photon's names; "" is the key.
        is_shown: ``photonctl show`` lists each of them.
        is_counted: many creations and updates may be approved by their number.
        schema: of its section, as JSON Schema, where ``photon.schema.json`` has none.
    """

    name: ClassVar[str]
    section: ClassVar[str]
    spec_type: type[S]
    needs: ClassVar[frozenset[str]] = frozenset({"project"})
    is_root: ClassVar[bool] = False
    is_created_with_project: ClassVar[bool] = False
    counts_in_limits: ClassVar[bool] = True
    prune_default: ClassVar[bool | None] = None
    is_emptied_by_destroy: ClassVar[bool] = False
    key_field: ClassVar[str] = ""
    in_place: ClassVar[frozenset[str]] = frozenset()
    clearable: ClassVar[frozenset[str]] = frozenset()
    fixed: ClassVar[frozenset[str]] = frozenset()
    has_secret: ClassVar[bool] = False
    personal: ClassVar[Mapping[str, Personal]] = {}
    is_shown: ClassVar[bool] = False
    is_counted: ClassVar[bool] = False
    schema: ClassVar["JsonObject | None"] = None

    # The manifest's side. Pure.

    @abstractmethod
    def declare(self, document: JsonObject, *, is_alone: bool) -> Iterator[Declared[S]] | None:
        """Read the declarations of this kind; None = the manifest leaves this kind alone.

        ``is_alone``: the file holds no other document.
        """

    def origins(self, document: JsonObject, tables: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """Return each section and table that declares this kind, and how many it declares.

        ``tables``: the names of ``usersFrom``, whose rows are in the document already.
        """
        section = document.get(self.section)
        return ((self.section, len(section)),) if isinstance(section, list) else ()

    def check(self, document: JsonObject, declared: Sequence[Declared[S]]) -> Iterator[Problem]:
        """Find what the JSON Schema can't say: duplicates, rules between fields."""
        return iter(())

    @abstractmethod
    def render(self, live: Sequence[Live[S]], document: JsonObject, *, is_alone: bool) -> None:
        """Write live resources into a manifest document, for export; as ``declare`` reads it."""

    def secret_names(self, live: Sequence[Live[S]], *, is_alone: bool) -> list[str]:
        """Return the name of each one's secret where a manifest names none; [] = there are none."""
        return []

    def texts(self, live: Live[S]) -> tuple[str, ...]:
        """Return what patterns are held against."""
        return (live.key,)

    def shown_texts(self, live: Live[S]) -> tuple[str, ...]:
        """Return the same as outputs show it, for wildcards."""
        return self.texts(live)

    def pattern_forms(self, pattern: str) -> tuple[str, ...]:
        """Return the ways in which a pattern of ``protect`` or ``ignore`` may be meant."""
        return (pattern,)

    def is_matched(self, live: Live[S], patterns: Sequence[str]) -> bool:
        """Does a pattern of ``ignore`` or ``protect`` mean this resource?"""
        found = patterns_in(self.pattern_forms, patterns)
        return found.match(self.texts(live), self.shown_texts(live))

    def label(self, key: str) -> str:
        """Return a key as outputs may show it."""
        return key

    def who(self, live: Live[S]) -> str:
        """Say whom a live resource concerns, beside its key; "" = nobody in particular."""
        return ""

    def facts(self, live: Live[S]) -> Mapping[str, str]:
        """Return what Photon decided about a created resource, by Photon's names."""
        return {}

    def is_complete(self, live: Live[S]) -> bool:
        """Has Photon decided everything that ``facts`` gives?"""
        return True

    def takes_seat(self, live: Live[S]) -> bool:
        """Does it count against the tier's limit (contract §4.3)?"""
        return False

    def delivered_to(self, declared: Declared[S]) -> str | None:
        """Return the URL that Photon would send requests to; None = to none."""
        return None

    def hold(self, live: Live[S], policy: Policy) -> Hold | None:
        """Say why a live resource that isn't declared must stay; None = it may be deleted.

        Not asked of kinds that a plan never deletes.
        """
        why = self._why_held(live, policy)
        return None if why is None else Hold(kind=self.name, key=live.key, why=why)

    def diff(self, want: Declared[S], have: Live[S], evidence: Evidence | None) -> Verdict[S]:
        """Compare a matched pair by the declared fields.

        Equal → nothing. A field of ``in_place`` → update. Any other → a warning: no kind is
        deleted and made again for the sake of a field.
        """
        del evidence
        if self._is_as_declared(want.spec, have.spec):
            return Verdict()
        compared = sorted(self.in_place | self.fixed)
        wanted = self._values(want.spec, compared)
        known = self._values(have.spec, compared)
        differing = [name for name in wanted if not self.agree(name, wanted, known)]
        if not differing:
            return Verdict()
        from photonctl.kinds.fields import field_changes

        changes = field_changes(
            {name: known.get(name) for name in differing},
            {name: wanted[name] for name in differing},
        )
        able = tuple(c for c in changes if self._is_changeable(c, known))
        unable = tuple(self._unable(want, c, known) for c in changes if c not in able)
        if not able:
            return Verdict(warnings=unable)
        return Verdict(
            verb=Verb.UPDATE,
            reason=Reason(Why.DIFFERS, tuple(change.field for change in able)),
            changes=able,
            spec=self._only(want.spec, {change.field for change in able}),
            warnings=unable,
        )

    def _is_as_declared(self, want: S, have: S) -> bool:
        """Is every declared field live exactly so? Most are, and need no closer look."""
        compared = self.in_place | self.fixed
        for name, wire in wire_names(type(want)):
            value = getattr(want, name)
            if value is not UNSET and wire in compared and value != getattr(have, name):
                return False
        return type(want) is type(have)

    def replacement(self, want: Declared[S]) -> Verdict[S] | None:
        """Return what registers a live resource again; None = this kind can't be replaced."""
        del want
        return None

    def could_say(self, action: Action, text: str) -> bool:
        """Could a plan say this of why it acts, beside the fields that differ?"""
        return False

    def relies_on_secret(self, spec: S) -> bool:
        """Does an update to these fields rely on a one-time secret that is stored?"""
        return False

    def odd_letters(self, document: JsonObject) -> int:
        """Count the characters of hosts that aren't ASCII, before anything reads them."""
        return 0

    def unreadable_list(self, specs: Sequence[S], count: int) -> str | None:
        """Say why a list of this many, with these texts, couldn't be read back; None = it could."""
        return None

    def comparable(self, field: str, value: JsonValue) -> JsonValue:
        """Return the form under which two values of a field are the same."""
        return nfc(value) if isinstance(value, str) else value

    def early_deletes(
        self, creates: Sequence[Action], deletes: Sequence[Action], live: LiveProject
    ) -> tuple[int, tuple[str, ...]]:
        """Say how many deletes must come before the creates, and what is to be said of them."""
        return 0, ()

    def first_to_go(self, deletes: Sequence[Action], live: LiveProject) -> Sequence[Action]:
        """Return the deletes that make room for creates."""
        return deletes

    def blocks(self, failed: Action, other: Action) -> bool:
        """Does the failure of ``failed`` (of this kind) make ``other`` pointless?"""
        return False

    # After an apply. Pure.

    def is_visible(self, action: Action, live: Live[S] | None) -> bool:
        """Is the effect of an action to be seen in live state, read back?"""
        if action.verb is Verb.DELETE or live is None:
            return (action.verb is Verb.DELETE) is (live is None)
        if action.verb is Verb.REPLACE and live.id == action.id:
            return False
        if not isinstance(action.spec, self.spec_type):
            return True
        compared = sorted(self.in_place)
        known = self._values(live.spec, compared)
        wanted = self._values(action.spec, compared)
        return all(
            self.agree(name, wanted, known)
            for name, value in wanted.items()
            if name in known and (value is not None or name in self.clearable)
        )

    def agree(
        self, name: str, wanted: Mapping[str, JsonValue], known: Mapping[str, JsonValue]
    ) -> bool:
        """Are two values of a field the same, and both known?"""
        return name in known and (
            self.comparable(name, wanted[name]) == self.comparable(name, known[name])
        )

    def _why_held(self, live: Live[S], policy: Policy) -> HoldReason | None:
        if live.is_owner:
            return HoldReason.OWNER
        if self.is_matched(live, policy.protect.get(self.name, ())):
            return HoldReason.PROTECTED
        if self.is_matched(live, policy.ignore.get(self.name, ())):
            return HoldReason.IGNORED
        if not policy.prune.get(self.name, self.prune_default):
            return HoldReason.NOT_PRUNED
        return None

    def _is_changeable(self, change: FieldChange, known: dict[str, JsonValue]) -> bool:
        may_clear = change.after is not None or change.field in self.clearable
        return change.field in self.in_place and change.field in known and may_clear

    def _unable(self, want: Declared[S], change: FieldChange, known: dict[str, JsonValue]) -> str:
        where = f"{self.name} {want.label or self.label(want.key)}: {change.field}"
        if change.field in self.fixed:
            now = "another one" if is_filled(change.after) else repr(change.before)
            after = shown(change.after)
            return f"{where} is {now} and can't be changed to {after!r}: it counts at creation only"
        if change.field not in known:
            return f"{where} isn't offered by this server, so it is left alone"
        is_personal = change.field in self.personal  # this text is shown where people are hidden
        kept = "as it is" if is_personal else repr(change.before)
        return f"{where} stays {kept}: Photon has no way to clear it"

    def _values(self, spec: S, names: Sequence[str]) -> dict[str, JsonValue]:
        """Return the fields that are set, by Photon's names."""
        known = {wire: getattr(spec, name) for name, wire in wire_names(type(spec))}
        return {
            name: list(known[name]) if isinstance(known[name], tuple) else known[name]
            for name in names
            if known[name] is not UNSET
        }

    def _only(self, spec: S, names: set[str]) -> S:
        """Return the spec without the comparable fields that aren't in ``names``."""
        dropped: dict[str, Any] = {
            name: UNSET
            for name, wire in wire_names(type(spec))
            if wire in self.in_place | self.fixed and wire not in names
        }
        return replace(spec, **dropped)
