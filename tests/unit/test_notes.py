"""The notes that stores keep beside a secret."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from photonctl.model.held import (
    ROTATION,
    Intent,
    about,
    asked_line,
    kept_line,
    read_record,
)
from photonctl.model.recorded import record_of
from photonctl.model.secret import Secret
from photonctl.model.spec import Origin

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MARK = 8  # letters of what AWS and Vault call a version
ROOM = 256  # of a tag of AWS, the smallest
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=300)
SECRET, OTHER = Secret("a" * 40), Secret("whsec_" + "b" * 40)


@example(host="h" * 64, project="p" * 64, webhook="w" * 64)
@example(host="h" * 36, project="p" * 36, webhook="w" * 36)
@given(host=WORDS, project=WORDS, webhook=WORDS)
def test_a_note_fits_into_every_store_and_is_known_again(host, project, webhook):
    origin = Origin(host=f"https://{host}", project_id=project)
    given_now = {"signing": SECRET, "standard": OTHER}
    kept = replace(record_of(origin, webhook, given_now, None, AT), mark="m" * MARK)
    intent = Intent(
        step=ROTATION, origin=origin, at=AT, run=host, about=about(webhook), webhook_id=webhook
    )
    lines = kept_line(kept), asked_line(intent)
    assert max(map(len, lines)) <= ROOM
    found = read_record(*lines)
    assert found.belongs_to(origin)
    assert found.webhook_id == kept.webhook_id
    assert found.was_asked_by(origin, ROTATION, webhook)
    assert found.has_held(SECRET)
    assert found.has_held(OTHER)
    assert not found.belongs_to(Origin(host=f"https://{host}x", project_id=project))
