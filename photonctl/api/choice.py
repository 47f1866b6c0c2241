"""Which live project is meant, and what to say where none can be opened."""

from collections.abc import Sequence

from photonctl.errors import AmbiguousProject, NoProjectSecret
from photonctl.model.filled import shown_text
from photonctl.port import ProjectRow
from photonctl.texts import quote


def no_secret(row: ProjectRow) -> NoProjectSecret:
    """Say how to get at a project whose secret the account doesn't see."""
    name = quote(row.name)
    return NoProjectSecret(
        f'the project "{row.name}" ({row.id}) shows no secret to this account',
        hint="If an apply of yours has just created it, apply again, in the same folder:\n"
        "  photonctl apply\n"
        "Otherwise set PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET, or rotate the secret, which "
        f"every running bot of it needs, too:\n  photonctl project rotate-secret --project {name}",
        project_id=row.id,
        name=row.name,
    )


def only_one(rows: Sequence[ProjectRow], name: str) -> ProjectRow | None:
    """Return the one project of a name; None = there is none.

    Raises:
        AmbiguousProject: there are several.
    """
    if len(rows) > 1:
        ids = "\n".join(f"  id: {row.id}" for row in sorted(rows, key=lambda r: r.id))
        raise AmbiguousProject(
            f'{len(rows)} live projects are named "{shown_text(name)}"',
            hint=f"Pin the one that is meant, below project: in the manifest:\n{ids}",
        )
    return rows[0] if rows else None
