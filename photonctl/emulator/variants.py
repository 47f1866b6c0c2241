"""What nobody knows of Photon (contract 8): the other ways in which it may behave, by name.

Without any, the emulator does what the contract's section 8 fixes for it.
"""

from types import MappingProxyType

VARIANTS = MappingProxyType(
    {
        "bare-conflicts": "a 409 of a shared user carries no code (8, 32)",
        "dedicated-upsert": "a repeated dedicated user is updated (8, 14)",
        "deprecation-headers": "answers carry Deprecation, Sunset and Link (8, 31)",
        "framework-422": "Spectrum's 422 is the server framework's object (8, 18)",
        "ignore-paging": "the users list ignores limit and has no total (8, 3)",
        "json-404": "the 404 of an unknown route is a JSON object (4.4)",
        "late-numbers": "a new user's assignedPhoneNumber comes after two seconds (4.3)",
        "late-reads": "what was just created can't be read for half a second (8, 8)",
        "masked-numbers": "the lists of users show masked phone numbers (8, 30)",
        "no-new-routes": "no PATCH of webhooks, no rotation, no egress-ips (8, 17)",
        "normalised-urls": "a webhook's URL is stored in a normal form (8, 9)",
        "null-secret": "a project has no secret until it is regenerated (8, 22)",
        "owner-fails": "enrolling the owner fails (3.3)",
        "owner-no-line": "no shared line is left for the owner (3.3)",
        "owner-unmarked": "no user is marked as the owner (6.2)",
        "raw-inbound-default": "a new webhook has the schema raw-inbound.v1 (8, 29)",
        "reject-paging": "the users list answers 422 to limit (8, 3)",
        "reject-spectrum": "creating a project with the field spectrum is a 422 (8, 5)",
        "retry-after": "a 429 above the rate limit carries Retry-After (8, 2)",
        "slash-redirect": "collections without their slash are redirected, 308 (3.0)",
        "strict-urls": "registering a webhook refuses http and addresses of this machine (8, 10)",
    }
)
SESSION_ONLY = ("session-only", "session-only-then-header")
TOKEN_SHAPES = (
    "access_token",
    "accessToken",
    "session",
    "data",
    "data-camel",
    "header",
    *SESSION_ONLY,
)
"""Where the answer carries the token (contract 2.3). ``session-only``: it is one that the project
API rejects; ``-then-header``: and the header has one that it accepts."""
