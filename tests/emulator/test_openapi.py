"""The OpenAPI document, and schemathesis holding every answer against it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import photon_process

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
# What ends the credentials that the other requests need is tried apart, after them.
DEADLY = (
    "POST /api/auth/sign-out",
    "POST /api/projects/{project_id}/regenerate-secret",
    "DELETE /api/projects/{project_id}",
)
CONFIG = """
[auth.openapi.session]
bearer = "{token}"
[auth.openapi.project]
username = "{spectrum_id}"
password = "{secret}"
[[operations]]
include-tag = "Spectrum"
parameters = {{ "path.project_id" = "{spectrum_id}" }}
[[operations]]
include-tag = "Dashboard"
parameters = {{ "path.project_id" = "{project_id}" }}
"""


def test_the_document_has_every_route_of_its_generation_and_no_page(older, newer):
    def paths(photon):
        return photon.http.get(f"{photon.url}/openapi/json").json()["paths"]

    assert set(paths(older)) < set(paths(newer))
    assert "/projects/{project_id}/webhooks/egress-ips" in set(paths(newer)) - set(paths(older))
    assert "/device" not in paths(newer)


def run(url, folder, *flags):
    return subprocess.run(
        [
            SCHEMATHESIS,
            "--config-file=schemathesis.toml",
            "run",
            f"{url}/openapi/json",
            f"--checks={','.join(CHECKS)}",
            "--phases=coverage,fuzzing",
            "--max-examples=8",
            "--generation-deterministic",  # the same in every run of CI
            "--no-color",
            *flags,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("generation", ["2026-06", "2026-09"])
def test_no_answer_is_outside_the_document_or_a_5xx(tmp_path, generation):
    with photon_process("--rate", "0", "--api-generation", generation) as photon:
        with photon.dashboard() as dashboard:
            body = {"name": "bot", "spectrum": True, "platforms": ["imessage"]}
            project_id = dashboard.post("/projects/", json=body).json()["id"]
            row = dashboard.get(f"/projects/{project_id}").json()
        spectrum_id = row.get("spectrumProjectId", project_id)
        config = CONFIG.format(
            token=photon.token,
            project_id=project_id,
            spectrum_id=spectrum_id,
            secret=row["projectSecret"],
        )
        (tmp_path / "schemathesis.toml").write_text(config)

        others = run(photon.url, tmp_path, *(f"--exclude-name={name}" for name in DEADLY))
        assert others.returncode == 0, others.stdout
        assert "returned only 401" not in others.stdout  # else it would prove nothing

        deadly = run(photon.url, tmp_path, *(f"--include-name={name}" for name in DEADLY))
        assert deadly.returncode == 0, deadly.stdout
