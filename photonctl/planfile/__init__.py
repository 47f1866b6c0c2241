"""Plan ↔ JSON of interface §6. A plan file is complete: it is applied without its manifest."""

from photonctl.planfile.read import not_ours, plan_from_json
from photonctl.planfile.write import (
    FORMAT_VERSION,
    action_to_json,
    plan_to_json,
    project_to_json,
)

__all__ = [
    "FORMAT_VERSION",
    "action_to_json",
    "not_ours",
    "plan_from_json",
    "plan_to_json",
    "project_to_json",
]
