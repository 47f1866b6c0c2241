"""``python -m photonctl``."""

import os
import sys

# Python puts the current folder first, and a manifest's folder may hold a module of any name.
if not sys.flags.safe_path and sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109
    del sys.path[0]

from photonctl.start import main

main()
