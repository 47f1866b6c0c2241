"""Rotating a project's secret that can't be kept: the old one is dead all the same."""

import asyncio

import pytest

from photonctl.cli.project import _each
from photonctl.errors import SinkError
from photonctl.rotation import rotate_project_secret
from tests.support.fake_photon import FakeAccount


def test_a_rotation_that_cant_be_kept_says_that_the_old_secret_is_dead():
    account = FakeAccount()
    project = account.add("bot")
    before = project.row.secret

    def keep(name, project_id, secret):
        raise SinkError("Vault answers 503")

    def nothing(*_):
        pass

    rotation = rotate_project_secret(
        account, project.row, prove=nothing, confirm=nothing, keep=keep
    )
    with pytest.raises(SinkError, match="the old one doesn't work any more, but Vault") as caught:
        asyncio.run(rotation)

    assert "photonctl apply" in caught.value.hint
    (now,) = (row.secret for row in asyncio.run(account.projects()))
    assert now != before


def test_a_secret_that_another_machine_rotated_meanwhile_is_kept_in_its_place():
    account = FakeAccount()
    project = account.add("bot")
    kept = []

    def keep(name, project_id, secret):
        if not kept:
            asyncio.run(account.regenerate_secret(project.row.id))
        kept.append(secret)

    def nothing(*_):
        pass

    asyncio.run(
        rotate_project_secret(account, project.row, prove=nothing, confirm=nothing, keep=keep)
    )

    assert len(kept) == 2
    assert kept[-1] == project.row.secret


def test_a_secret_that_others_rotate_all_the_time_isnt_called_stored():
    account = FakeAccount()
    project = account.add("bot")

    def keep(name, project_id, secret):
        asyncio.run(account.regenerate_secret(project.row.id))

    def nothing(*_):
        pass

    rotation = rotate_project_secret(
        account, project.row, prove=nothing, confirm=nothing, keep=keep
    )
    with pytest.raises(SinkError, match="the newest one isn't stored"):
        asyncio.run(rotation)


def test_every_place_is_tried_and_each_that_fails_is_named():
    done = []

    def fails(what):
        raise SinkError(what)

    with pytest.raises(SinkError, match="first; second"):
        _each([lambda: fails("first"), lambda: done.append(1), lambda: fails("second")])

    assert done == [1]
