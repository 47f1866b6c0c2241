"""The published JSON Schemas: of the manifest, and of what photonctl writes for programs."""

from functools import cache
from pathlib import Path
from pkgutil import get_data

SCHEMAS = {
    "manifest": "photon.schema.json",
    "plan": "photon-plan.schema.json",
    "report": "photon-report.schema.json",
    "events": "photon-events.schema.json",
}


@cache
def schema_text(name: str = "manifest") -> str:
    """Return a schema of ``schemas/``: from the installed package, else from the checkout."""
    file = f"schemas/{SCHEMAS[name]}"
    try:
        # Not by importlib.resources, which every start of a command would wait for.
        packaged = get_data("photonctl", file)
    except OSError:
        packaged = None
    return (packaged or (Path(__file__).parents[1] / file).read_bytes()).decode()
