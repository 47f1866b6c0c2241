"""What requests must look like and answers do look like, as JSON Schema (contract 3 and 4).

Requests are checked against these; the OpenAPI document shows them; schemathesis holds the answers
against them. Rows are open: ``quirks.py`` adds a field and leaves nulls out.
"""

from typing import Any

from photonctl.emulator.answers import OLDER

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
COUNT: Json = {"type": "integer", "minimum": 0}
ANY_TEXT: Json = {"type": ["string", "null"]}
PHONE: Json = {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}(?!\n)$"}
EMAIL: Json = {"type": ["string", "null"], "pattern": r"^[^@\s]+@[^@\s]+(?!\n)$"}
ID: Json = {"type": "string", "format": "uuid"}
PLATFORM: Json = {"enum": ["imessage", "whatsapp_business", "voice", "slack"]}
NULL: Json = {"type": "null"}


def ref(name: str) -> Json:
    """Point at a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def row(needed: Json, optional: Json | None = None) -> Json:
    """Describe an object: what is always there, and what may be."""
    properties = {**needed, **(optional or {})}
    return {"type": "object", "required": list(needed), "properties": properties}


def list_of(items: Json) -> Json:
    """Describe an array."""
    return {"type": "array", "items": items}


def either(*schemas: Json) -> Json:
    """Describe an answer of several shapes."""
    return {"anyOf": list(schemas)}


def succeeded(needed: Json | None = None, optional: Json | None = None) -> Json:
    """Describe what the dashboard says after a write: 200, done or not (contract 3.5)."""
    return either(row({"success": {"const": True}, **(needed or {})}, optional), ref("Said"))


def enveloped(data: Json) -> Json:
    """Describe Spectrum's success (contract 4.0)."""
    return row({"succeed": {"const": True}, "data": data})


NAMES = row({}, {"firstName": TEXT, "lastName": TEXT})
NEW_PROJECT = row(
    {},
    {
        "name": TEXT,
        "location": TEXT,
        "platforms": list_of({"enum": ["imessage", "whatsapp_business", "voice"]}),
        "template": FLAG,
        "observability": FLAG,
        "spectrum": FLAG,
    },
)
NEW_USER: Json = {
    **row(
        {"type": {"enum": ["shared", "dedicated"]}, "phoneNumber": PHONE},
        {
            "assignedPhoneNumber": PHONE,
            "firstName": ANY_TEXT,
            "lastName": ANY_TEXT,
            "email": EMAIL,
        },
    ),
    "if": {"properties": {"type": {"const": "dedicated"}}},
    "then": {"required": ["assignedPhoneNumber"]},
    "else": {"properties": {"assignedPhoneNumber": False}},
}
NEW_DASHBOARD_USER: Json = {
    **row(
        {"email": TEXT, "phoneNumber": TEXT, "firstName": TEXT, "lastName": TEXT},
        {"type": {"enum": ["shared", "dedicated"]}, "assignedPhoneNumber": TEXT},
    ),
    "if": {"required": ["type"], "properties": {"type": {"const": "dedicated"}}},
    "then": {"required": ["assignedPhoneNumber"]},
}
NEW_WEBHOOK = row(
    {"webhookUrl": {"type": "string", "format": "uri"}},
    {
        "schemaVersion": {"enum": ["normalized-events.v1", "raw-inbound.v1"]},
        "eventTypes": list_of(TEXT),
        "failureNotificationEmail": EMAIL,
    },
)
WEBHOOK_PATCH: Json = {
    **row(
        {},
        {
            "enabled": FLAG,
            "eventTypes": list_of(TEXT),
            "failureNotificationEmail": EMAIL,
            "schemaVersion": {"const": "raw-inbound.v1"},
        },
    ),
    "minProperties": 1,
}
PAGING: Json = {"limit": COUNT, "offset": COUNT, "search": TEXT}


def components(generation: str) -> Json:
    """Return the rows of one API generation, by name."""
    is_older = generation == OLDER
    user = ref("User")
    return {
        "Said": row({"error": TEXT}),
        "Coded": row({"code": TEXT, "message": TEXT}),
        "Failure": row({"succeed": {"const": False}, "message": TEXT}, {"code": TEXT}),
        "OAuthFailure": row({"error": TEXT}, {"error_description": TEXT}),
        "Validation": row(
            {"type": {"const": "validation"}, "on": TEXT, "property": TEXT}, {"message": TEXT}
        ),
        "Project": _project(is_older=is_older),
        "CreatedProject": either(ref("Project") if is_older else _CREATED_PROJECT, ref("Said")),
        "Profile": row({"firstName": TEXT, "lastName": TEXT, "avatarUrl": ANY_TEXT}),
        "Platforms": {"type": "object", "propertyNames": PLATFORM, "additionalProperties": FLAG},
        "SpectrumPlatforms": {
            "type": "object",
            "propertyNames": PLATFORM,
            "additionalProperties": row({"enabled": FLAG}),
        },
        "User": _USER,
        "SpectrumUsers": row({"users": list_of(user)}, {} if is_older else {"total": COUNT}),
        "DashboardUsers": (
            list_of(user) if is_older else row({"users": list_of(user), "total": COUNT})
        ),
        "Webhook": _WEBHOOK if is_older else _NEWER_WEBHOOK,
        "DashboardWebhook": _WEBHOOK,
        "Line": _LINE,
        "SpectrumLines": (
            list_of(ref("Line")) if is_older else row({"lines": list_of(ref("Line"))})
        ),
        "DashboardLines": (
            list_of(ref("Line"))
            if is_older
            else row(
                {"lines": list_of(ref("Line")), "pendingRegistrations": {"type": ["array", "null"]}}
            )
        ),
        "Subscription": _SUBSCRIPTION,
    }


def _project(*, is_older: bool) -> Json:
    common = {
        "id": ID,
        "name": TEXT,
        "location": TEXT,
        "status": TEXT,
        "template": FLAG,
        "observability": FLAG,
        "projectSecret": ANY_TEXT,
        "createdAt": TEXT,
        "updatedAt": TEXT,
    }
    if is_older:
        return row({**common, "spectrum": FLAG, "spectrumProjectId": ANY_TEXT, "userId": TEXT})
    newer = {
        "plan": {"enum": ["free", "pro", "business"]},
        "platforms": list_of(PLATFORM),
        "userCount": COUNT,
        "avatarUrl": ANY_TEXT,
        "slackChannelId": ANY_TEXT,
        "slackTeamId": ANY_TEXT,
    }
    return row({**common, **newer}, {"isOwner": FLAG, "messages30d": COUNT, "hourly": list_of({})})


_CREATED_PROJECT = row(
    {
        "success": {"const": True},
        "id": ID,
        "ownerStatus": {"enum": ["added", "skipped_no_phone", "skipped_pool_exhausted", "failed"]},
    },
    {"warning": row({"code": TEXT}, {"message": TEXT})},
)
_USER = row(
    {
        "id": ID,
        "projectId": ID,
        "type": {"enum": ["shared", "dedicated"]},
        "phoneNumber": TEXT,
    },
    {
        "assignedPhoneNumber": ANY_TEXT,
        "firstName": ANY_TEXT,
        "lastName": ANY_TEXT,
        "email": ANY_TEXT,
        "meta": {"type": ["object", "null"]},
        "createdAt": TEXT,
    },
)
_WEBHOOK = row({"id": ID, "webhookUrl": TEXT, "createdAt": TEXT, "updatedAt": TEXT})
_NEWER_WEBHOOK = row(
    {
        **_WEBHOOK["properties"],
        "schemaVersion": {"enum": ["normalized-events.v1", "raw-inbound.v1"]},
        "eventTypes": list_of(TEXT),
        "enabled": FLAG,
        "status": {"enum": ["active", "disabled"]},
        "disabledAt": ANY_TEXT,
        "disabledReason": ANY_TEXT,
        "failureNotificationEmail": ANY_TEXT,
    }
)
_LINE = row(
    {
        "id": ID,
        "platform": {"const": "imessage"},
        "phoneNumber": PHONE,
        "status": {"enum": ["available", "unavailable", "unknown"]},
        "profile": ref("Profile"),
        "createdAt": TEXT,
    }
)
_SUBSCRIPTION = row(
    {
        "tier": TEXT,
        "status": ANY_TEXT,
        "subscription_id": ANY_TEXT,
        "customer_id": ANY_TEXT,
    }
)
