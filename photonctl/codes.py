"""The stable code of each message about a manifest, and what it means. Never renumber one.

``docs/codes.md`` is written from this table by ``scripts/write_codes``.
"""

from enum import Enum

from msgspec import Struct


class Meaning(Struct, frozen=True, kw_only=True):
    """What a code means.

    Attributes:
        title: what is wrong, in a few words.
        text: why it is an error, and how to fix it; Markdown.
    """

    title: str
    text: str


class Code(Enum):
    """What is wrong with a manifest, or doubtful about it."""

    UNREADABLE = "PH001"
    NOT_YAML = "PH002"
    EMPTY_MANIFEST = "PH003"
    DUPLICATE_KEY = "PH004"
    UNKNOWN_KEY = "PH005"
    MISSING_KEY = "PH006"
    WRONG_TYPE = "PH007"
    WRONG_VALUE = "PH008"
    TOO_LARGE = "PH009"
    INVISIBLE = "PH010"
    EXPRESSION = "PH011"
    DECLARED_TWICE = "PH012"
    PHONE_NUMBER = "PH013"
    ASSIGNED_NUMBER = "PH014"
    WRONG_URL = "PH015"
    UNDELIVERABLE = "PH016"
    LOOK_ALIKE = "PH017"
    PATH = "PH018"
    CREDENTIAL = "PH019"
    SINK = "PH020"
    SHARED_PLACE = "PH021"
    TABLE = "PH022"
    EMPTY_TABLE = "PH023"
    PATTERN = "PH024"


MEANINGS = {
    Code.UNREADABLE: Meaning(
        title="A file can't be read",
        text="The manifest, or a folder of manifests, isn't there, isn't a regular file, or can't "
        "be opened. Check its path and its permissions. A link is followed only to a YAML file "
        "below the folder that holds it; `--allow-outside DIR` allows another folder.",
    ),
    Code.NOT_YAML: Meaning(
        title="The file isn't YAML",
        text="The text can't be read as YAML at the place that the message names. Common causes "
        "are a missing colon or quote, a tab used for indentation, and a file in another encoding "
        "than UTF-8. Anchors, aliases and tags work within bounds; merge keys (`<<`) don't.",
    ),
    Code.EMPTY_MANIFEST: Meaning(
        title="The manifest is empty",
        text="The file holds no document. `photonctl init --force` writes a starter over it.",
    ),
    Code.DUPLICATE_KEY: Meaning(
        title="A key is written twice, or isn't text",
        text="YAML keeps only one of two equal keys, and readers differ in which. Remove one of "
        "the two. Keys are plain text; quote one that looks like a number.",
    ),
    Code.UNKNOWN_KEY: Meaning(
        title="A key isn't known",
        text="The manifest has a key that photonctl doesn't know at this place, so it would have "
        "no effect. Most are typing errors: the message suggests the nearest key. All keys are in "
        "[manifest.md](manifest.md) and in the schema (`photonctl schema`).",
    ),
    Code.MISSING_KEY: Meaning(
        title="A required key is missing",
        text="A manifest needs `version` and `project`, a project its `name`, a user its "
        "`phoneNumber`, a webhook its `url`. Add the key.",
    ),
    Code.WRONG_TYPE: Meaning(
        title="A value has another type",
        text="The key needs text, a list, a mapping, a number or true/false, and has something "
        "else. Quote a text that YAML reads as a number or as true or false.",
    ),
    Code.WRONG_VALUE: Meaning(
        title="A value isn't allowed",
        text="The value has the right type, and isn't one that this key takes. The message says "
        "which are.",
    ),
    Code.TOO_LARGE: Meaning(
        title="Something is too large",
        text="A file, list, text or number of expressions is above a bound that keeps hostile "
        "input from using up the machine. Split the manifest.",
    ),
    Code.INVISIBLE: Meaning(
        title="A text has white space or an invisible character",
        text="White space at either end, line breaks, control characters and invisible "
        "characters would make two names that look the same differ. Remove the character; the "
        "message says which one it is and where.",
    ),
    Code.EXPRESSION: Meaning(
        title="An expression can't be filled in",
        text="`${env:NAME}` needs a variable that is set and not empty; `${env:NAME:-default}` "
        "gives a default. `${file:PATH}` needs a readable file below the manifest's folder. With "
        "`--no-env` or `--env-allow`, other variables count as unset. A literal `${` is `$${`.",
    ),
    Code.DECLARED_TWICE: Meaning(
        title="Something is declared twice",
        text="Two users have one phone number, two shared users have one e-mail, two webhooks have "
        "one URL (after normalising the case of scheme and host, the default port and an empty "
        "path), two documents declare one project, or a table is named twice. Keep one of them.",
    ),
    Code.PHONE_NUMBER: Meaning(
        title="A phone number isn't in E.164 form",
        text="Photon knows people by numbers such as `+14155550102`: a plus sign, the country "
        "code, and the number without spaces, dashes or a leading 0. `photonctl fmt` rewrites "
        "numbers whose form is clear.",
    ),
    Code.ASSIGNED_NUMBER: Meaning(
        title="assignedPhoneNumber doesn't fit the user's type",
        text="A dedicated user texts one of the project's own lines, so it needs "
        "`assignedPhoneNumber`. A shared user's line is assigned by Photon.",
    ),
    Code.WRONG_URL: Meaning(
        title="A webhook's URL can't be used",
        text="The URL isn't absolute, has no host, or has parts that Photon can't use. If it comes "
        "from an expression, the host that the manifest shows must be the one that gets events.",
    ),
    Code.UNDELIVERABLE: Meaning(
        title="Photon would never deliver to this URL",
        text="Photon delivers to https and to public addresses only: not to loopback, private, "
        "link-local or metadata addresses. `allowUndeliverable: true` on the webhook turns this "
        "into a warning, for tests against a local Photon.",
    ),
    Code.LOOK_ALIKE: Meaning(
        title="A host, or a place for a secret, isn't written in ASCII",
        text="Letters of other alphabets can look like Latin ones, so a host, a file or a command "
        "may not be the one that it seems to be. This is a warning: compare the form in which DNS "
        "knows the host, or the letters that are named.",
    ),
    Code.PATH: Meaning(
        title="A path isn't allowed",
        text="What a manifest reads and writes lies below its own folder after resolving links, "
        "unless `--allow-outside DIR` allows more. Secrets go to files of variables such as "
        "`.env`, never to a manifest, a table or a file that a shell, ssh or git reads.",
    ),
    Code.CREDENTIAL: Meaning(
        title="A value is one of photonctl's own credentials",
        text="`PHOTON_TOKEN` and the like open your account. A pull request could "
        "otherwise have them sent to Photon as a name, or shown in a plan.",
    ),
    Code.SINK: Meaning(
        title="The place of a secret isn't valid",
        text="`secret:` names exactly one place: `envFile`, `exec`, `keyring` or a plugin. Names "
        "that steer programs (`PATH`, `LD_PRELOAD`, …) aren't keys, and text that was filled in "
        "isn't an argument of a command.",
    ),
    Code.SHARED_PLACE: Meaning(
        title="Two secrets would be stored in one place",
        text="The second one would overwrite the first. Give each webhook its own `key`. A key "
        "also takes the names `KEY_STANDARD` and `KEY_WEBHOOK_ID`.",
    ),
    Code.TABLE: Meaning(
        title="A table can't be used",
        text="A CSV file begins with a row of field names, at least `phoneNumber`, separated by "
        "commas. A YAML table is one list of users. The message names the row.",
    ),
    Code.EMPTY_TABLE: Meaning(
        title="A table has no row",
        text="An export that went wrong would delete every user of the table. If nobody is meant, "
        "declare it as `{file: team.csv, allowEmpty: true}`.",
    ),
    Code.PATTERN: Meaning(
        title="A pattern isn't usable",
        text="`protect` and `ignore` take shell-style patterns with up to ten wildcards, and up to "
        "200 patterns with wildcards for a kind. Split or shorten them.",
    ),
}


def code_named(name: str) -> Code | None:
    """Return a code by its number, in whatever case; None = there is none."""
    return next((code for code in Code if code.value == name.upper()), None)
