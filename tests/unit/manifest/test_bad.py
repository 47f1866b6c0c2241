"""Broken manifests, one file each, beside the error lines they must give."""

from pathlib import Path

import pytest

from photonctl.errors import ManifestError
from photonctl.manifest.load import load
from photonctl.manifest.sources import read_sources
from photonctl.manifest.trust import Trust
from photonctl.reach import Reach

CASES = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


@pytest.mark.parametrize("manifest", CASES, ids=lambda path: path.stem)
def test_a_broken_manifest_is_told_where_and_how_to_mend_it(manifest, monkeypatch):
    monkeypatch.chdir(manifest.parent)
    sources, unread = read_sources([manifest.name], None, Reach())

    with pytest.raises(ManifestError) as caught:
        load(sources, Trust(), unread)

    told = [str(diagnostic) for diagnostic in caught.value.diagnostics]
    expected = manifest.with_suffix(".expected").read_text(encoding="utf-8").splitlines()
    assert told == expected
    assert caught.value.exit_code == 3


def test_there_are_enough_of_them():
    assert len(CASES) >= 30


@pytest.mark.parametrize("manifest", CASES, ids=lambda path: path.stem)
def test_the_source_line_is_shown(manifest, monkeypatch):
    monkeypatch.chdir(manifest.parent)
    sources, unread = read_sources([manifest.name], None, Reach())

    with pytest.raises(ManifestError) as caught:
        load(sources, Trust(), unread)

    for diagnostic in caught.value.diagnostics:
        lines = Path(diagnostic.file).read_text(encoding="utf-8").splitlines()
        if lines:
            assert diagnostic.source == lines[diagnostic.line - 1]
