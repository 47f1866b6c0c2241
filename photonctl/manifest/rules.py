"""Rules that no kind can check alone: between the documents of a run, and inside one setting."""

from collections.abc import Iterator

from photonctl.model.spec import JsonObject, JsonValue
from photonctl.resources.base import Problem

_SINKS = ("envFile", "exec", "keyring")


def check_sinks(document: JsonObject, known: list[Problem]) -> Iterator[Problem]:
    """Each secret goes to exactly one place (interface §5); what is ``known`` isn't said twice."""
    troubled = {problem.at[:3] for problem in known}
    webhooks = document.get("webhooks")
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else []):
        secret = webhook.get("secret") if isinstance(webhook, dict) else None
        at = ("webhooks", index, "secret")
        if not isinstance(secret, dict) or at in troubled:
            continue
        named = [name for name in _SINKS if name in secret]
        if len(named) != 1:
            told = " and ".join(named) or "none"
            message = f"a secret goes to one of envFile, exec, keyring; here: {told}. Name one."
            yield Problem(at=at, message=message)
        if "exec" in named and "key" in secret:
            message = "an exec sink has no key: the command gets all of it. Remove the key."
            yield Problem(at=(*at, "key"), message=message, is_key=True)


def check_twins(document: JsonObject, seen: set[tuple[str, str]]) -> Iterator[Problem]:
    """Each project is declared by one document of a run; ``seen`` is carried between them."""
    project = document.get("project")
    if not isinstance(project, dict):
        return
    for field in ("id",) if _is_text(project.get("id")) else ("name",):
        value = project.get(field)
        if not _is_text(value):
            continue
        if (field, str(value)) in seen:
            message = f'another document declares the project "{value}", too. Join the two.'
            yield Problem(at=("project", field), message=message)
        seen.add((field, str(value)))


def _is_text(value: JsonValue) -> bool:
    return isinstance(value, str) and bool(value)
