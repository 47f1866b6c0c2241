"""Photon may mark no user as the owner: whoever is signed in then says who that is."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from photonctl.api.project import Project
from photonctl.errors import NoProjectSecret, PhotonctlError, PlanRefused, Rejected
from photonctl.model.held import CREATION, Intent
from photonctl.model.spec import Origin, SinkSpec
from photonctl.port import ProjectRow, SessionUser
from photonctl.sealed import plan_from_text, plan_to_text, sealed
from photonctl.sinks import open_sink
from tests.stores.running import entered
from tests.support.engine import errors

HEAD = "version: 1\nproject: {name: bot}\n"
USER = "{phoneNumber: +15551230001, firstName: Ada}"


@pytest.fixture
def unmarked(engine):
    (project,) = engine.account.live.values()
    project.user_rows = {
        key: replace(row, is_owner=False) for key, row in project.user_rows.items()
    }
    assert engine.apply(f"{HEAD}users: [{USER}]\n").converged
    (owner,) = [row for row in project.user_rows.values() if row.phone_number != "+15551230001"]
    return project, owner


def saved(engine, edit=lambda _: None):
    data = json.loads(plan_to_text(engine.plan(f"{HEAD}users: []\n")))
    edit(data["projects"][0])
    return plan_from_text(json.dumps(sealed(data)))


def test_a_saved_plan_is_applied_and_leaves_the_owner(engine, unmarked):
    project, owner = unmarked

    assert not errors(engine.apply_plan(saved(engine)))
    assert list(project.user_rows) == [owner.id]


def test_an_edited_plan_file_deletes_no_owner(engine, unmarked):
    project, owner = unmarked

    def edit(data):
        (action,) = data["actions"]
        who = f"<{owner.email}>"
        key = owner.phone_number
        action.update(key=key, label=key, who=who, id=owner.id)
        data["holds"] = []

    with pytest.raises(PlanRefused, match="owner"):
        engine.apply_plan(saved(engine, edit))
    assert owner.id in project.user_rows


def test_a_twin_of_a_declared_number_that_is_the_owners_stays(engine, unmarked):
    project, owner = unmarked
    project.user_rows["twin"] = replace(owner, id="twin")

    engine.apply(f"{HEAD}users: [{{phoneNumber: '{owner.phone_number}'}}]\n")

    assert owner.id in project.user_rows


def test_what_isnt_renamed_loses_nothing(engine, monkeypatch):
    (project,) = engine.account.live.values()
    assert engine.apply(f"{HEAD}users: [{USER}]\n").converged
    before = dict(project.user_rows)

    async def refuses(*_):
        raise Rejected("taken", status=409)

    monkeypatch.setattr(engine.account, "rename_project", refuses)
    engine.apply(f"version: 1\nproject: {{name: stage, id: {project.row.id}}}\nusers: []\n")

    assert project.user_rows == before


def test_a_stores_note_of_a_creation_is_not_about_a_project_that_is_pinned(
    engine, tmp_path, monkeypatch
):
    with entered("vault", tmp_path, monkeypatch) as store:
        other = engine.account.add("prod", is_secretive=True)
        spec = SinkSpec(type="vault", target=store.target, key="BOT")
        origin = Origin(host=engine.account.host, project_id="stage")
        step = Intent(step=CREATION, origin=origin, at=datetime.now(UTC), run="ci:1")
        open_sink(spec, tmp_path).open_intent(step)
        hook = f"webhooks: [{{url: 'https://b.example.com/', secret: {store.sink()}}}]\n"
        before = other.row.secret

        with pytest.raises(PhotonctlError) as caught:
            engine.plan(f"version: 1\nproject: {{name: stage, id: {other.row.id}}}\n{hook}")

        assert isinstance(caught.value, NoProjectSecret)
        assert other.row.secret == before


@pytest.mark.parametrize("listed", [False, True])
def test_who_cant_read_the_project_doesnt_own_it(listed):
    """A pair may open a project whose row the session can't see."""

    row = ProjectRow(id="p1", spectrum_id="p1", name="bot")

    class Identity:
        async def session(self):
            return SessionUser(id="me")

        async def project(self, _):
            return replace(row, is_mine=True) if listed else None

    project = Project(row, None, dashboard=None, identity=Identity(), is_accepted=lambda: True)

    assert asyncio.run(project.session()).owns_project is listed
