"""Write the reference of the pack's vocabulary, so that it never says less than the pack.

One page with a table for each file of `plan/vocabulary/`, and a JSON Schema for each kind of file.
Run by `make docs`; a test compares. It must not check the pack: `qianhai plan check` does.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from qianhai.policy import open_policy, schemas

SCHEMAS: Final = Path("docs/schemas")
PAGE: Final = Path("docs/reference/vocabulary.md")
_HEAD: Final = """# Vocabulary · 词汇

本页由 `make docs` 从 `plan/vocabulary/` 生成，请勿手改。
Generated from `plan/vocabulary/` by `make docs`; not edited by hand.
"""


def _shown(text: str) -> str:
    return " ".join(text.replace("<", "\\<").split())


def _cell(value: object) -> str:
    if isinstance(value, dict):
        text = "; ".join(f"{name}: {_cell(inner)}" for name, inner in value.items())
    elif isinstance(value, list):
        text = ", ".join(map(_cell, value))
    else:
        text = str(value)
    return _shown(text.replace("|", "\\|"))


def _rows(names: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, said in names.items():
        label = said if "zh" in said else said.get("settles", {})
        rest = {key: value for key, value in said.items() if key not in {"zh", "en", "settles"}}
        cells = [f"`{name}`", _cell(label.get("zh", "")), _cell(label.get("en", "")), _cell(rest)]
        yield f"| {' | '.join(cells)} |"


def reference(root: Path) -> str:
    """Return the page for the pack below a folder."""
    parts = [_HEAD]
    for path in sorted((root / "plan" / "vocabulary").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        until = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
        about = _shown(" ".join(line.lstrip("# ") for line in lines[:until]))
        names = yaml.load(text, Loader=yaml.BaseLoader) or {}  # noqa: S506 (text only, no objects)
        table = ["| name | 中文 | English | |", "|---|---|---|---|", *_rows(names)]
        parts.append("\n".join([f"## {path.stem}", "", about, "", *table, ""]))
    return "\n".join(parts)


def schema_texts(root: Path) -> dict[str, str]:
    """Return the schema of each kind of file of the pack below a folder, by the file's name."""
    plan = root / "plan"
    files = {p.relative_to(plan).as_posix(): p.read_bytes() for p in plan.rglob("*.yaml")}
    return {
        f"{kind}.schema.json": json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
        for kind, schema in schemas(open_policy(files).pack).items()
    }


def main() -> None:
    """Write the page and the schemas of this project."""
    root = Path(__file__).parents[1]
    (root / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (root / PAGE).write_text(reference(root), encoding="utf-8")
    (root / SCHEMAS).mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts(root).items():
        (root / SCHEMAS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
