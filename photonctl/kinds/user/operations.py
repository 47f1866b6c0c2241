"""Listing, creating, updating and deleting users. Creating and updating are one call."""

from photonctl.errors import Conflict, Rejected
from photonctl.kinds.operations import ApplyContext, Effect, Operations
from photonctl.kinds.user.kind import UserKind
from photonctl.kinds.user.rows import FIELDS, UserSpec, user_key
from photonctl.model.plan import Action, Verb
from photonctl.model.spec import Live, spec_to_json
from photonctl.port import ProjectPort, SessionUser, UserRow

_KIND = UserKind()
_CAUSES = (
    "the tier's limit on shared users is reached, no shared line is free for this number, or the "
    "number is in use in another project of the account"
)
_DECIDING_CODES = frozenset(
    {"shared_user_limit_reached", "shared_line_unavailable", "line_not_owned"}
)


class UserOperations(Operations[UserSpec]):
    """The users of a project."""

    async def observe(self, project: ProjectPort, declared: frozenset[str]) -> list[Live[UserSpec]]:
        """List them, and find out who the owner is where no row says so (contract §6.2, 2)."""
        rows = await project.users()
        live = [_live(row, is_owner=row.is_owner) for row in rows]
        # Also where all are declared: a saved plan names all that are live, and there are twins.
        if rows and not any(row.is_owner for row in rows):
            me = await project.session()
            mine = [row.id for row in rows if me is not None and _is_me(row, me)]
            # The session of somebody else, or of a mere member, says nothing of the others.
            is_known = bool(mine) and me is not None and me.owns_project is not False
            others = False if is_known else None
            live = [_live(row, is_owner=True if row.id in mine else others) for row in rows]
        return live

    async def create(self, ctx: ApplyContext, action: Action, spec: UserSpec) -> Effect:
        """Send the declared fields; what the server kept is an error, not a reason to repeat."""
        fields = {k: v for k, v in spec_to_json(spec).items() if v is not None}
        try:
            row = await ctx.api.put_user(fields)
        except Conflict as error:
            decides = spec.type != "shared" or error.code in _DECIDING_CODES
            why = "" if decides else f". Possible causes: {_CAUSES}"
            return Effect(note=f"{error}{why}", awaits_confirmation=True)
        if row.phone_number != spec.phone_number:
            message = (
                f"Photon matched the e-mail to another user ({row.phone_number}), "
                "so this one wasn't created. Declare another e-mail for one of them; or, if the "
                "other one is to go, delete it first:  "
                f"photonctl apply --only user:{row.phone_number}"
            )
            raise Rejected(message, status=200)
        if action.verb is Verb.CREATE and row.id in ctx.known_ids:
            message = f"Photon's answer is about a user who was live before ({row.id})"
            raise Rejected(message, status=200)
        answered = spec_to_json(_live(row, is_owner=row.is_owner).spec)
        kept = [n for n in FIELDS if n in fields and not _KIND.agree(n, fields, answered)]
        if kept:
            values = ", ".join(f"{name} {answered.get(name)!r}" for name in kept)
            raise Rejected(f"Photon kept {values}", status=200)
        return Effect(id=row.id)

    async def update(self, ctx: ApplyContext, action: Action, spec: UserSpec) -> Effect:
        """The same call: Photon finds the user by the key."""
        return await self.create(ctx, action, spec)

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Delete; one that is gone already is as good."""
        was_there = await ctx.api.delete_user(action.id or "")
        return Effect(awaits_confirmation=not was_there)


def _is_me(row: UserRow, me: SessionUser) -> bool:
    """Is this who is signed in?"""
    same_mail = row.email and me.email and row.email.casefold() == me.email.casefold()
    return row.phone_number == me.phone_number or bool(same_mail)


def _live(row: UserRow, *, is_owner: bool | None) -> Live[UserSpec]:
    spec = UserSpec(
        type=row.type,
        phone_number=row.phone_number,
        assigned_phone_number=row.assigned_phone_number,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
    )
    return Live(
        key=user_key(row.type, row.phone_number, row.assigned_phone_number),
        spec=spec,
        id=row.id,
        is_owner=is_owner,
    )
