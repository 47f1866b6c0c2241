"""Files that a command writes: over nothing but what it wrote before."""

from contextlib import suppress
from pathlib import Path

from photonctl.errors import UsageError
from photonctl.files import refuse_link


def refuse_to_overwrite(path: Path, beginning: bytes, flag: str) -> None:
    """Refuse to overwrite what isn't ours: a mistyped name must not cost a manifest.

    Args:
        path: the file.
        beginning: how one of ours begins; an empty file is fine, too.
        flag: what names the file.

    Raises:
        UsageError: it holds something else.
        RefusedError: it is a link.
    """
    refuse_link(path)
    with suppress(OSError):  # what can't be read can't be written either, and writing says why
        is_free = not path.exists() or path.is_dir()
        if is_free or (path.is_file() and path.read_bytes()[: len(beginning)] in (b"", beginning)):
            return
        raise UsageError(
            f"{path} is there and holds something else, so {flag} doesn't overwrite it",
            hint="Name another file.",
        )
