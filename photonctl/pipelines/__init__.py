"""The CI systems that can show more than a log. ``--ci`` chooses one."""

import time
from collections.abc import Mapping

from photonctl.pipelines.azure import Azure
from photonctl.pipelines.base import Pipeline
from photonctl.pipelines.github import GitHub
from photonctl.pipelines.gitlab import GitLab

NAMES = ("auto", "github", "gitlab", "azure", "none")
_BY_VARIABLE = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab", "TF_BUILD": "azure"}


def pipeline_named(name: str, env: Mapping[str, str]) -> Pipeline:
    """Return a CI system; ``auto``: the one whose variable is set, or none."""
    if name == "auto":
        name = next((found for known, found in _BY_VARIABLE.items() if env.get(known)), "none")
    match name:
        case "github":
            return GitHub(env)
        case "gitlab":
            return GitLab(env, time.time)
        case "azure":
            return Azure(env)
    return Pipeline()
