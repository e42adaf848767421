"""Files that mean no good are refused with a problem, or made harmless, in bounded memory."""

import csv
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from openpyxl import Workbook, load_workbook

from qianhai.identity import Role
from qianhai.web.files import _xlsx
from web.api import a_loan, ended, program, sample_day, sheet_of
from web.served import Served

_MIB = 1 << 20
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a hostile file may cost this process at most, however large it says it is.
_MEMORY_MAX = 160 * _MIB


@pytest.fixture
def officer(served: Served) -> httpx2.Client:
    return program(served, Role.BANK_OFFICER)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


class _Peak(threading.Thread):
    """Watches how much memory this process grows to."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.before = self.most = _resident()
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            self.most = max(self.most, _resident())
            time.sleep(0.005)


@pytest.fixture
def peak() -> Iterator[None]:
    watch = _Peak()
    watch.start()
    yield
    watch.is_over = True
    watch.join()
    grown = watch.most - watch.before
    assert grown < _MEMORY_MAX, f"{grown / _MIB:.0f} MiB"


def bomb() -> bytes:
    """Return a workbook of a few kilobytes that unpacks to a gigabyte."""
    out = io.BytesIO()
    Workbook().save(out)
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as book,
        book.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(256):
            part.write(b"<" * (4 * _MIB))
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.usefixtures("peak")
def test_a_workbook_that_unpacks_to_a_gigabyte_is_refused(officer: httpx2.Client) -> None:
    work = ended(officer, officer.post("/batches", content=bomb(), headers={"content-type": _XLSX}))
    assert work["state"] == "refused", work
    assert work["flaws"][0]["code"].startswith("M")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]><Document>&x;</Document>',
        "<!DOCTYPE lolz [<!ENTITY l0 'lol'>"
        + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
        + "]><Document>&l9;</Document>",
    ],
    ids=["a file", "a server", "a billion laughs"],
)
@pytest.mark.usefixtures("peak")
def test_an_xml_file_with_entities_is_refused(officer: httpx2.Client, text: str) -> None:
    content = f'<?xml version="1.0"?>{text}'.encode()
    kind = {"content-type": "application/xml"}
    work = ended(officer, officer.post("/batches", content=content, headers=kind))
    assert work["state"] == "refused"
    assert work["result"] is None
    assert "root:" not in json.dumps(work)


def _much(megabytes: int) -> Iterator[bytes]:
    yield b'{"facts": {"a": "'
    for _ in range(megabytes):
        yield b"x" * _MIB
    yield b'"}}'


@pytest.mark.parametrize("path", ["/decide", "/instructions", "/which"])
@pytest.mark.usefixtures("peak")
def test_json_of_two_hundred_megabytes_is_refused(officer: httpx2.Client, path: str) -> None:
    kind = {"content-type": "application/json"}
    try:
        answer = officer.post(path, content=_much(200), headers=kind)
    except (httpx2.WriteError, httpx2.RemoteProtocolError, httpx2.ReadError):
        return  # it stopped listening, which is a refusal too
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.usefixtures("peak")
def test_a_little_too_much_json_is_told_to_be(officer: httpx2.Client) -> None:
    kind = {"content-type": "application/json"}
    answer = officer.post("/decide", content=_much(3), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.usefixtures("peak")
def test_a_line_of_jsonl_without_end_is_refused(officer: httpx2.Client) -> None:
    kind = {"content-type": "application/x-ndjson"}
    work = ended(officer, officer.post("/batches", content=_much(20), headers=kind))
    assert work["state"] == "refused"
    assert len(json.dumps(work)) < 10_000


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/pdf", b"%PDF-1.7"),
        ("text/html", b"<script>"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n'),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
        ("", b"text"),
    ],
)
def test_another_kind_of_body_is_refused(officer: httpx2.Client, kind: str, content: bytes) -> None:
    answer = officer.post("/batches", content=content, headers={"content-type": kind})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_name_of_a_file_leads_nowhere(officer: httpx2.Client) -> None:
    files = {"file": ("../../../../tmp/evil.csv", b"id,facility,value_date\nE-1,,2026-01-01\n")}
    work = ended(officer, officer.post("/batches", files=files))
    assert "evil" not in json.dumps(work)


@pytest.mark.usefixtures("_one_suffices")
def test_a_formula_comes_back_as_a_text(served: Served, officer: httpx2.Client) -> None:
    assert sample_day(officer)["state"] == "ended"
    formulas = ['=cmd|"/C calc"!A0', "@SUM(A1)", "+1+1", "-2+3", "=HYPERLINK(1)"]
    rows = [{**a_loan(), "id": f"{text}"[:60]} for text in formulas]
    lines = "\n".join(json.dumps(one) for one in rows).encode()
    kind = {"content-type": "application/x-ndjson"}
    work = ended(officer, officer.post("/batches", content=lines, headers=kind))
    assert work["state"] == "ended", work
    text = officer.get(f"/works/{work['id']}/outcomes?format=csv").text
    cells = [row[0] for row in list(csv.reader(io.StringIO(text)))[1:]]
    assert cells == [f"'{one['id']}" for one in rows]
    downloaded = sheet_of(officer.get(f"/works/{work['id']}/outcomes?format=xlsx"))
    assert [row[0] for row in downloaded[1:]] == cells
    sheet = load_workbook(io.BytesIO(_xlsx(("id",), [{"id": one["id"]} for one in rows]))).active
    assert sheet is not None
    found = [cell for (cell,) in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in found} == {"s"}
    assert served.house.works.owned("nobody") == []
