"""After the last action: what live state, listed again, says of every one of them."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from photonctl.clock import Clock
from photonctl.errors import PhotonctlError
from photonctl.executor.shown import LiveRows, confirm, is_complete, is_visible
from photonctl.kinds import kind_named
from photonctl.kinds.operations import LATER_DELAYS_S, READ_BACK_DELAYS_S
from photonctl.model.filled import shown_text
from photonctl.model.report import ProjectReport, Status
from photonctl.model.state import LiveProject
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.planner.fingerprint import resource_hashes
from photonctl.port import AccountPort
from photonctl.texts import nfc


async def read_back(account: AccountPort, report: ProjectReport, clock: Clock) -> ProjectReport:
    """List live state again, a few times if need be, and settle what only it can show."""
    whole = ObservationRequest.of_plan(report.plan)
    touched = {outcome.action.kind for outcome in report.outcomes}
    keys = {kind: found for kind, found in whole.keys.items() if kind in touched}
    request = replace(whole, id=report.id, keys=keys)
    hopeful = all(outcome.status is Status.OK for outcome in report.outcomes)
    live = LiveProject()
    rows = LiveRows(live)
    for place, pause_s in enumerate((*READ_BACK_DELAYS_S, *LATER_DELAYS_S)):
        await clock.sleep(pause_s)
        account.forget_projects()
        try:
            live, _ = await refresh(account, request)
        except PhotonctlError as error:
            if place > 0:
                break  # an earlier look has shown it, perhaps not to the last number
            detail = f"live state could not be read back: {error}"
            return replace(report, errors=(*report.errors, detail), converged=False)
        rows = LiveRows(live)
        is_shown = all(is_visible(outcome, rows) for outcome in report.outcomes)
        waits_longer = (hopeful or is_shown) and not is_complete(report.outcomes, rows)
        may_be_late = hopeful and not is_shown and place + 1 < len(READ_BACK_DELAYS_S)
        if not (may_be_late or (is_shown and waits_longer)):
            break
    outcomes = tuple(confirm(report.outcomes, rows))
    is_done = all(outcome.status is Status.OK for outcome in outcomes)
    return replace(
        report,
        outcomes=outcomes,
        converged=is_done and not report.errors,
        after={
            **{ref: found for ref, found in report.after.items() if ref.kind not in touched},
            **resource_hashes(live, touched),
        },
    )


async def with_twins(account: AccountPort, reports: Sequence[ProjectReport]) -> list[ProjectReport]:
    """Say which other projects have the names of those that this run created.

    Photon makes a second one of a name without a word, so two machines may both have made theirs.
    One request for all projects of the run, however many they are.
    """
    if not any(map(_has_created, reports)):
        return list(reports)
    account.forget_projects()
    try:
        rows = await account.projects()
    except PhotonctlError as error:
        detail = f"the list of projects could not be read back: {error}"
        return [_with(r, detail) if _has_created(r) else r for r in reports]
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(nfc(row.name), []).append(row.id)
    return [_judged(report, ids) if _has_created(report) else report for report in reports]


def _has_created(report: ProjectReport) -> bool:
    return report.plan.id is None and any(
        kind_named(o.action.kind).is_root and o.status is Status.OK for o in report.outcomes
    )


def _judged(report: ProjectReport, ids: Mapping[str, Sequence[str]]) -> ProjectReport:
    others = [found for found in ids.get(nfc(report.plan.name), ()) if found != report.id]
    if not others:
        return report
    named = " and ".join([str(report.id), *others])
    return _with(
        report,
        f'{len(others) + 1} live projects are called "{shown_text(report.plan.name)}" now: '
        f"{named}. Another run created one at the same time. Delete all except one in the "
        "dashboard, or pin the one that is meant: project.id",
    )


def _with(report: ProjectReport, error: str) -> ProjectReport:
    return replace(report, errors=(*report.errors, error), converged=False)
