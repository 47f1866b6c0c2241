"""Which projects of a fleet fall to one of several machines, decided before any request. Pure.

Rendezvous hashing: each project goes to the shard with the highest hash of the two. A project is
never split, and one shard more moves only the projects that it takes.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from photonctl.errors import UsageError
from photonctl.model.state import DesiredProject
from photonctl.texts import nfc

_MOST = 10_000
# The variables of systems that run a job many times: which one it is, and of how many.
_SYSTEMS = (
    ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", 0),  # Kubernetes; the second is set by the manifest
    ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),  # GitLab counts from 1
    ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
)


class Shard(Struct, frozen=True):
    """One part of a fleet: the ``index``-th of ``count``, from 1."""

    index: int
    count: int

    def has(self, identity: str) -> bool:
        """Does a project fall to this shard?"""
        return max(range(1, self.count + 1), key=lambda n: _weight(n, identity)) == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(text: str, env: Mapping[str, str]) -> Shard:
    """Read ``I/N``, or ``auto``: from the variables of the system that runs this.

    Raises:
        UsageError: it is neither, or no variable says which one this is.
    """
    if text == "auto":
        return _from(env)
    match = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
    return _checked(int(match[1]), int(match[2]), text) if match else _checked(0, 0, text)


def only(projects: Sequence[DesiredProject], shard: Shard) -> tuple[DesiredProject, ...]:
    """Return the projects of a shard."""
    return tuple(p for p in projects if shard.has(p.id or nfc(p.name)))


def _from(env: Mapping[str, str]) -> Shard:
    for index, count, first in _SYSTEMS:
        if env.get(index) and env.get(count):
            words = env[index], env[count]
            numbers = [int(word) if word.isascii() and word.isdigit() else -2 for word in words]
            return _checked(numbers[0] + 1 - first, numbers[1], f"{words[0]} of {words[1]}")
    known = ", ".join(f"{index} and {count}" for index, count, _ in _SYSTEMS)
    raise UsageError(
        "--shard auto: no variable says which shard this is",
        hint=f"Looked for {known}. Or name it:  --shard 1/4",
    )


def _checked(index: int, count: int, text: str) -> Shard:
    if not 1 <= index <= count <= _MOST:
        raise UsageError(
            f'"{text}" is no shard', hint="Write INDEX/COUNT, from 1/COUNT on:  --shard 1/4"
        )
    return Shard(index, count)


def _weight(shard: int, identity: str) -> bytes:
    return hashlib.sha256(f"{shard}\0{identity}".encode()).digest()
