"""A change of the pack from its upload to its revocation, by two persons, with its proof."""

import io
import re
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable

import httpx2
import pytest

from qianhai.identity import Role
from qianhai.kernel import BadInput
from qianhai.web import archives
from qianhai.web.archives import files_of
from web.served import ROOT, Served, form_token, post

TOPS = {"plan.yaml", "measures", "parameters", "vocabulary"}
Packing = Callable[[list[tuple[str, bytes]]], bytes]
OLD = b'[{from: 2023-02-23, value: "0.8"}]'


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


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:xz")])
@pytest.mark.parametrize("above", ["", "plan/", "./some/plan/"])
def test_files_are_taken_wherever_their_pack_stands(pack: Packing, above: str) -> None:
    raw = pack([(f"{above}parameters/a.yaml", b"a"), (f"{above}plan.yaml", b"b")])
    assert files_of(raw, TOPS) == {"parameters/a.yaml": b"a", "plan.yaml": b"b"}


HOSTILE = {
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


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_by_name(name: str) -> None:
    raw, code = HOSTILE[name]
    with pytest.raises(BadInput) as refused:
        files_of(raw, TOPS)
    assert [one.code for one in refused.value.flaws] == [code]


def _after(client: httpx2.Client, address: str) -> str:
    """Return a page of a long work once the work has ended."""
    for _ in range(1200):
        text = client.get(f"{address}?lang=en").text
        if "<progress" not in text:
            return text
        time.sleep(0.25)
    raise AssertionError("the work does not end")


def _send(client: httpx2.Client, files: list[tuple[str, bytes]]) -> httpx2.Response:
    return client.post(
        "/policy/new",
        data={"form_token": form_token(client), "scope": "changed"},
        files={"file": ("change.zip", zipped(files), "application/zip")},
    )


def test_a_candidate_with_flaws_is_told_all_of_them(booked: Served) -> None:
    first = booked.signed_in(booked.user(Role.POLICY_AUTHOR))
    assert _send(first, [("holiday.jpg", b"")]).status_code == 422
    name = next(
        path for path in (ROOT / "plan" / "parameters").rglob("*.yaml") if OLD in path.read_bytes()
    )
    moved = name.read_bytes().replace(OLD, OLD.replace(b"0.8", b"0.1"))
    inside = f"plan/{name.relative_to(ROOT / 'plan').as_posix()}"
    broken = _after(first, _send(first, [(inside, moved[:-40])]).headers["location"])
    assert "It cannot be proposed" in broken


def test_a_pack_that_only_says_more_is_proposed_replayed_and_activated(booked: Served) -> None:
    author, approver = booked.user(Role.POLICY_AUTHOR, Role.APPROVER), booked.user(Role.APPROVER)
    first, second = booked.signed_in(author), booked.signed_in(approver)
    name = next(iter(sorted((ROOT / "plan" / "measures").rglob("measure.yaml"))))
    body = name.read_text(encoding="utf-8")
    said = re.sub(r"(title: *\{ *zh: *)([^,]+)(, *en: )", r"\1\2（试）\3", body, count=1)
    if said == body:
        said = re.sub(r"(zh: *)([^\n,}]+)", r"\1\2试", body, count=1)
    inside = name.relative_to(ROOT / "plan").as_posix()
    address = _send(first, [(inside, said.encode())]).headers["location"]
    assert "It is sound" in _after(first, address)
    assert second.get(address).status_code == 403
    assert post(first, address, {"why": ""}, at="/").status_code == 422
    change = post(first, address, {"why": "a word"}, at="/").headers["location"]
    assert inside in first.get(f"{change}/differences").text
    assert post(first, f"{change}/approve", {}).status_code == 422, "not replayed"
    replayed = post(first, f"{change}/replay", {}).headers["location"]
    text = _after(first, replayed)
    assert "decisions read again, all as recorded" in text
    assert "Nothing flips" in text
    own = post(first, f"{change}/approve", {})
    assert (own.status_code, "I020" in own.text) == (422, True)
    assert post(second, f"{change}/approve", {}).status_code == 303
    assert post(second, f"{change}/activate", {"first_day": "soon"}).status_code == 422
    assert post(second, f"{change}/activate", {"first_day": "2026-03-01"}).status_code == 303
    assert "decides this day" in first.get("/policy?on=2026-03-02&lang=en").text
    assert post(first, "/policy/shadow/start", {"change": change[-1]}).status_code == 303
    assert "It has judged nothing yet" in first.get("/policy/shadow?lang=en").text
    assert post(first, "/policy/shadow/stop", {}).status_code == 303
    assert post(second, f"{change}/revoke", {"why": "not yet"}).status_code == 303
    assert "not yet" in second.get(change).text
