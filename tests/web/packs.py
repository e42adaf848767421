"""Archives of candidate packs, sound and hostile, as people and programs send them."""

import io
import re
import tarfile
import zipfile
from collections.abc import Iterable
from typing import Final

from qianhai.web import archives
from web.served import ROOT

_OLD: Final = b'[{from: 2023-02-23, value: "0.8"}]'


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files:
            archive.writestr(name, body)
    return out.getvalue()


def tarred(files: Iterable[tuple[str, bytes]], mode: str = "w:gz", kind: bytes = b"0") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, body in files:
            one = tarfile.TarInfo(name)
            one.size, one.type, one.linkname = len(body), kind, "/etc/passwd"
            archive.addfile(one, io.BytesIO(body))
    return out.getvalue()


#: By what is wrong with it: an archive that is not taken, and the code that says so.
HOSTILE: Final = {
    "no archive": (b"nothing", "W201"),
    "cut off": (zipped([("plan.yaml", b"a")])[:-9], "W201"),
    "zip bomb": (zipped([("plan.yaml", bytes(archives.FILE_BYTES_MAX + 1))]), "W202"),
    "many small bombs": (
        zipped((f"measures/{n}.yaml", bytes(archives.FILE_BYTES_MAX)) for n in range(9)),
        "W202",
    ),
    "tar bomb": (tarred([("plan.yaml", bytes(48 << 20))]), "W202"),
    "too many": (
        zipped((f"measures/{n}.yaml", b"") for n in range(archives.FILES_MAX + 1)),
        "W203",
    ),
    "link": (tarred([("plan.yaml", b"")], kind=b"2"), "W204"),
    "above": (zipped([("../plan.yaml", b"a")]), "W205"),
    "root": (tarred([("/measures/a.yaml", b"a")]), "W205"),
    "backslash": (zipped([("measures\\..\\a.yaml", b"a")]), "W205"),
    "twice": (tarred([("plan.yaml", b"a"), ("./PLAN.yaml", b"b")]), "W206"),
    "no pack": (zipped([("holiday.jpg", b"a")]), "W207"),
    "two packs": (zipped([("a/plan.yaml", b"a"), ("b/plan.yaml", b"b")]), "W208"),
    "empty": (zipped([]), "W201"),
    "hidden alone": (zipped([(".DS_Store", b"a")]), "W209"),
}


def a_word_more() -> tuple[str, bytes]:
    """Return a file of the pack that says a word more and decides nothing otherwise."""
    name = next(iter(sorted((ROOT / "plan" / "measures").rglob("measure.yaml"))))
    body = name.read_text(encoding="utf-8")
    said = re.sub(r"(title: *\{ *zh: *)([^,]+)(, *en: )", r"\1\2（试）\3", body, count=1)
    if said == body:
        said = re.sub(r"(zh: *)([^\n,}]+)", r"\1\2试", body, count=1)
    return name.relative_to(ROOT / "plan").as_posix(), said.encode()


def broken() -> tuple[str, bytes]:
    """Return a file of the pack that is cut off, with a figure moved."""
    name = next(
        path for path in (ROOT / "plan" / "parameters").rglob("*.yaml") if _OLD in path.read_bytes()
    )
    moved = name.read_bytes().replace(_OLD, _OLD.replace(b"0.8", b"0.1"))
    return f"plan/{name.relative_to(ROOT / 'plan').as_posix()}", moved[:-40]
