"""What the matrices apply, in this process, and what must be true in the end.

One apply creates a project with users and webhooks, and in another project deletes a user and a
webhook and replaces a webhook whose secret is lost. tests/faults does the same with processes.
"""

from photonctl.errors import PhotonctlError
from tests.support.engine import Engine, errors
from tests.support.fake_photon import ME, FakeAccount, no_gate

OLD = """\
version: 1
project: {name: old, platforms: [imessage]}
users: [{phoneNumber: "+15550000101"}, {phoneNumber: "+15550000102"}]
webhooks:
  - {url: "https://keep.example.com/", secret: {envFile: .env, key: KEEP}}
  - {url: "https://lost.example.com/", secret: {envFile: .env, key: LOST}}
  - {url: "https://gone.example.com/", secret: {envFile: .env, key: GONE}}
"""
MANIFEST = """\
version: 1
project: {name: old, platforms: [imessage]}
users: [{phoneNumber: "+15550000101"}]
webhooks:
  - {url: "https://keep.example.com/", secret: {envFile: .env, key: KEEP}}
  - {url: "https://lost.example.com/", secret: {envFile: .env, key: LOST}, onMissingSecret: replace}
---
version: 1
project:
  name: new
  platforms: [imessage, voice]
  profile: {firstName: Nova}
  credentials: {envFile: .env}
users:
  - {phoneNumber: "+15550000201", firstName: Ada}
  - {phoneNumber: "+15550000202"}
  - {phoneNumber: "+15550000205", type: dedicated, assignedPhoneNumber: "+16285550100"}
webhooks:
  - {url: "https://one.example.com/", secret: {envFile: .env, key: ONE}}
  - {url: "https://two.example.com/", secret: {envFile: more.env, key: TWO}}
"""
PHONES = {
    "old": ["+15550000101"],
    "new": ["+15550000201", "+15550000202", "+15550000205"],
}
SINKS = {
    "https://keep.example.com/": (".env", "KEEP"),
    "https://lost.example.com/": (".env", "LOST"),
    "https://one.example.com/": (".env", "ONE"),
    "https://two.example.com/": ("more.env", "TWO"),
}


def begin(folder):
    """Return an engine whose account has the old project, and whose folder its files."""
    engine = Engine(folder, FakeAccount())
    assert engine.apply(OLD).converged
    lines = (folder / ".env").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("LOST", "GONE"))]
    (folder / ".env").write_text("\n".join(["MINE=untouched", *kept, ""]))
    return engine


def set_gate(account, gate):
    """Let every request of an account and of its projects pass a gate."""
    account.gate = gate
    for project in account.live.values():
        project.gate = gate


def wrong_in_the_end(engine):
    """Apply once more, and return everything that isn't as it must be; nothing twice or lost."""
    set_gate(engine.account, no_gate)
    try:
        report = engine.apply(MANIFEST)
    except PhotonctlError as error:
        return [f"refused: {error}"]
    wrong = [] if report.converged else [f"didn't converge: {errors(report)}"]
    live = {project.row.name: project for project in engine.account.live.values()}
    names = sorted(project.row.name for project in engine.account.live.values())
    if names != ["new", "old"]:
        return [*wrong, f"projects {names}"]
    for name, phones in PHONES.items():
        found = sorted(row.phone_number for row in live[name].user_rows.values())
        if found != sorted([*phones, ME.phone_number]):
            wrong.append(f"users of {name}: {found}")
    wrong += _wrong_secrets(engine, live)
    if engine.variables().get("MINE") != "untouched":
        wrong.append("a line of somebody else has changed")
    left = [path.name for path in engine.folder.rglob("*.tmp")]
    return wrong + [f"left behind: {name}" for name in left]


def _wrong_secrets(engine, live):
    hooks = [
        (row.webhook_url, row.id, project.secrets[row.id])
        for project in live.values()
        for row in project.hook_rows.values()
    ]
    if sorted(url for url, _, _ in hooks) != sorted(SINKS):
        yield f"webhooks {sorted(url for url, _, _ in hooks)}"
        return
    for url, webhook_id, secrets in hooks:
        file, key = SINKS[url]
        kept = engine.variables(file)
        stored = (kept.get(f"{key}_WEBHOOK_ID"), kept.get(key), kept.get(f"{key}_STANDARD"))
        if stored != (webhook_id, secrets.signing.reveal(), secrets.standard.reveal()):
            yield f"the secret of {url} isn't stored"
    pair = engine.variables()
    row = live["new"].row
    if (pair.get("PHOTON_PROJECT_ID"), pair.get("PHOTON_PROJECT_SECRET")) != (
        row.spectrum_id,
        row.secret.reveal(),
    ):
        yield "the credentials of the new project aren't stored"
