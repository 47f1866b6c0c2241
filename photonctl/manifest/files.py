"""Names of files → desired projects."""

import sys
from collections.abc import Sequence

from photonctl.manifest.load import load
from photonctl.manifest.sources import read_sources
from photonctl.manifest.trust import Trust
from photonctl.model.state import DesiredProject


def load_files(names: Sequence[str], trust: Trust) -> tuple[DesiredProject, ...]:
    """Read manifests: files, folders of them, or ``-`` for standard input.

    Raises:
        ManifestError: everything that is wrong with any of them.
    """
    sources, unread = read_sources(names, sys.stdin.buffer, trust.reach)
    return load(sources, trust, unread).projects
