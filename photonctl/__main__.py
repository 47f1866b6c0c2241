"""``python -m photonctl``."""

from photonctl.cli.main import main

main()
