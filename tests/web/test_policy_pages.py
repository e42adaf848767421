"""A change of the pack from its upload to its revocation, by two persons, with its proof."""

import time
from collections.abc import Callable

import httpx2
import pytest

from qianhai.identity import Role
from qianhai.kernel import BadInput
from qianhai.web.archives import files_of
from web.packs import HOSTILE, a_word_more, broken, tarred, zipped
from web.served import Served, form_token, post

TOPS = {"plan.yaml", "measures", "parameters", "vocabulary"}
Packing = Callable[[list[tuple[str, bytes]]], bytes]


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:xz")])
@pytest.mark.parametrize("above", ["", "plan/", "./some/plan/"])
def test_files_are_taken_wherever_their_pack_stands(pack: Packing, above: str) -> None:
    raw = pack([(f"{above}parameters/a.yaml", b"a"), (f"{above}plan.yaml", b"b")])
    assert files_of(raw, TOPS) == {"parameters/a.yaml": b"a", "plan.yaml": b"b"}


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
    text = _after(first, _send(first, [broken()]).headers["location"])
    assert "It cannot be proposed" in text


@pytest.mark.untraced
def test_a_pack_that_only_says_more_is_proposed_replayed_and_activated(booked: Served) -> None:
    author, approver = booked.user(Role.POLICY_AUTHOR, Role.APPROVER), booked.user(Role.APPROVER)
    first, second = booked.signed_in(author), booked.signed_in(approver)
    inside, said = a_word_more()
    address = _send(first, [(inside, said)]).headers["location"]
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
