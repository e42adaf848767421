"""House rules of Python files: size, names, rooms, faults in both languages.

Each rule takes the root of a tree and returns every offence as one line. Style, types and the
direction of imports are held by ruff, mypy and import-linter, not here.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tidy.tree import CODE, files, modules

FILE_LINES_MAX: Final = 500
FUNCTION_LINES_MAX: Final = 70
BANNED_MODULES: Final = frozenset(
    {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}
    | {"service", "services"}
)
BANNED_VERBS: Final = frozenset({"process", "handle", "manage", "perform", "do"})
BANNED_FUNCTIONS: Final = frozenset({"execute_all"})
#: The fault that takes its sentences where it is raised; flaws take theirs as fields.
_TOLD_WHERE_RAISED: Final = "Environment"
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(root: Path) -> Iterator[tuple[Path, _Function]]:
    for path, tree in modules(root):
        for node in ast.walk(tree):
            if isinstance(node, _Function):
                yield path, node


def long_files(root: Path) -> list[str]:
    """A file fits in one head."""
    counted = (
        (path.relative_to(root), len(path.read_text(encoding="utf-8").splitlines()))
        for path in files(root, *CODE, suffix=".py")
    )
    return [
        f"{path}: {count} lines, at most {FILE_LINES_MAX}; is it one room or two?"
        for path, count in counted
        if count > FILE_LINES_MAX
    ]


def long_functions(root: Path) -> list[str]:
    """A function fits on one screen."""
    return [
        f"{path}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"
        for path, node in _functions(root)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def empty_module_names(root: Path) -> list[str]:
    """A module is named for what it holds."""
    return [
        f"{path.relative_to(root)}: `{part}` says nothing; name what it holds"
        for path in files(root, *CODE, suffix=".py")
        for part in path.relative_to(root).with_suffix("").parts
        if part in BANNED_MODULES
    ]


def empty_function_names(root: Path) -> list[str]:
    """A function is a verb of the field."""
    return [
        f"{path}:{node.lineno}: `{node.name}` says nothing; use the field's verb"
        for path, node in _functions(root)
        if (name := node.name.lstrip("_")) in BANNED_FUNCTIONS
        or name.partition("_")[0] in BANNED_VERBS
    ]


def _dotted(path: Path) -> str:
    parts = path.relative_to("src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Yield line and dotted name of whatever a module imports; True for a member of a module."""
    package = _dotted(path) if path.name == "__init__.py" else _dotted(path).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = ".".join([*above, node.module or ""]).strip(".") if node.level else node.module
            assert start, "an import names something"
            yield node.lineno, start, False
            yield from ((node.lineno, f"{start}.{alias.name}", True) for alias in node.names)


def dead_modules(root: Path) -> list[str]:
    """A module nobody imports is not part of the system; only entry points stand alone."""
    known, used = {}, set()
    for path, tree in modules(root, "src"):
        known[_dotted(path)] = path
        used |= {name for _, name, _ in _imported(path, tree) if name != _dotted(path)}
    return [
        f"{path}: no module under src imports it"
        for name, path in known.items()
        if name not in used and path.stem not in {"main", "__main__"} and name.count(".")
    ]


def _public_names(tree: ast.Module) -> set[str] | None:
    """Return the names a module's `__all__` lists, or nothing when it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def rooms_without_a_sign(root: Path) -> list[str]:
    """A room says at its door what it is, and which names are public."""
    found = []
    for path, tree in modules(root, "src"):
        if path.name != "__init__.py":
            continue
        if not (ast.get_docstring(tree) or "").strip():
            found.append(f"{path}: no docstring; say what the room is and must not know")
        if _dotted(path).count(".") and _public_names(tree) is None:
            found.append(f"{path}: no __all__; name what other rooms may use")
    return found


def back_doors(root: Path) -> list[str]:
    """Another room is imported by its door, never by one of its files."""
    trees = {_dotted(path): (path, tree) for path, tree in modules(root, "src")}
    public = {
        f"{name}.{word}"
        for name, (path, tree) in trees.items()
        if path.name == "__init__.py"
        for word in _public_names(tree) or ()
    }
    found = []
    for importer, (path, tree) in trees.items():
        for line, name, is_member in _imported(path, tree):
            door = ".".join(name.split(".")[:2])
            is_inside = name in trees and name != door and not (is_member and name in public)
            if is_inside and importer.split(".")[:2] != door.split("."):
                found.append(f"{path}:{line}: imports {name}; import {door}")
    return found


def _made(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield each making of the fault, by its name or by a kind of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == _TOLD_WHERE_RAISED:
            yield node
        is_kind = isinstance(node, ast.ClassDef) and _TOLD_WHERE_RAISED in map(
            ast.unparse, node.bases
        )
        for inner in ast.walk(node) if is_kind else ():
            if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "super().__init__":
                yield inner


def faults_in_one_language(root: Path) -> list[str]:
    """A fault of the machine is told in Chinese too."""
    return [
        f"{path}:{call.lineno}: `zh` has no Chinese; say there what happened and what to do"
        for path, tree in modules(root, "src")
        for call in _made(tree)
        if not any(
            isinstance(part, ast.Constant) and _CHINESE.search(str(part.value))
            for keyword in call.keywords
            if keyword.arg == "zh"
            for part in ast.walk(keyword.value)
        )
    ]
