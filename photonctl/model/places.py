"""How sentences name the places that a secret goes to."""

from photonctl.model.filled import shown_text
from photonctl.model.spec import SinkSpec


def place_name(sink: SinkSpec) -> str:
    """Name where a secret goes in a sentence: ``KEY in TARGET``, for several places each."""
    return " and ".join(f"{shown_text(p.key)} in {shown_text(p.target)}" for p in sink.places)


def targets(sink: SinkSpec) -> str:
    """Name the places alone, without the names in them."""
    return " and ".join(shown_text(place.target) for place in sink.places)
