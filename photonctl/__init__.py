"""photonctl as a library: declare users and webhooks of Photon Spectrum, and make them live.

See docs/library.md. Everything in ``__all__`` is public and typed; the rest may change. Names are
imported when they are first used, so that ``import photonctl`` costs nothing.
"""

TYPE_CHECKING = False  # importing it from typing would cost a third of ``--version``
if TYPE_CHECKING:
    from typing import Any

    from photonctl.api.access import Access
    from photonctl.api.auth import ProjectPair
    from photonctl.clock import Clock
    from photonctl.errors import PhotonctlError
    from photonctl.events import Event
    from photonctl.locks import LockRules
    from photonctl.manifest.trust import Trust
    from photonctl.model.part import Choice, Part
    from photonctl.model.plan import Plan, ProjectPlan
    from photonctl.model.report import ProjectReport, Report
    from photonctl.model.secret import Secret
    from photonctl.model.state import DesiredProject
    from photonctl.rules import Rules
    from photonctl.session import Session
    from photonctl.showing import ShownProject
    from photonctl.simple import apply, destroy, export, load, plan, show

__version__ = "0.1.0"
__all__ = [
    "Access",
    "Choice",
    "Clock",
    "DesiredProject",
    "Event",
    "LockRules",
    "Part",
    "PhotonctlError",
    "Plan",
    "ProjectPair",
    "ProjectPlan",
    "ProjectReport",
    "Report",
    "Rules",
    "Secret",
    "Session",
    "ShownProject",
    "Trust",
    "apply",
    "destroy",
    "export",
    "load",
    "plan",
    "show",
]
_HOMES = {
    "api.access": ("Access",),
    "api.auth": ("ProjectPair",),
    "clock": ("Clock",),
    "errors": ("PhotonctlError",),
    "events": ("Event",),
    "locks": ("LockRules",),
    "manifest.trust": ("Trust",),
    "model.part": ("Choice", "Part"),
    "model.plan": ("Plan", "ProjectPlan"),
    "model.report": ("ProjectReport", "Report"),
    "model.secret": ("Secret",),
    "model.state": ("DesiredProject",),
    "rules": ("Rules",),
    "session": ("Session",),
    "showing": ("ShownProject",),
    "simple": ("apply", "destroy", "export", "load", "plan", "show"),
}


def __getattr__(name: str) -> "Any":
    """Import a public name from where it is defined."""
    from importlib import import_module

    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
