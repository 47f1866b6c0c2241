"""The ``exec`` sink: a command that gets the secrets as JSON on standard input (interface §5).

No shell. Of what the command prints plain words are shown, and only if it fails.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.own_credentials import without_credentials
from photonctl.sinks.alone import alone
from photonctl.sinks.said import HIDDEN, plain_words
from photonctl.state_folder import work_folder

_TIMEOUT_S = 60.0
_LONGEST_READ = 16_384  # of what it said, in bytes
_LOOK_S = 0.1
_MOST_SAID = 16 * 2**20
_MARK = 16


running: set[int] = set()
"""The process groups of commands: photonctl ends them when it must leave at once."""


class ExecSink:
    """Hands secrets to a command. It can't be asked what it keeps."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        state: Path | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """Take a command; ``state``: as for ``open_sink``."""
        self._command = tuple(command)
        self._folder = folder
        self._state = state
        self._timeout_s = timeout_s
        self.shown = f"the command {command[0]}"

    def check_writable(self) -> None:
        """Look whether the command is there; it isn't run."""
        if self._program() is None:
            raise SinkNotWritable(
                f"the secret sink's command {self._command[0]} isn't there, or can't be run",
                hint="Name a program on the PATH, or one by its path relative to the manifest.",
            )
        try:
            with self._alone():
                pass
        except SinkError as error:
            raise SinkNotWritable(
                f"{self._command[0]}: {error}", hint="Wait for it, or end it, and apply again."
            ) from None

    def look(self) -> None:
        """Look whether the command is there; nothing is changed by it."""
        if self._program() is None:
            raise SinkNotWritable(f"the secret sink's command {self._command[0]} isn't there")

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
        with self._alone() as inherited:
            code, said = self._run(program, json.dumps(shown).encode(), inherited)
        if code != 0:
            detail = _shown(said.decode(errors="replace"), secrets)
            msg = f"the command {self._command[0]} failed (exit code {code}): {detail}"
            raise SinkError(msg)

    def _alone(self) -> AbstractContextManager[tuple[int, ...]]:
        """Hold the lock of this command, wherever photonctl runs it for this folder."""
        words = "\0".join(self._command).encode(errors="surrogateescape")
        name = f"exec-{hashlib.sha256(words).hexdigest()[:_MARK]}.lock"
        try:
            folder = work_folder(self._folder, self._state)
        except OSError as error:
            raise SinkError(f"its lock can't be held: {error.strerror}") from None
        return alone(folder / name, self._timeout_s)

    def _run(self, program: str, given: bytes, inherited: Sequence[int]) -> tuple[int, bytes]:
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
                    pass_fds=inherited,
                    # Ctrl-C on the terminal is for us: what is in flight is finished.
                    start_new_session=True,
                )
            except OSError as error:
                raise SinkError(
                    f"the command {self._command[0]} can't be run: {error.strerror}"
                ) from None
            running.add(process.pid)
            with process:
                why = self._wait(process, given, (out, err))
                if why is not None or process.returncode != 0:
                    with suppress(OSError):
                        os.killpg(process.pid, signal.SIGKILL)  # with what it has begun
                if why is not None:
                    running.discard(process.pid)
                    raise SinkError(f"the command {self._command[0]} stored nothing: {why}")
            running.discard(process.pid)
            return process.returncode, _end_of(err) or _end_of(out)

    def _wait(
        self, process: subprocess.Popen[bytes], given: bytes, said: Sequence[IO[bytes]]
    ) -> str | None:
        """Wait for the end of a command; say why it must not go on."""
        end = time.monotonic() + self._timeout_s
        rest: bytes | None = given
        while True:
            try:
                process.communicate(rest, timeout=_LOOK_S)
            except subprocess.TimeoutExpired:
                rest = None  # it goes on being written
                if time.monotonic() > end:
                    return f"it didn't end within {self._timeout_s:.0f} s"
                if any(os.fstat(file.fileno()).st_size > _MOST_SAID for file in said):
                    return "it says too much"
                continue
            return None

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


def _shown(said: str, secrets: OneTimeSecrets) -> str:
    given = [s.reveal() for s in (secrets.signing, secrets.standard) if s is not None]
    words = plain_words(said, given) or "it said nothing"
    return f"{words} (what isn't a plain word is left out)" if HIDDEN in words else words
