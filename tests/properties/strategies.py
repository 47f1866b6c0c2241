"""Random manifests and live states, small enough that keys collide."""

from hypothesis import strategies as st

from photonctl.kinds.platform.kind import PlatformSpec
from photonctl.kinds.profile.kind import ProfileSpec
from photonctl.kinds.project.kind import ProjectSpec
from photonctl.kinds.user.rows import UserSpec, user_key
from photonctl.kinds.webhook.kind import WebhookSpec
from photonctl.model.policy import Policy
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import UNSET, Declared, Live, SecretRule, SinkSpec
from photonctl.model.state import DesiredProject, Evidence, LiveProject, Stored

phones = st.sampled_from([f"+1555123000{i}" for i in range(8)])
names = st.sampled_from(["Ada", "Bob", "Carol"])
declared_names = st.one_of(st.just(UNSET), names)
live_names = st.one_of(st.none(), names)
urls = st.sampled_from([f"https://{host}.example.com/hook" for host in "abcdef"])
words = st.sampled_from(["imessage", "voice", "slack"])


@st.composite
def user_specs(draw, field):
    kind = draw(st.sampled_from(["shared", "shared", "dedicated"]))
    return UserSpec(
        type=kind,
        phone_number=draw(phones),
        assigned_phone_number="+16285550100" if kind == "dedicated" else UNSET,
        first_name=draw(field),
        last_name=draw(field),
        email=draw(field),
    )


def key_of(spec):
    line = spec.assigned_phone_number
    return user_key(spec.type, spec.phone_number, line if isinstance(line, str) else None)


@st.composite
def desired_projects(draw):
    users = draw(st.lists(user_specs(declared_names), max_size=8))
    resources = {
        "project": {"bot": Declared(key="bot", spec=ProjectSpec(name="bot"))},
        "platform": {w: Declared(key=w, spec=PlatformSpec()) for w in draw(st.sets(words))},
        "profile": {
            "profile": Declared(key="profile", spec=ProfileSpec(first_name=draw(declared_names)))
        },
        "user": {key_of(s): Declared(key=key_of(s), spec=s) for s in users},
        "webhook": {url: declared_webhook(url) for url in draw(st.sets(urls))},
    }
    kinds = draw(st.sets(st.sampled_from(["platform", "profile", "user", "webhook"])))
    policy = Policy(
        prune={kind: draw(st.booleans()) for kind in ("user", "webhook", "platform")},
        protect={"user": tuple(draw(st.sets(phones, max_size=2)))},
        ignore={"webhook": tuple(draw(st.sets(urls, max_size=2)))},
    )
    return DesiredProject(
        manifest="photon.yaml",
        name="bot",
        resources={k: v for k, v in resources.items() if k in kinds | {"project"}},
        policy=policy,
    )


def declared_webhook(url):
    sink = SinkSpec(type="envFile", target=".env", key="BOT")
    return Declared(key=url, spec=WebhookSpec(webhook_url=url), secret=SecretRule(sink=sink))


@st.composite
def live_projects(draw):
    if draw(st.booleans()):
        return LiveProject()
    users = draw(st.lists(user_specs(live_names), max_size=8))
    owner = draw(st.one_of(st.none(), phones))
    by_key = {key_of(s): s for s in users}
    live_urls = draw(st.sets(urls))
    return LiveProject(
        id="p1",
        name="bot",
        shared_user_cap=draw(st.sampled_from([None, 3, 100])),
        resources={
            "project": {"bot": Live(key="bot", spec=ProjectSpec(name="bot"), id="p1")},
            "platform": {w: Live(key=w, spec=PlatformSpec()) for w in draw(st.sets(words))},
            "profile": {
                "profile": Live(
                    key="profile",
                    spec=ProfileSpec(first_name=draw(live_names), last_name=draw(live_names)),
                )
            },
            "user": {
                key: Live(
                    key=key,
                    spec=s,
                    id=f"u{key}".replace("+", "-").replace("/", ":"),
                    is_owner=s.phone_number == owner,
                )
                for key, s in by_key.items()
            },
            "webhook": {
                url: Live(key=url, spec=WebhookSpec(webhook_url=url), id=f"w-{url[8:9]}")
                for url in live_urls
            },
        },
        evidence={
            ResourceRef("webhook", url): Evidence(stored=draw(st.sampled_from(Stored)))
            for url in live_urls
        },
    )
