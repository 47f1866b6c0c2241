"""Fail where a module is over 300 lines or a function over 40 without a reason on its first line.

The emulator is exempt: it is written so that it can be read beside Photon's documentation.
"""

import ast
import sys
from pathlib import Path

MODULE, FUNCTION = 300, 40
EXEMPT = "emulator"


def main() -> str | None:
    """Return what is too large; None = nothing."""
    found = [line for path in sorted(Path("photonctl").rglob("*.py")) for line in _large(path)]
    return "\n".join(found) or None


def _large(path: Path) -> list[str]:
    if EXEMPT in path.parts:
        return []
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = [f"{path}: {len(lines)} lines"] if len(lines) > MODULE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION and "#" not in lines[node.lineno - 1]:
                found.append(f"{path}:{node.lineno}: {node.name} has {count} lines")
    return found


if __name__ == "__main__":
    sys.exit(main())
