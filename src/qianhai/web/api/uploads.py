"""Takes an uploaded file in: as the body itself or as a form, to disk, never whole in memory.

Must not look into it; the readers do, within their bounds.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NoReturn

import anyio
from fastapi import Request
from starlette.datastructures import UploadFile

from qianhai.kernel import BadInput
from qianhai.web.api.naming import refused

_PORTION: Final = 1 << 20
_MULTIPART: Final = "multipart/form-data"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a body may be, and the name its file is read under.
RAW: Final[Mapping[str, str]] = {
    "text/csv": "batch.csv",
    XLSX: "batch.xlsx",
    "application/x-ndjson": "batch.jsonl",
    "application/jsonl": "batch.jsonl",
    "application/xml": "batch.xml",
    "text/xml": "batch.xml",
}
#: What an archive may be sent as; which it is, is seen in the archive itself.
ARCHIVES: Final = (
    "application/zip",
    "application/x-tar",
    "application/gzip",
    "application/x-bzip2",
    "application/x-xz",
)
_SUFFIXES: Final = (".csv", ".xlsx", ".jsonl", ".ndjson", ".xml")
_TEXT: Final = {"type": "string", "format": "binary"}


def body_of(*fields: str) -> dict[str, Any]:
    """Describe what may be uploaded: a form with files, or a body that is the file."""
    form = {
        "type": "object",
        "properties": dict.fromkeys(fields, _TEXT),
        "required": [fields[0]],
    }
    content: dict[str, Any] = {_MULTIPART: {"schema": form}}
    content |= {kind: {"schema": _TEXT} for kind in RAW}
    return {"requestBody": {"required": True, "content": content}}


def archive_body(*texts: str) -> dict[str, Any]:
    """Describe how an archive may be uploaded: a form with it and texts, or a body that is it."""
    fields: dict[str, Any] = {"file": _TEXT} | {name: {"type": "string"} for name in texts}
    form = {"type": "object", "properties": fields, "required": ["file"]}
    content: dict[str, Any] = {_MULTIPART: {"schema": form}}
    content |= {kind: {"schema": _TEXT} for kind in ARCHIVES}
    return {"requestBody": {"required": True, "content": content}}


@dataclass(frozen=True, slots=True)
class Upload:
    """Files that were sent, by the name of their field, and the folder that holds them."""

    folder: Path
    files: Mapping[str, Path]
    held: ExitStack


async def taken(request: Request, *fields: str) -> Upload:
    """Write what was sent to disk and return it; who takes it puts the folder away.

    Raises:
        BadInput: another kind of body, or no file in it.
        TooLarge: past the bound of a file.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    held = ExitStack()
    folder = Path(held.enter_context(TemporaryDirectory(prefix="qianhai-upload-")))
    try:
        if kind == _MULTIPART:
            files = await _of_form(request, folder, fields)
        elif kind in RAW:
            files = {fields[0]: folder / RAW[kind]}
            await _write(files[fields[0]], request.stream())
        else:
            _of_no_kind(kind, RAW)
    except BaseException:
        held.close()
        raise
    return Upload(folder, files, held)


async def taken_archive(request: Request, most: int) -> tuple[bytes, Mapping[str, str]]:
    """Return an archive that was sent, and the texts of the form beside it.

    Of one that is larger than `most` so much comes back that it shows.

    Raises:
        BadInput: another kind of body, or no file in it.
        TooLarge: past the bound of a file.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _MULTIPART:
        async with request.form(max_files=1, max_fields=20) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile) or not sent.filename:
                raise _no_file("file")
            texts = {name: text for name, text in form.items() if isinstance(text, str)}
            return await sent.read(most + 1), texts
    if kind not in ARCHIVES:
        _of_no_kind(kind, ARCHIVES)
    found = bytearray()
    async for portion in request.stream():
        found += portion[: most + 1 - len(found)]
    return bytes(found), {}


def _of_no_kind(kind: str, kinds: Iterable[str]) -> NoReturn:
    known = ", ".join((_MULTIPART, *kinds))
    raise refused(
        "W020",
        "Content-Type",
        kind,
        f"one of {known}",
        en=f"`{kind}` is not taken; send a form with the file, or the file as {known}.",
        zh=f"不支持“{kind}”，请以表单上传文件，或直接发送：{known}。",
    )


async def _of_form(request: Request, folder: Path, fields: tuple[str, ...]) -> dict[str, Path]:
    """Return the files of a form by field; the first field must be there."""
    files: dict[str, Path] = {}
    async with request.form(max_files=len(fields), max_fields=20) as form:
        for name in fields:
            value = form.get(name)
            if isinstance(value, UploadFile) and value.filename:
                path = folder / f"{name}{_suffix(value.filename)}"
                await _write(path, _portions(value))
                files[name] = path
    if fields[0] not in files:
        raise _no_file(fields[0])
    return files


def _no_file(field: str) -> BadInput:
    return refused(
        "W021",
        field,
        "",
        f"a file in the field `{field}`",
        en=f"the form has no file in the field `{field}`.",
        zh=f"表单中没有名为“{field}”的文件。",
    )


def _suffix(name: str) -> str:
    """Return the end of a sent name, where it is one of ours; nothing else of it is used."""
    found = Path(name).suffix.lower()
    return found if found in _SUFFIXES else ""


async def _portions(file: UploadFile) -> AsyncIterator[bytes]:
    while portion := await file.read(_PORTION):
        yield portion


async def _write(path: Path, portions: AsyncIterator[bytes]) -> None:
    async with await anyio.open_file(path, "wb") as file:
        async for portion in portions:
            await file.write(portion)
