"""Which CI system runs this, if any: its disk is thrown away, and nobody is there to ask."""

import os
from collections.abc import Mapping

_RUNS = ("GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_BUILDID", "BUILDKITE_BUILD_ID", "CIRCLE_BUILD_NUM")
_NO = frozenset({"0", "false", "no"})
# Systems by the variable that they document. Most set CI as well, but not all, and not in every
# step: Azure, Jenkins, CodeBuild, TeamCity, Cloud Build and GoCD don't.
_SYSTEMS = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "TF_BUILD": "Azure Pipelines",
    "JENKINS_URL": "Jenkins",
    "CODEBUILD_BUILD_ID": "AWS CodeBuild",
    "TEAMCITY_VERSION": "TeamCity",
    "BITBUCKET_BUILD_NUMBER": "Bitbucket Pipelines",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
    "TRAVIS": "Travis CI",
    "APPVEYOR": "AppVeyor",
    "DRONE": "Drone",
    "CI_WOODPECKER": "Woodpecker",
    "SEMAPHORE": "Semaphore",
    "CIRRUS_CI": "Cirrus CI",
    "GITEA_ACTIONS": "Gitea Actions",
    "FORGEJO_ACTIONS": "Forgejo Actions",
    "BUILDER_OUTPUT": "Google Cloud Build",
    "GO_PIPELINE_NAME": "GoCD",
    "bamboo_planKey": "Bamboo",
    "BITRISE_IO": "Bitrise",
    "CM_BUILD_ID": "Codemagic",
    "HARNESS_BUILD_ID": "Harness",
    "PROW_JOB_ID": "Prow",
    "NETLIFY": "Netlify",
    "VERCEL": "Vercel",
    "HEROKU_TEST_RUN_ID": "Heroku CI",
    "SPACE_PROJECT_KEY": "JetBrains Space",
    "TASKCLUSTER_ROOT_URL": "Taskcluster",
    "SCREWDRIVER": "Screwdriver",
    "EAS_BUILD": "Expo EAS",
    "DISTELLI_APPNAME": "Distelli",
    "STRIDER": "Strider",
}


def ci_system(env: Mapping[str, str]) -> str | None:
    """Return the CI system's name; None = this isn't one.

    ``CI`` decides where it is set: to ``0``, ``false`` or ``no`` it says that this is no CI system,
    to anything else that it is one.
    """
    declared = env.get("CI", "").strip()
    if declared.lower() in _NO:
        return None
    named = next((name for variable, name in _SYSTEMS.items() if _is_set(env, variable)), None)
    return named or (f"CI={declared}" if declared else None)


def _is_set(env: Mapping[str, str], variable: str) -> bool:
    return env.get(variable, "").strip().lower() not in ("", *_NO)


def this_run() -> str:
    """Name this run, so that a person finds out where a step was begun."""
    import platform  # only where a step is begun

    named = (os.environ.get(name) for name in _RUNS)
    return next(filter(None, named), None) or f"{platform.node()}:{os.getpid()}"
