"""Files of a pack out of an archive somebody sent: everything is bounded before it is read.

Takes ZIP and TAR (also compressed by gzip, bzip2 or xz). A link, a path that leaves the archive,
a name that stands twice or too much of anything refuses the whole. Must not write to the disk and
must not know what the files say.
"""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Protocol

from qianhai.kernel import BadInput, Flaw, Place

ARCHIVE_BYTES_MAX: Final = 8 << 20
FILES_MAX: Final = 2_000
FILE_BYTES_MAX: Final = 4 << 20
BYTES_MAX: Final = 32 << 20
_NAME_MAX: Final = 240
_ZIP: Final = b"PK\x03\x04"
_ZIP_ENTRY: Final = b"PK\x01\x02"
_FIELD: Final = "file"
_LINK: Final = 0o120000
_KIND: Final = 0o170000


class _Decompressor(Protocol):
    """What bzip2 and xz have in common: so many bytes at most, and whether more could come."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return bytes, so many at most."""


def files_of(raw: bytes, tops: Collection[str]) -> dict[str, bytes]:
    """Return the files of an archive by their path inside the pack.

    `tops` are the names a pack has at its top: folders above them are taken off, the same of
    every file, so that an archive of the folder and one of its content say the same.

    Raises:
        BadInput: it is no archive, is too large, or holds what no pack has.
    """
    if len(raw) > ARCHIVE_BYTES_MAX:
        raise BadInput([_too_much("archive", len(raw), ARCHIVE_BYTES_MAX)])
    try:
        found = dict(_unique(_zip(raw) if raw.startswith(_ZIP) else _tar(raw)))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error) as fault:
        raise BadInput([_unreadable(fault)]) from fault
    except (lzma.LZMAError, NotImplementedError, RuntimeError, ValueError) as fault:
        raise BadInput([_unreadable(fault)]) from fault
    kept = {name: body for name, body in found.items() if not _is_hidden(name)}
    if not kept:
        raise BadInput([_empty()])
    return _inside(kept, tops)


def _zip(raw: bytes) -> Iterator[tuple[str, bytes]]:
    if raw.count(_ZIP_ENTRY) > FILES_MAX:
        raise BadInput([_too_many()])
    total = 0
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for one in archive.infolist():
            if one.is_dir():
                continue
            if (one.external_attr >> 16) & _KIND == _LINK or one.flag_bits & 1:
                raise BadInput([_not_a_file(one.filename)])
            with archive.open(one) as file:
                body = file.read(FILE_BYTES_MAX + 1)
            total += len(body)
            _bound(one.filename, len(body), total)
            yield one.filename, body


def _tar(raw: bytes) -> Iterator[tuple[str, bytes]]:
    total = 0
    with tarfile.open(fileobj=io.BytesIO(_plain(raw)), mode="r:") as archive:
        for count, one in enumerate(archive, 1):
            if count > FILES_MAX:
                raise BadInput([_too_many()])
            if one.isdir():
                continue
            file = archive.extractfile(one) if one.isreg() else None
            if file is None or one.issparse():
                raise BadInput([_not_a_file(one.name)])
            _bound(one.name, one.size, total + one.size)
            body = file.read(FILE_BYTES_MAX + 1)
            total += len(body)
            yield one.name, body


def _plain(raw: bytes) -> bytes:
    """Return a TAR without its compression, so many bytes at most."""
    most = BYTES_MAX + FILES_MAX * 2 * tarfile.BLOCKSIZE
    if raw.startswith(b"\x1f\x8b"):
        opened = zlib.decompressobj(wbits=31)
        body = opened.decompress(raw, most + 1)
    elif raw.startswith((b"BZh", b"\xfd7zXZ")):
        other: _Decompressor = (
            bz2.BZ2Decompressor() if raw.startswith(b"BZh") else lzma.LZMADecompressor()
        )
        body = other.decompress(raw, most + 1)
    else:
        return raw
    if len(body) > most:
        raise BadInput([_too_much("archive", len(body), most)])
    return body


def _unique(found: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield files whose names are paths that stay inside, each once."""
    seen: set[str] = set()
    for name, body in found:
        path = name.removeprefix("./")
        parts = path.split("/")
        is_odd = not path.isprintable() or "\\" in path or ":" in path or len(path) > _NAME_MAX
        if is_odd or any(part in {"", ".", ".."} for part in parts):
            raise BadInput([_outside(path)])
        if path.casefold() in seen:
            raise BadInput([_twice(path)])
        seen.add(path.casefold())
        yield path, body


def _inside(found: Mapping[str, bytes], tops: Collection[str]) -> dict[str, bytes]:
    """Take the folders off that stand above the pack."""
    flaws, above = [], set()
    for name in found:
        parts = name.split("/")
        place = next((number for number, part in enumerate(parts) if part in tops), None)
        if place is None:
            flaws.append(_no_part(name, tops))
        else:
            above.add("/".join(parts[:place]))
    if not flaws and len(above) > 1:
        flaws = [_two_packs(sorted(above))]
    if flaws:
        raise BadInput(flaws)
    (prefix,) = above
    start = len(prefix) + 1 if prefix else 0
    return {name[start:]: body for name, body in found.items()}


def _is_hidden(name: str) -> bool:
    """Tell whether a file is one that systems leave beside others, such as `.DS_Store`."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _bound(name: str, size: int, total: int) -> None:
    if size > FILE_BYTES_MAX:
        raise BadInput([_too_much(name, size, FILE_BYTES_MAX)])
    if total > BYTES_MAX:
        raise BadInput([_too_much("archive", total, BYTES_MAX)])


def _flaw(code: str, value: str, expected: str, en: str, zh: str) -> Flaw:
    return Flaw(code, Place("form", column=_FIELD), value[:_NAME_MAX], expected, en, zh)


def _unreadable(fault: Exception) -> Flaw:
    return _flaw(
        "W201",
        type(fault).__name__,
        "a ZIP or TAR file",
        "The file is no ZIP or TAR that can be read. Pack the folder again and send it.",
        "该文件不是可读取的 ZIP 或 TAR 文件，请重新打包后上传。",
    )


def _too_much(name: str, size: int, most: int) -> Flaw:
    return _flaw(
        "W202",
        str(size),
        f"at most {most} bytes",
        f"`{name[:_NAME_MAX]}` has more than {most} bytes. A pack has small text files alone.",
        f"“{name[:_NAME_MAX]}”超过 {most} 字节；规则包只应包含较小的文本文件。",
    )


def _too_many() -> Flaw:
    return _flaw(
        "W203",
        "",
        f"at most {FILES_MAX} files",
        f"The archive has more than {FILES_MAX} files. Send the pack alone.",
        f"压缩包内文件超过 {FILES_MAX} 个，请只上传规则包。",
    )


def _not_a_file(name: str) -> Flaw:
    return _flaw(
        "W204",
        name,
        "plain files",
        f"`{name[:_NAME_MAX]}` is a link, a device or encrypted. Pack plain files alone.",
        f"“{name[:_NAME_MAX]}”是链接、设备或加密文件，请只打包普通文件。",
    )


def _outside(name: str) -> Flaw:
    return _flaw(
        "W205",
        name,
        "a path inside the archive",
        f"`{name[:_NAME_MAX]}` is no path inside the archive. Pack the folder again.",
        f"“{name[:_NAME_MAX]}”不是压缩包内的路径，请重新打包。",
    )


def _twice(name: str) -> Flaw:
    return _flaw(
        "W206",
        name,
        "each file once",
        f"`{name[:_NAME_MAX]}` stands twice in the archive. Keep one of them.",
        f"压缩包内“{name[:_NAME_MAX]}”出现两次，请保留一个。",
    )


def _no_part(name: str, tops: Collection[str]) -> Flaw:
    listed = ", ".join(sorted(tops))
    return _flaw(
        "W207",
        name,
        listed,
        f"`{name[:_NAME_MAX]}` is no file of a pack: none of its folders is one of {listed}.",
        f"“{name[:_NAME_MAX]}”不属于规则包：其路径中没有 {listed} 之一。",
    )


def _two_packs(above: Collection[str]) -> Flaw:
    listed = ", ".join(f"`{one}/`" for one in above)
    return _flaw(
        "W208",
        listed,
        "one pack",
        f"The archive has parts of a pack in several folders: {listed}. Send one of them.",
        f"压缩包内有多个目录包含规则包内容：{listed}。请只上传其中一个。",
    )


def _empty() -> Flaw:
    return _flaw(
        "W209",
        "",
        "files of a pack",
        "The archive holds no file. Pack the folder again and send it.",
        "压缩包内没有文件，请重新打包后上传。",
    )
