"""The forges that photonctl can comment on: GitHub and GitLab."""

from collections.abc import Mapping

from photonctl.errors import UsageError
from photonctl.forges.base import Comment, Forge, Request
from photonctl.forges.github import GitHub
from photonctl.forges.gitlab import GitLab

__all__ = ["Comment", "Forge", "Request", "forge_named"]


def forge_named(name: str | None, env: Mapping[str, str], number: int | None = None) -> Forge:
    """Return a forge; None = the one whose CI system runs this.

    Args:
        name: ``github`` or ``gitlab``.
        env: its repository and token.
        number: of the pull request, where the environment doesn't say.

    Raises:
        UsageError: it isn't known which, or a variable is missing.
    """
    if name is None:
        name = "gitlab" if env.get("GITLAB_CI") else "github" if env.get("GITHUB_ACTIONS") else None
    if name == "github":
        return GitHub(env, number)
    if name == "gitlab":
        return GitLab(env, number)
    raise UsageError(
        "it isn't known where the pull request is: this is no run of GitHub Actions or GitLab CI",
        hint="Name it:  --on github  or  --on gitlab",
    )
