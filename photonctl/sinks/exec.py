"""The ``exec`` sink: a command that gets the secrets as JSON on standard input (interface §5).

No shell. What the command prints is shown only if it fails, and then without any piece of the
secrets.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.own_credentials import without_credentials

_TIMEOUT_S = 60.0
_LONGEST = 500
_LONGEST_READ = 16_384  # of what it said, in bytes
_PIECE = 4  # that many characters of a secret in a row are shown nowhere


class ExecSink:
    """Hands secrets to a command. It can't be asked what it keeps."""

    def __init__(
        self, command: Sequence[str], folder: Path, *, timeout_s: float = _TIMEOUT_S
    ) -> None:
        self._command = tuple(command)
        self._folder = folder
        self._timeout_s = timeout_s

    def check_writable(self) -> None:
        """Look whether the command is there; it isn't run."""
        if self._program() is None:
            raise SinkNotWritable(
                f"the secret sink's command {self._command[0]} isn't there, or can't be run",
                hint="Name a program on the PATH, or one by its path relative to the manifest.",
            )

    def look(self) -> None:
        """Look the same: nothing is changed by it."""
        self.check_writable()

    def store(self, secrets: OneTimeSecrets) -> None:
        """Run the command; it has stored the secrets if it ends with 0."""
        program = self._program()
        if program is None:
            raise SinkError(f"the command {self._command[0]} isn't there any more")
        shown = {
            "webhookId": secrets.webhook_id,
            "signingSecret": secrets.signing.reveal() if secrets.signing else None,
            "standardSigningSecret": secrets.standard.reveal() if secrets.standard else None,
        }
        code, said = self._run(program, json.dumps(shown).encode())
        if code != 0:
            detail = _without(secrets, said.decode(errors="replace"))
            msg = f"the command {self._command[0]} failed (exit code {code}): {detail}"
            raise SinkError(msg)

    def _run(self, program: str, given: bytes) -> tuple[int, bytes]:
        """Return how the command ended, and what it said."""
        # Files, no pipes: what it leaves running may hold them open, and what it says is bounded.
        with TemporaryFile() as out, TemporaryFile() as err:
            try:
                process = subprocess.Popen(  # noqa: S603  # the manifest's own, without a shell
                    [program, *self._command[1:]],
                    cwd=self._folder,
                    env=without_credentials(os.environ),
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=err,
                    # Ctrl-C on the terminal is for us: what is in flight is finished.
                    start_new_session=True,
                )
            except OSError as error:
                raise SinkError(
                    f"the command {self._command[0]} can't be run: {error.strerror}"
                ) from None
            with process:
                try:
                    process.communicate(given, timeout=self._timeout_s)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)  # with what it has begun
                    detail = f"it didn't end within {self._timeout_s:.0f} s"
                    msg = f"the command {self._command[0]} stored nothing: {detail}"
                    raise SinkError(msg) from None
            return process.returncode, _end_of(err) or _end_of(out)

    def stored_for(self, webhook_id: str) -> Stored:
        """Only the journal knows."""
        del webhook_id
        return Stored.UNKNOWN

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Refuse: there is no way to ask."""
        del webhook_id
        raise SinkError("a command that keeps secrets can't be asked for them")

    def _program(self) -> str | None:
        word = self._command[0]
        if any("\0" in part for part in self._command):
            return None
        path = self._folder.resolve() / word if "/" in word else word
        return shutil.which(path)


def _end_of(file: IO[bytes]) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_READ))
    return file.read()


def _without(secrets: OneTimeSecrets, text: str) -> str:
    """Return the end of what was said, with "***" for every piece of a secret, however cut."""
    kept = [s.reveal() for s in (secrets.signing, secrets.standard) if s is not None]
    pieces = {s[i : i + _PIECE] for s in kept for i in range(max(1, len(s) - _PIECE + 1))}
    shown = " ".join(text.split())
    is_secret = bytearray(len(shown))
    for place in range(len(shown)):
        for size in {len(piece) for piece in pieces}:
            if shown[place : place + size] in pieces:
                is_secret[place : place + size] = b"\1" * size
    runs = groupby(zip(shown, is_secret, strict=True), key=lambda pair: pair[1])
    detail = "".join("***" if hidden else "".join(c for c, _ in run) for hidden, run in runs)
    return detail[-_LONGEST:] or "it said nothing"
