"""How sentences name the places that a secret goes to."""

from photonctl.model.duration import duration_text
from photonctl.model.filled import shown_text
from photonctl.model.spec import SinkSpec

NEW, GENERATED = "a new one, in its sink", "a new one"
"""What a replacement obtains, and what a project without a secret gets."""


def place_name(sink: SinkSpec) -> str:
    """Name where a secret goes in a sentence: ``KEY in TARGET``, for several places each."""
    return " and ".join(f"{shown_text(p.key)} in {shown_text(p.target)}" for p in sink.places)


def targets(sink: SinkSpec) -> str:
    """Name the places alone, without the names in them."""
    return " and ".join(shown_text(place.target) for place in sink.places)


def pair_text(sink: SinkSpec) -> str:
    """Say where a project's own credentials go."""
    places = " and ".join(f"{place.type} {shown_text(place.target)}" for place in sink.places)
    return f"kept by {places} as PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET"


def rotated_text(overlap_s: int | None) -> str:
    """Say what a rotation does to the standard secret, and for how long the old one is valid."""
    return (
        NEW if overlap_s is None else f"{NEW}; the old one is valid for {duration_text(overlap_s)}"
    )
