"""How far a run trusts its manifests: what they may use, and which texts must never be in one."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.reach import Reach


def _none() -> Iterable[str]:
    return ()


class Trust(Struct, frozen=True, kw_only=True):
    """What the manifests of a run may use.

    Attributes:
        env: where ``${env:…}`` looks.
        names: the variables that it may use; None = all but photonctl's own credentials.
        reach: where files may be read and written.
        credentials: returns photonctl's own credentials; called once, when there is a manifest.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] | None = None
    reach: Reach = field(default_factory=Reach)
    credentials: Callable[[], Iterable[str]] = _none

    def __repr__(self) -> str:
        """Show nothing of what is in it: a traceback with its variables prints this."""
        return f"{type(self).__name__}(…)"

    def beside(self, credentials: Callable[[], Iterable[str]]) -> "Trust":
        """Return the same with more texts that no manifest may hold."""
        return replace(self, credentials=lambda: (*self.credentials(), *credentials()))
