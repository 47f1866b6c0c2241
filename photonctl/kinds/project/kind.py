"""The project itself: created when no live one has its name, renamed only when pinned by id."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from photonctl.codes import Code
from photonctl.kinds.base import Kind
from photonctl.kinds.values import Problem, Verdict
from photonctl.model.filled import Filled, looks_filled, shown_text
from photonctl.model.places import GENERATED, pair_text
from photonctl.model.plan import STEP_FIELDS, Action, FieldChange, SecretStep, Verb
from photonctl.model.reason import Reason, Why
from photonctl.model.spec import UNSET, Declared, JsonObject, Live, Spec, Text
from photonctl.model.state import Evidence


class ProjectSpec(Spec, frozen=True, kw_only=True):
    """A project's declarable fields (contract §3.2)."""

    name: str
    location: Text = UNSET


class ProjectKind(Kind[ProjectSpec]):
    """The one project of a document. Its key is the declared name."""

    name = "project"
    section = "project"
    needs = frozenset()
    is_root = True
    counts_in_limits = False
    spec_type = ProjectSpec
    key_field = "name"
    in_place = frozenset({"name"})
    fixed = frozenset({"location"})

    def declare(self, document: JsonObject, *, is_alone: bool) -> Iterator[Declared[ProjectSpec]]:
        """Read ``project``."""
        section = document.get("project")
        name = section.get("name") if isinstance(section, dict) else None
        if not isinstance(section, dict) or not isinstance(name, str):
            return
        location = section.get("location")
        spec = ProjectSpec(name=name, location=location if isinstance(location, str) else UNSET)
        yield Declared(key=name, label=shown_text(name), spec=spec, at=("project",))

    def check(
        self, document: JsonObject, declared: Sequence[Declared[ProjectSpec]]
    ) -> Iterator[Problem]:
        """Refuse a name that outputs would show as what an expression gave."""
        for project in declared:
            name = project.spec.name
            if looks_filled(name) and not isinstance(name, Filled):
                message = "the name has a ${…} that is no expression. Write it without the $."
                at = (*project.at, "name")
                yield Problem(code=Code.EXPRESSION, at=at, message=message)

    def render(
        self, live: Sequence[Live[ProjectSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``project``, pinned by its id."""
        for row in live:
            section: JsonObject = {"name": row.spec.name, "id": row.id}
            if isinstance(row.spec.location, str):
                section["location"] = row.spec.location
            document["project"] = section

    def diff(
        self, want: Declared[ProjectSpec], have: Live[ProjectSpec], evidence: Evidence | None
    ) -> Verdict[ProjectSpec]:
        """Compare the fields; one whose creation was interrupted gets its secret first.

        The credentials of one that has them are stored where they aren't.
        """
        fields = super().diff(want, have, evidence)
        if evidence is not None and evidence.was_interrupted:
            step, reason, after = SecretStep.GENERATE, Why.INCOMPLETE, GENERATED
        elif evidence is not None and evidence.credentials is not None:
            step, reason = SecretStep.STORE, Why.CREDENTIALS
            after = pair_text(evidence.credentials)
        else:
            return fields
        change = FieldChange(field=STEP_FIELDS[step], before=None, after=after)
        return replace(
            fields,
            verb=Verb.UPDATE,
            reason=Reason(reason),
            changes=(*fields.changes, change),
            spec=fields.spec or ProjectSpec(name=have.spec.name),
            secret_steps=(step,),
        )

    def blocks(self, failed: Action, other: Action) -> bool:
        """Without a project, or what opens it, there is nothing to put anything into.

        Where it can't be renamed, it isn't the one that the manifest speaks of: nothing goes.
        """
        is_renamed = any(change.field == "name" for change in failed.changes)
        goes = other.verb in (Verb.DELETE, Verb.REPLACE)
        is_begun = failed.verb is Verb.CREATE or SecretStep.GENERATE in failed.secret_steps
        return is_begun or (is_renamed and goes)
