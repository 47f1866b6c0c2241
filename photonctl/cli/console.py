"""Where words go: results to standard output, everything else to standard error."""

import errno
import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, TextIO

import click
from msgspec import Struct, field

from photonctl.errors import ManifestError, NotConfirmed, PhotonctlError, UnknownShape
from photonctl.model.secret import holds_secret
from photonctl.texts import printable
from photonctl.urls import shown_in_text
from photonctl.views.inert import inert
from photonctl.views.terminal import Paint, coloured, plain, safe

_MOST_WARNINGS = 100


def refuse_secrets(text: str) -> str:
    """Return an output as it is. Nothing is cut out of it: what is left would say something else.

    Raises:
        UnknownShape: it holds a secret of this run.
    """
    if holds_secret(text):
        raise UnknownShape(
            "this output would show a secret, so nothing of it is shown: Photon's answer repeats a "
            "secret where none belongs",
            hint="Is a proxy in between that changes answers? What was done is named above.",
        )
    return text


def _without_lines_that_hold_secrets(text: str) -> str:
    if not holds_secret(text):
        return text
    lines = text.splitlines(keepends=True)
    return "".join("(a line that holds a secret)\n" if holds_secret(x) else x for x in lines)


class Console(Struct, kw_only=True):
    """The streams of a run.

    Attributes:
        verbosity: -1 quiet, 0 usual, 1 and 2 more.
        above: writes above a live display at the end of standard error, while there is one.
        hide: hides people in errors and warnings, under ``--redact people``.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    verbosity: int = 0
    has_colour: bool = True
    above: Callable[[str], None] | None = None
    hide: Callable[[str], str] = str

    current: ClassVar["Console | None"] = None

    @classmethod
    def for_streams(cls) -> "Console":
        """Return the console of the command that is running, for its last words."""
        return cls.current or cls(has_colour=not os.environ.get("NO_COLOR"))

    @property
    def is_debugging(self) -> bool:
        """Are tracebacks wanted?"""
        return self.verbosity >= 2  # noqa: PLR2004  # -vv

    @property
    def is_interactive(self) -> bool:
        """Is there somebody to ask?"""
        return sys.stdin.isatty() and self.err.isatty()

    def paint(self, stream: TextIO) -> Paint:
        """Return how text for a stream is coloured: on a terminal only."""
        return coloured if self.has_colour and self.can_draw(stream) else plain

    @staticmethod
    def can_draw(stream: TextIO) -> bool:
        """Is this a terminal that knows colours and moves its cursor?"""
        return stream.isatty() and os.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        """Write a command's result for people, in the encoding of their terminal."""
        self._put(inert(text) + "\n")

    def document(self, text: str) -> None:
        """Write a result that programs read: UTF-8, whatever the terminal's encoding is.

        Its view has made it inert, in the way of its format.
        """
        out = self.out
        if not isinstance(out, io.TextIOWrapper):
            self._put(text + "\n")
            return
        before = out.encoding
        out.reconfigure(encoding="utf-8", errors="backslashreplace")
        self._put(text + "\n")
        out.reconfigure(encoding=before, errors="backslashreplace")

    def _put(self, text: str) -> None:
        """Write to standard output; if nobody reads it any more, what is being done goes on."""
        try:
            self.out.write(refuse_secrets(text))
            self.out.flush()
        except OSError as error:
            if not _has_no_reader(self.out, error):
                raise
            drop_output()
            self.write_err("The output was closed by its reader; the run itself went on.\n")

    def commands(self, lines: Iterable[str], *, is_beside: bool = False) -> None:
        """Write lines that a CI system obeys; all that is foreign in them is escaped already.

        ``is_beside``: standard output holds something else for programs.
        """
        text = "".join(f"{line}\n" for line in lines if line)
        if text and is_beside:
            self.err.write(refuse_secrets(text))
            self.err.flush()
        elif text:
            self._put(text)

    def say(self, text: str) -> None:
        """Write progress, whose lines may hold anything; silent under ``-q``."""
        for line in text.split("\n"):
            self.say_painted(printable(line))

    def say_painted(self, text: str) -> None:
        """Write a line of progress that a view has made."""
        if self.verbosity >= 0:
            self.write_err(text + "\n")

    def warn(self, text: str) -> None:
        """Write a warning, also under ``-q``."""
        self.write_err(f"{self.paint(self.err)('Warning:', 'yellow')} {safe(self.hide(text))}\n")

    def warn_of(self, texts: Sequence[str]) -> None:
        """Write warnings: the first hundred, and how many more there are."""
        for text in texts[:_MOST_WARNINGS]:
            self.warn(text)
        if len(texts) > _MOST_WARNINGS:
            self.warn(f"… and {len(texts) - _MOST_WARNINGS:,} more warnings")

    def write_err(self, text: str) -> None:
        """Write to standard error, also under ``-q``.

        If nobody reads it any more, what is being done goes on.
        """
        try:
            shown = _without_lines_that_hold_secrets(inert(text))
            if self.above is not None:
                self.above(shown)
                return
            self.err.write(shown)
            self.err.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.err.fileno())

    def error(self, error: PhotonctlError) -> None:
        """Write an error and what to do about it."""
        paint = self.paint(self.err)
        if isinstance(error, ManifestError):
            for diagnostic in error.diagnostics:
                self.write_err(f"{safe(str(diagnostic))} [{diagnostic.code.value}]\n")
                if diagnostic.source.strip():
                    shown, caret = _excerpt(diagnostic.source, diagnostic.column)
                    self.write_err(f"    {shown}\n    {paint(caret, 'red')}\n")
            first = error.diagnostics[0].code.value
            error.hint = f"What a code means:  photonctl explain {first}"
        self.write_err(f"{paint('Error:', 'red')} {safe(self.hide(str(error)))}\n")
        for line in (error.hint or "").split("\n") if error.hint else ():
            self.write_err(f"{safe(self.hide(line))}\n")

    def unexpected(self, error: Exception) -> None:
        """Write what nobody thought of: its type only, as its text may hold anything."""
        self.write_err(
            f"{self.paint(self.err)('Error:', 'red')} unexpected {type(error).__name__}; "
            "this is a bug in photonctl. Run the command with -vv for the traceback.\n"
        )

    def usage(self, error: click.ClickException) -> None:
        """Write what is wrong with the command line; click quotes it as it was given."""
        context = getattr(error, "ctx", None)
        if context is not None:
            self.write_err(f"{context.get_usage()}\n")
            if not error.message:
                return
            self.write_err(f"Help:  {context.command_path} --help\n\n")
        detail = "\n".join(printable(line) for line in error.format_message().split("\n"))
        self.write_err(f"{self.paint(self.err)('Error:', 'red')} {detail}\n")

    def confirm(self, question: str) -> None:
        """Ask, and go on only after ``yes``.

        Raises:
            NotConfirmed: another answer, or nobody to ask.
        """
        if not sys.stdin.isatty():
            raise NotConfirmed(
                "can't ask for confirmation: standard input isn't a terminal",
                hint="Look at the plan, then confirm on the command line:  --auto-approve (-y)",
            )
        self.write_err(f"{safe(question)} Type yes to confirm: ")
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self.write_err("\n")  # Ctrl-D leaves the cursor behind the question
        if answer.strip() != "yes":
            raise NotConfirmed("not confirmed; nothing was changed")


def _has_no_reader(out: TextIO, error: OSError) -> bool:
    """Is it a pipe whose reader has gone, or a terminal that was closed? A disk may fail, too."""
    is_terminal = stat.S_ISCHR(os.fstat(out.fileno()).st_mode)
    return error.errno == errno.EPIPE or (error.errno == errno.EIO and is_terminal)


def drop_output() -> None:
    """Write no more, and so don't fail again when flushing at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _excerpt(source: str, column: int, width: int = 160) -> tuple[str, str]:
    """Cut a long source line around a column, and point at it."""
    source = shown_in_text(source)  # before it is cut: a part of a URL isn't known as one
    start = max(0, column - 1 - width // 2) if len(source) > width else 0
    shown = safe(source[start : start + width].replace("\t", " "))
    return shown, " " * (column - 1 - start) + "^"
