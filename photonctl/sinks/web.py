"""What the sinks of forges share: secrets with a variable beside them that holds the notes.

``NAME_WEBHOOK_ID`` holds the webhook's id, for people and programs; ``NAME_WEBHOOK_STATE`` holds
both notes, and is written last: until then a registration counts as unfinished.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from photonctl.deadline import check
from photonctl.errors import (
    Ambiguous,
    AuthError,
    PhotonctlError,
    Rejected,
    ServerFailed,
    Unreachable,
    UsageError,
)
from photonctl.forges.client import ForgeClient, NotThere
from photonctl.model.held import Record, is_note, kept_line, word
from photonctl.model.names import STATE_SUFFIX, id_name
from photonctl.model.secret import Secret
from photonctl.model.spoken_of import writing_in
from photonctl.network.exchange import Limits
from photonctl.sinks.service import LARGEST, Check, Notes, StoreProblem, not_understood, own_marks

_VERBS = {
    "GET": "read it",
    "PUT": "write it",
    "POST": "write it",
    "PATCH": "write it",
    "DELETE": "write it",
}
_CHANGED = (200, 201, 204)
LIMITS = Limits(largest=LARGEST, wait_s=30.0, longest_s=60.0)
"""Of an answer about one secret or variable."""


class WebStore(ABC):
    """A forge's secrets; which of its routes do what, a subclass knows."""

    def __init__(self, key: str, names: tuple[str, ...], *, shown: str, rights: str) -> None:
        """Take a name.

        Args:
            key: the name.
            names: those of the values under it.
            shown: how messages name the place.
            rights: what a token needs.
        """
        self.shown = shown
        self._rights = rights
        self._key = key
        self._names = names
        self._client: ForgeClient | None = None
        self.statuses: Collection[int] = _CHANGED
        """By which the forge says that something was changed."""

    def notes(self) -> Notes:
        """Read the state's variable, and when the secrets were written."""
        state = self.variable(self._key + STATE_SUFFIX)
        kept, asked = _split(state)
        mark = self.mark()
        is_others = state is not None and not (kept or asked)
        has_id = not kept and id_name(self._key) in self._names
        return Notes(
            kept=kept,
            asked=asked,
            held=kept if mark else "",
            is_occupied=bool(mark)
            or is_others
            or (has_id and self.variable(id_name(self._key)) is not None),
            is_untouched=not kept or f"mark={word(mark)}" in kept.split(),
            is_begun=bool(writing_in(asked)) and self.is_begun(kept, asked),
        )

    def write_asked(self, line: str) -> None:
        """Set the note in the state's variable; remove that if nothing is left in it."""
        name = self._key + STATE_SUFFIX
        state = self.variable(name)
        kept, asked = _split(state)
        if state is not None and not (kept or asked):
            raise StoreProblem(
                "a variable of the name that photonctl keeps its notes under is somebody else's",
                "Name another key.",
            )
        if kept or line:
            self.set_variable(name, f"{kept}\n{line}", is_new=state is None)
        elif state is not None:
            self.drop_variable(name)

    def write(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        check: Check,
        asked: str = "",
    ) -> None:
        """Write each secret, the id, and then the state, if the secrets are still these."""
        check(self.marks())
        for name, secret in values.items():
            if name == id_name(self._key):
                if secret is None:
                    self.drop_variable(name)
                else:
                    self._set(name, secret.reveal())
            elif secret is None:
                self.drop_secret(name)
            else:
                self.put_secret(name, secret)
        mark = self.mark_of(values)
        check(None)
        if self.mark() != mark:
            raise StoreProblem("somebody else wrote it at the same time", "", passes=True)
        note = kept_line(replace(record, mark=mark))
        self._set(self._key + STATE_SUFFIX, f"{note}\n{asked}")

    def look_up(self, path: str, name: str, called: str, *fields: str) -> dict[str, Any] | None:
        """Read one thing; None = the forge says that it isn't there.

        Args:
            path: where.
            name: its name; a forge may write it in capitals.
            called: the field of its name.
            fields: what else it must have as texts.
        """
        found = self.ask("GET", path, may_miss=True)
        if found is None:
            return None
        if not isinstance(found, dict) or not all(isinstance(found.get(f), str) for f in fields):
            raise not_understood("the forge")
        if str(found.get(called)).upper() != name.upper():
            raise not_understood("the forge")
        return found

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        may_miss: bool = False,
    ) -> Any:
        """Make one request; ``may_miss``: None if the forge says that there is no such thing."""
        try:
            found = self._sent(method, path, body)
        except NotThere as error:
            if may_miss and self.is_missing(error.said):
                return None
            raise StoreProblem("not found, or not for this token", self._rights) from None
        except AuthError:
            raise StoreProblem(f"no permission to {_VERBS[method]}", self._rights) from None
        except (Ambiguous, ServerFailed, Unreachable) as error:
            why = f"it can't be asked now ({type(error).__name__})"
            raise StoreProblem(why, "Try again later.", passes=True) from None
        except UsageError as error:
            raise StoreProblem(str(error), error.hint or self._rights) from None
        except PhotonctlError as error:  # whose text names the path, and so what was filled in
            status = f" ({error.status})" if isinstance(error, Rejected) else ""
            raise StoreProblem(f"the request is refused{status}", self._rights) from None
        if found is None and method == "GET":
            raise not_understood("the forge")
        return found

    def _sent(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        check()
        if self._client is None:
            self._client = self.open_client(os.environ)
        if method == "GET":
            return self._client.get(path)
        return self._client.send(method, path, body or {}, self.statuses)

    def _set(self, name: str, value: str) -> None:
        self.set_variable(name, value, is_new=self.variable(name) is None)

    @abstractmethod
    def open_client(self, env: Mapping[str, str]) -> ForgeClient:
        """Find address and token in the environment."""

    @abstractmethod
    def is_missing(self, said: str) -> bool:
        """Does a 404 say that the thing isn't there? Of a project that isn't shown, it doesn't."""

    @abstractmethod
    def prove(self) -> None:
        """Find out whether secrets can be written there."""

    @abstractmethod
    def read(self) -> Mapping[str, str]:
        """Read what is there."""

    @abstractmethod
    def variable(self, name: str) -> str | None:
        """Return a variable's value; None = there is none."""

    @abstractmethod
    def set_variable(self, name: str, value: str, *, is_new: bool) -> None:
        """Set a variable that is no secret."""

    @abstractmethod
    def drop_variable(self, name: str) -> None:
        """Remove a variable, if it is there."""

    @abstractmethod
    def put_secret(self, name: str, secret: Secret) -> None:
        """Write a secret."""

    @abstractmethod
    def drop_secret(self, name: str) -> None:
        """Remove a secret, if it is there."""

    @property
    def secret_names(self) -> list[str]:
        """The names that are secrets."""
        return [name for name in self._names if name != id_name(self._key)]

    @abstractmethod
    def marks(self) -> Mapping[str, str]:
        """Return by what each secret that is there is known again."""

    def has_strangers(self, there: Mapping[str, str], asked: str) -> bool:
        """Say no: what is there without a note is seen by ``notes``."""
        return False

    def own_marks(self, values: Mapping[str, Secret | None]) -> Mapping[str, str | None]:
        """Return the same of values that were written; None = it can't be known."""
        return own_marks(values)

    @abstractmethod
    def is_begun(self, kept: str, asked: str) -> bool:
        """May what is there be what a step has begun to write, or what is noted, as notes say?"""

    @abstractmethod
    def mark(self) -> str:
        """Return what changes when one of these secrets is written; "" = none is there."""

    @abstractmethod
    def mark_of(self, written: Mapping[str, Secret | None]) -> str:
        """Return the mark that is to be there once these were written."""


def part(text: str) -> str:
    """Quote a part of a path."""
    return quote(text, safe="")


def _split(value: str | None) -> tuple[str, str]:
    """Return both notes; what photonctl hasn't written is none."""
    kept, _, asked = (value or "").partition("\n")
    return _note(kept), _note(asked)


def _note(line: str) -> str:
    return line.strip() if is_note(line) else ""
