"""Names of files → desired projects."""

import sys
from collections.abc import Sequence

from photonctl.manifest.load import Loaded, load
from photonctl.manifest.sources import read_sources
from photonctl.manifest.trust import Trust
from photonctl.model.state import DesiredProject
from photonctl.reach import looking_once


def load_files(names: Sequence[str], trust: Trust) -> tuple[DesiredProject, ...]:
    """Read manifests: files, folders of them, or ``-`` for standard input.

    Raises:
        ManifestError: everything that is wrong with any of them.
    """
    return check_files(names, trust).projects


def check_files(names: Sequence[str], trust: Trust, *, leaves_out: bool = False) -> Loaded:
    """Read manifests likewise; return also what is doubtful about them, and where.

    Args:
        names: as above.
        trust: what they may use.
        leaves_out: of several manifests, one in which something is wrong doesn't hold back others.

    Raises:
        ManifestError: everything that is wrong with any of them.
    """
    with looking_once():
        sources, unread = read_sources(names, sys.stdin.buffer, trust.reach)
        return load(sources, trust, unread, leaves_out=leaves_out and len(sources) > 1)
