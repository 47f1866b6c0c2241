"""Titles of issues, in which a forge looks for people and references."""

import pytest

from photonctl.model.plan import ProjectPlan
from photonctl.views import drift, markdown


@pytest.mark.parametrize("name", ["@all", "~bug", "!12", "&3", "#7", "%4", "$9", "GH-1", "x@y"])
def test_a_title_mentions_nobody(name):
    plan = ProjectPlan(name=name, id=None, manifest="m", fingerprint="")

    assert name not in drift.title(plan)
    assert name in drift.title(plan).replace("\u200b", "")


def test_a_title_is_no_longer_than_a_forges():
    plan = ProjectPlan(name="@" * 2_000, id=None, manifest="m", fingerprint="")

    assert len(drift.title(plan)) < 256


@pytest.mark.parametrize("name", ["&3", "$9"])
def test_a_text_refers_to_nothing_once_it_is_decoded(name):
    shown = markdown.escape(name).replace("&amp;", "&").replace("&#36;", "$")

    assert name not in shown
