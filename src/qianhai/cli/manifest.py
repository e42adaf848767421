"""What a backup says of itself, and whether a restored database is what it says.

Must not run a program or open a database; who reads the numbers hands them in.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from qianhai.kernel import BadInput, BrokenIntegrity, Flaw, Place

MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
FORM: Final = 1
_CHUNK_BYTES: Final = 1 << 20
#: Said in every manifest: a backup alone never opens a person's data.
KEY_NOTE: Final = {
    "zh": "备份不含主密钥；没有它，姓名与证件号码无法读取。请将密钥另行保存。",
    "en": "The master key is not in this backup; without it names and identifiers stay unreadable."
    " Keep it elsewhere.",
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a restore is held against."""

    form: int
    made_at: str
    institution: str
    program: str
    server_version: int
    migrations: list[list[Any]]
    files: dict[str, dict[str, Any]]
    heads: dict[str, str]
    rows: dict[str, int]
    key_fingerprint: str | None
    key: Mapping[str, str]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup, and prove the files it names.

    Raises:
        BadInput: there is no backup, or of a form this program does not know.
        BrokenIntegrity: a file is not what was written.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as fault:
        raise BadInput(
            [
                Flaw(
                    "C083",
                    Place(str(path)),
                    type(fault).__name__,
                    "a folder made by `qianhai backup`",
                    f"{folder} is no backup: its {MANIFEST} cannot be read. Name the folder that"
                    " `qianhai backup` made.",
                    f"{folder} 不是备份：无法读取其中的 {MANIFEST}。"
                    "请指明由 qianhai backup 生成的目录。",
                )
            ]
        ) from None
    if manifest.form != FORM:
        raise BadInput(
            [
                Flaw(
                    "C084",
                    Place(str(path), column="form"),
                    str(manifest.form),
                    str(FORM),
                    f"The backup has form {manifest.form}; this program reads form {FORM}."
                    " Restore it with the program that made it.",
                    f"备份格式为 {manifest.form}，本程序只读 {FORM}，请用制作它的程序恢复。",
                )
            ]
        )
    if flaws := list(_changed_files(folder, manifest)):
        raise BrokenIntegrity(flaws)
    return manifest


def hash_file(path: Path) -> dict[str, Any]:
    """Return the size and the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def row_flaws(manifest: Manifest, rows: Mapping[str, int]) -> Iterator[Flaw]:
    """Yield a flaw for every table that has not the rows the backup had."""
    for table in sorted({*manifest.rows, *rows}):
        was, is_now = manifest.rows.get(table), rows.get(table)
        if was != is_now:
            yield Flaw(
                "C086",
                Place(table),
                str(is_now),
                str(was),
                f"{table} has {is_now} rows and had {was} when the backup was made. Do not use"
                " the restored database; restore another backup.",
                f"{table} 有 {is_now} 行，备份时为 {was} 行。请勿使用该库，改用其他备份恢复。",
            )


def _changed_files(folder: Path, manifest: Manifest) -> Iterator[Flaw]:
    for name, kept in manifest.files.items():
        path = folder / Path(name).name
        found = hash_file(path) if path.is_file() else {"bytes": 0, "sha256": ""}
        if found != kept:
            yield Flaw(
                "C085",
                Place(str(path)),
                str(found["sha256"]),
                str(kept["sha256"]),
                f"{path} is not the file that was written. Take another copy of the backup.",
                f"{path} 与写出时不一致，请换用备份的另一份副本。",
            )
