"""The project's files as the house rules see them.

Holds the walk and nothing else: which rule a file breaks is said in the modules beside this one.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: Made by tools, by a run or by a person for one machine; never committed.
_NOT_OURS: Final = frozenset(
    {".git", ".venv", ".data", ".hypothesis", "__pycache__", "out", "build", "dist", "node_modules"}
    | {"vendor"}
)
CODE: Final = ("src", "tests", "tools", "benchmarks")


def files(root: Path, *folders: str, suffix: str = "") -> Iterator[Path]:
    """Yield the project's files in a stable order, from the whole tree or from some folders."""
    tops = [root / folder for folder in folders] if folders else [root]
    for top in tops:
        for path in sorted(top.iterdir()) if top.is_dir() else []:
            if path.name in _NOT_OURS or path.name.endswith((".egg-info", "_cache")):
                continue
            if path.is_dir():
                yield from files(path, suffix=suffix)
            elif path.name.endswith(suffix) and not path.name.startswith(".coverage"):
                yield path


def modules(root: Path, *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each Python file with its parsed tree."""
    for path in files(root, *(folders or CODE), suffix=".py"):
        yield path.relative_to(root), ast.parse(path.read_text(encoding="utf-8"))


def lines(root: Path, *folders: str, suffix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each line of each readable file as (file:line, text)."""
    for path in files(root, *folders, suffix=suffix):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path.relative_to(root)}:{number}", line
