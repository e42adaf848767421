"""House rules of every text: reasons for what is left open, no machine's address, forms of records.

The banned words are spelt in pieces, so that this file does not break its own rule.
"""

import re
import tomllib
from pathlib import Path
from typing import Final

from tidy.tree import files, lines

README_LINES_MAX: Final = 150

_LEFT_OPEN: Final = re.compile(r"\b(?:T[O]DO|F[I]XME)\b(?!\([^)]{10,}\))")
_HOSTS: Final = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("deb", "debian", "org"),
            ("security", "debian", "org"),
            ("crates", "io"),
            ("anaconda", "org"),
            ("ghcr", "io"),
            ("docker", "io"),
        )
    )
)
_PIECES: Final = (("co", "pilot"), ("chat", "gpt"), ("l", "lm"))
_WORDS: Final = re.compile(rf"\b(?:{'|'.join(map(''.join, _PIECES))})", re.IGNORECASE)
#: Modules whose distribution bears another name, or the call that needs it behind the scenes.
_MODULES: Final = {
    "argon2-cffi": "argon2",
    "python-multipart": r"request\.form",
    "pyyaml": "yaml",
}
#: Lines that a record of each kind must have, whatever else it says.
_FORMS: Final = {
    "docs/adr/[0-9]*.md": ("Tags", "Status", "What it costs"),
    "changes/*.policy.md": ("Clauses", "In force", "Affects"),
}


def left_open_without_reason(root: Path) -> list[str]:
    """What is left open says why in brackets, or is not left open."""
    return [f"{place}: {line.strip()}" for place, line in lines(root) if _LEFT_OPEN.search(line)]


def registry_hosts(root: Path) -> list[str]:
    """Where packages are fetched from is the machine's setting, not the project's."""
    return [
        f"{place}: names {match[0]}"
        for place, line in lines(root)
        for match in _HOSTS.finditer(line)
    ]


def words_of_the_trade(root: Path) -> list[str]:
    """The project speaks of its field, not of what its authors typed with."""
    return [
        f"{place}: says `{match[0]}`"
        for place, line in lines(root)
        for match in _WORDS.finditer(line)
    ]


def records_without_form(root: Path) -> list[str]:
    """A decision record says what it costs; a change of policy says from when and for whom."""
    found = []
    for pattern, owed in _FORMS.items():
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            found += [
                f"{path.relative_to(root)}: no line `{word}`"
                for word in owed
                if not re.search(rf"^[#* -]*{word}\b", text, re.MULTILINE | re.IGNORECASE)
            ]
    return found


def dependencies_without_reason(root: Path) -> list[str]:
    """Every dependency is explained in the record of dependencies, and what runs needs is used."""
    pyproject = root / "pyproject.toml"
    if not pyproject.exists():
        return []
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    needed = [re.split(r"[^\w.-]", one)[0] for one in project.get("dependencies", [])]
    extras = project.get("optional-dependencies", {}).values()
    others = [re.split(r"[^\w.-]", one)[0] for extra in extras for one in extra]
    records = "".join(
        path.read_text(encoding="utf-8") for path in root.glob("docs/adr/*dependencies.md")
    )
    code = "\n".join(line for _, line in lines(root, "src", suffix=".py"))
    unexplained = [name for name in dict.fromkeys(needed + others) if f"| {name} |" not in records]
    unused = [
        name
        for name in needed
        if not re.search(rf"\b{_MODULES.get(name, name.replace('-', '_'))}\b", code)
    ]
    return [
        *(f"pyproject.toml: {name} has no row in the record" for name in unexplained),
        *(f"pyproject.toml: {name} is needed by no module of src" for name in unused),
    ]


def long_readme(root: Path) -> list[str]:
    """A README is read before the coffee is cold."""
    path = root / "README.md"
    count = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
    if not count:
        return ["README.md: missing or empty"]
    return [f"README.md: {count} lines, at most {README_LINES_MAX}"] * (count > README_LINES_MAX)


def reaches_outside(root: Path) -> list[str]:
    """Whatever builds or runs the project stands inside it."""
    outside = re.compile(r"\.\./shared|/work/")
    found = [
        f"{place}: reads outside the project"
        for place, line in lines(root, "src", "plan", "tools", "benchmarks", ".ci", "examples")
        if outside.search(line)
    ]
    makefile = [path for path in files(root) if path.name == "Makefile"]
    return found + [
        f"{path.relative_to(root)}: reads outside the project"
        for path in makefile
        if outside.search(path.read_text(encoding="utf-8"))
    ]
