"""The published JSON Schemas: of the manifest, and of what photonctl writes for programs."""

from functools import cache
from importlib.resources import files
from pathlib import Path

SCHEMAS = {
    "manifest": "photon.schema.json",
    "plan": "photon-plan.schema.json",
    "report": "photon-report.schema.json",
    "events": "photon-events.schema.json",
}


@cache
def schema_text(name: str = "manifest") -> str:
    """Return a schema of ``schemas/``: from the installed package, else from the checkout."""
    packaged = files("photonctl") / "schemas" / SCHEMAS[name]
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[1] / "schemas" / SCHEMAS[name]).read_text(encoding="utf-8")
