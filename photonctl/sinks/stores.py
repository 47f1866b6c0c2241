"""Which module knows which secret store."""

from photonctl.model.filled import shown_text
from photonctl.model.names import all_names
from photonctl.model.spec import SinkSpec
from photonctl.sinks.service import Service
from photonctl.sinks.store import StoreSink


def open_store(spec: SinkSpec, names: tuple[str, ...] | None = None) -> StoreSink:
    """Return the sink of a secret store; nothing is asked of it yet.

    ``names``: of the values that it is about, where they aren't those of a webhook.
    """
    return StoreSink(_service(spec, names or all_names(spec.key)), spec.key)


def _service(spec: SinkSpec, names: tuple[str, ...]) -> Service:
    target, key, shown = spec.target, spec.key, shown_text(spec.target)
    match spec.type:
        case "awsSecretsManager":
            from photonctl.sinks.aws import AwsSecret

            return AwsSecret(target, key, names, shown=shown)
        case "kubernetes":
            from photonctl.sinks.kubernetes import KubernetesSecret

            return KubernetesSecret(target, key, names, shown=shown)
        case "vault":
            from photonctl.sinks.vault import VaultSecret

            return VaultSecret(target, key, names, shown=shown)
        case "githubActions":
            from photonctl.sinks.github import GithubSecrets

            return GithubSecrets(target, key, names, shown=shown)
        case _:
            from photonctl.sinks.gitlab import GitlabVariables

            return GitlabVariables(target, key, names, shown=shown)
