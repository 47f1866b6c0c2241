"""Kill this process right before one of its changes to the file system.

Python tells every one to an audit hook before it happens, so that nothing in photonctl needs
to know. KILLER_FOLDER: only changes below it count. KILLER_AT: which one, from 0.
"""

import os
import signal
import sys

FOLDER = os.environ.get("KILLER_FOLDER", "")
AT = int(os.environ.get("KILLER_AT", "-1"))
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
seen = 0


def hook(event, args):
    global seen  # noqa: PLW0603
    changes = event in ("os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate")
    if event == "open":
        changes = isinstance(args[2], int) and bool(args[2] & WRITING)
    if not changes or not str(args[0]).startswith(FOLDER):
        return
    if seen == AT:
        os.kill(os.getpid(), signal.SIGKILL)
    seen += 1


if FOLDER:
    sys.addaudithook(hook)
