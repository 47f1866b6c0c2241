"""The local Photon's answers against Photon's own types of its dashboard, compiled by tsc."""

import json
import shutil
import subprocess

import pytest

from photonctl.testing import local_photon
from tests.e2e.npm import npm_package

PACKAGES = (
    "@photon-ai/dashboard-api@1.6.29",
    "elysia@1.4",
    "@elysiajs/eden@1.4",
    "typescript@5.9",
)
HEAD = """\
import { treaty } from "@elysiajs/eden";
import type { PublicApp } from "@photon-ai/dashboard-api";
type Api = ReturnType<typeof treaty<PublicApp>>;
// The package's client turns times into dates; on the wire they are texts.
type Wire<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;
type Data<F extends (...args: any) => any> = Wire<NonNullable<Awaited<ReturnType<F>>["data"]>>;
type Project = ReturnType<Api["api"]["projects"]>;
"""
READS = {
    "projects": 'Api["api"]["projects"]["get"]',
    "profile": 'Api["api"]["profile"]["get"]',
    "projects/{id}": 'Project["get"]',
    "projects/{id}/spectrum/profile": 'Project["spectrum"]["profile"]["get"]',
    "projects/{id}/spectrum/users": 'Project["spectrum"]["users"]["get"]',
    "projects/{id}/platforms": 'Project["platforms"]["get"]',
    "projects/{id}/lines": 'Project["lines"]["get"]',
    "projects/{id}/webhooks": 'Project["webhooks"]["get"]',
    "projects/{id}/subscription": 'Project["subscription"]["get"]',
}
ADA = {"phoneNumber": "+15551230001", "firstName": "Ada", "lastName": "L", "email": "a@b.example"}

pytestmark = pytest.mark.timeout(300)  # the first test waits for the installation


@pytest.fixture(scope="module")
def compiled():
    """Return a function: lines of TypeScript → what the compiler says of them."""
    modules = npm_package(*PACKAGES)
    flags = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module",
             "nodenext", "--moduleResolution", "nodenext")  # fmt: skip

    def run(lines):
        (modules.parent / "answers.ts").write_text(HEAD + "\n".join(lines))
        tsc = modules / "typescript" / "bin" / "tsc"
        return subprocess.run(
            [shutil.which("node"), tsc, *flags, "answers.ts"],
            cwd=modules.parent,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        ).stdout

    return run


@pytest.fixture(scope="module")
def answers():
    """Answers about a project with users, a line and a webhook; calm, as types know no extras."""
    with local_photon(calm=True) as photon, photon._client() as client:
        created = client.post("/api/projects/", json={"name": "bot"}).json()
        path = f"/api/projects/{created['id']}"
        dedicated = {"type": "dedicated", "assignedPhoneNumber": "+16285550100"}
        for body in (ADA, {**ADA, **dedicated, "phoneNumber": "+15551230002"}):
            assert client.post(f"{path}/spectrum/users", json=body).json()["success"]
        client.post(f"{path}/webhooks", json={"webhookUrl": "https://bot.example.com/hook"})
        return {read: client.get(f"/api/{read.format(id=created['id'])}").json() for read in READS}


def test_the_answers_have_the_types_that_photon_publishes(compiled, answers):
    lines = [
        f"const a{number}: Data<{of}> = {json.dumps(answers[read])};"
        for number, (read, of) in enumerate(READS.items())
    ]

    assert compiled(lines) == ""


def test_an_answer_of_another_shape_is_found(compiled):
    assert "TS2353" in compiled([f"const a: Data<{READS['profile']}> = {{'name': 'Ada'}};"])
