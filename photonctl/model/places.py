"""How sentences name the places that a secret goes to."""

import re

from photonctl.model.duration import duration_text
from photonctl.model.filled import shown_text
from photonctl.model.spec import SinkSpec

_SENTENCE = re.compile(r"[\s;,\"]")
NEW, GENERATED = "a new one, in its sink", "a new one"
"""What a replacement obtains, and what a project without a secret gets."""


def _named(text: str) -> str:
    """Return a name in a sentence; in quotes where it could be taken for more of the sentence."""
    return quoted(text) if _SENTENCE.search(shown_text(text)) else shown_text(text)


def quoted(text: str) -> str:
    """Return a name in quotes, so that it ends where it seems to end."""
    return '"' + shown_text(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def target_as_key(sink: SinkSpec) -> str:
    """Name one place, and the name in it: ``secret/bot as BOT``."""
    return f"{_named(sink.target)} as {_named(sink.key)}"


def place_name(sink: SinkSpec) -> str:
    """Name where a secret goes in a sentence: ``KEY in TARGET``, for several places each."""
    return " and ".join(f"{_named(p.key)} in {_named(p.target)}" for p in sink.places)


def targets(sink: SinkSpec) -> str:
    """Name the places alone, without the names in them."""
    return " and ".join(map(place_target, sink.places))


def place_target(sink: SinkSpec) -> str:
    """Name one place alone."""
    return _named(sink.target)


def pair_text(sink: SinkSpec) -> str:
    """Say where a project's own credentials go."""
    places = " and ".join(f"{place.type} {_named(place.target)}" for place in sink.places)
    return f"kept by {places} as PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET"


def other_name(sink: SinkSpec) -> str:
    """Say where a secret is whose name in its place has changed."""
    return f"another name in {_named(sink.target)}"


def rotated_text(overlap_s: int | None) -> str:
    """Say what a rotation does to the standard secret, and for how long the old one is valid."""
    return (
        NEW if overlap_s is None else f"{NEW}; the old one is valid for {duration_text(overlap_s)}"
    )
