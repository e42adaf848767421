"""A change of the pack by a program: from its archive to its revocation, and every refusal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from qianhai.identity import Role
from qianhai.web.archives import ARCHIVE_BYTES_MAX
from qianhai.web.proving import Replayed
from qianhai.web.works import Work
from web.api import ended, program, sample_day
from web.packs import HOSTILE, a_word_more, broken, tarred, zipped
from web.served import ROOT, Served

pytestmark = pytest.mark.usefixtures("_one_suffices")
ZIP = {"content-type": "application/zip"}


@pytest.fixture(scope="module")
def author(served: Served) -> Iterator[httpx2.Client]:
    client = program(served, Role.POLICY_AUTHOR, Role.APPROVER)
    served.clients.remove(client)  # it is shared by the tests of this file
    with client:
        yield client


@pytest.fixture(scope="module")
def approver(served: Served) -> Iterator[httpx2.Client]:
    client = program(served, Role.APPROVER)
    served.clients.remove(client)
    with client:
        yield client


def propose(author: httpx2.Client) -> dict[str, Any]:
    """Propose a pack that says a word more, and return its change."""
    sent = author.post(
        "/policy/changes",
        files={"file": ("change.zip", zipped([a_word_more()]), "application/zip")},
        data={"why": "a word", "scope": "changed"},
    )
    work = ended(author, sent)
    assert work["state"] == "ended", work
    found: dict[str, Any] = work["result"]
    return found


@pytest.fixture(scope="module")
def change(served: Served, author: httpx2.Client) -> dict[str, Any]:
    """A change that is proposed, with business on record before it."""
    assert sample_day(program(served, Role.BANK_OFFICER))["state"] == "ended"
    return propose(author)


def codes(answer: httpx2.Response) -> list[str]:
    """Return the codes of a refusal's flaws."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return [one["code"] for one in answer.json()["flaws"]]


def refused(answer: httpx2.Response) -> list[str]:
    """Return the codes of what cannot be done."""
    assert answer.status_code == 422, answer.text
    return codes(answer)


def test_a_change_is_proposed_and_told(author: httpx2.Client, change: dict[str, Any]) -> None:
    address = f"/policy/changes/{change['change']}"
    assert (change["state"], change["why"]) == ("proposed", "a word")
    assert [step["kind"] for step in change["steps"]] == ["proposed"]
    assert author.get(address).json()["pack"] == change["pack"]
    found = author.get(f"{address}/differences").json()
    assert {one["file"] for one in found["differences"]} == {f"plan/{a_word_more()[0]}"}
    assert refused(author.get("/policy/changes?cursor=nonsense")) == ["W003"]
    packs = author.get("/policy/packs").json()
    assert packs["deciding"] == packs["at_hand"] == change["base"]
    assert change["pack"] in {one["hash"] for one in packs["packs"]}


def test_a_change_goes_from_its_replay_to_its_revocation_by_two_persons(
    author: httpx2.Client, approver: httpx2.Client, change: dict[str, Any]
) -> None:
    address = f"/policy/changes/{change['change']}"
    assert refused(approver.post(f"{address}/approve")) == ["I021"], "not replayed"
    work = ended(author, author.post(f"{address}/replay", json={"by": "value"}))
    assert work["state"] == "ended", work
    result = work["result"]
    assert result["decisions"] > 50
    assert (result["flipped"], result["flips"], result["left_out"]) == (0, [], [])
    flips = author.get(f"/policy/replays/{work['id']}/flips").json()
    assert flips == {"items": [], "next": None}
    shown = author.get(address).json()
    assert (shown["state"], shown["replay"]["digest"]) == ("replayed", result["digest"])
    assert refused(author.post(f"{address}/approve")) == ["I020"], "one's own"
    assert refused(author.post(f"{address}/activate", json={"first_day": "2026-03-01"})) == ["I022"]
    assert approver.post(f"{address}/approve").json()["state"] == "approved"
    assert refused(approver.post(f"{address}/reject", json={"why": "late"})) == ["I019"]
    for day, code in (("2026-02-30", "W002"), ("soon", "W000")):
        assert refused(author.post(f"{address}/activate", json={"first_day": day})) == [code]
    active = author.post(f"{address}/activate", json={"first_day": "2026-03-01"}).json()
    assert (active["state"], active["active_from"]) == ("activated", "2026-03-01")
    assert active["steps"][-1]["from"] == "2026-03-01"
    assert author.get("/policy/packs?on=2026-03-02").json()["deciding"] == change["pack"]
    assert refused(author.post(f"{address}/activate", json={"first_day": "2026-03-01"})) == ["I023"]
    assert approver.post(f"{address}/revoke", json={"why": "not yet"}).json()["state"] == "revoked"
    assert author.get("/policy/packs?on=2026-03-02").json()["deciding"] == change["base"]
    assert refused(author.post(f"{address}/revoke", json={"why": "again"})) == ["I024"]


def test_a_change_is_turned_down_with_its_reason(
    author: httpx2.Client, change: dict[str, Any]
) -> None:
    assert change["state"] == "proposed"
    sent = author.post(
        "/policy/changes?why=once%20more&scope=changed",
        content=tarred([a_word_more()]),
        headers={"content-type": "application/gzip"},
    )
    again = ended(author, sent)["result"]
    assert (again["pack"], again["why"]) == (change["pack"], "once more")
    numbers, next_ = [], ""
    while next_ is not None:
        page = author.get(f"/policy/changes?limit=1&cursor={next_}").json()
        numbers += [one["change"] for one in page["items"]]
        next_ = page["next"]
    assert numbers == [again["change"], change["change"]]
    address = f"/policy/changes/{again['change']}"
    down = author.post(f"{address}/reject", json={"why": "too early"}).json()
    assert (down["state"], down["steps"][-1]["why"]) == ("rejected", "too early")
    assert refused(author.post(f"{address}/reject", json={})) == ["I019"]
    work = ended(author, author.post(f"{address}/replay", json={}))
    assert (work["state"], work["flaws"][0]["code"]) == ("refused", "I019")


def test_a_candidate_is_judged_in_the_shadow(author: httpx2.Client, change: dict[str, Any]) -> None:
    none = author.get("/policy/shadow")
    assert (none.status_code, codes(none)) == (404, ["I026"])
    assert refused(author.delete("/policy/shadow")) == ["I026"]
    begun = author.post("/policy/shadow", json={"change": change["change"]}).json()
    assert begun["pack"] == change["pack"]
    assert refused(author.post("/policy/shadow", json={"change": change["change"]})) == ["I025"]
    assert author.get("/policy/packs").json()["shadow"] == change["pack"]
    found = author.get("/policy/shadow").json()
    assert (found["is_running"], found["decisions"], found["differences"]) == (True, 0, [])
    assert author.delete("/policy/shadow").json()["pack"] == change["pack"]
    assert author.get("/policy/shadow").json()["is_running"] is False


@pytest.mark.usefixtures("change")
def test_a_candidate_with_flaws_is_told_all_of_them_and_not_proposed(
    author: httpx2.Client,
) -> None:
    before = author.get("/policy/changes").json()["items"][0]["change"]
    sent = author.post(
        "/policy/changes?why=x&scope=changed", content=zipped([broken()]), headers=ZIP
    )
    work = ended(author, sent)
    assert (work["state"], work["result"]) == ("refused", None)
    assert work["flaws"]
    whole = zipped(
        (path.relative_to(ROOT).as_posix(), path.read_bytes())
        for path in sorted((ROOT / "plan").rglob("*.*"))
        if path.is_file()
    )
    work = ended(author, author.post("/policy/changes?why=x", content=whole, headers=ZIP))
    assert (work["state"], [one["code"] for one in work["flaws"]]) == ("refused", ["I018"])
    assert author.get("/policy/changes").json()["items"][0]["change"] == before


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_by_name(author: httpx2.Client, name: str) -> None:
    raw, code = HOSTILE[name]
    sent = author.post("/policy/changes?why=x", content=raw, headers=ZIP)
    assert refused(sent) == [code]


def test_what_is_no_proposal_is_refused_with_all_its_flaws(author: httpx2.Client) -> None:
    address, archive = "/policy/changes", zipped([a_word_more()])
    assert refused(author.post(address, content=b"nothing", headers=ZIP)) == ["I017", "W201"]
    large = bytes(ARCHIVE_BYTES_MAX + 2)
    assert refused(author.post(f"{address}?why=x", content=large, headers=ZIP)) == ["W202"]
    text = {"content-type": "text/csv"}
    assert refused(author.post(f"{address}?why=x", content=archive, headers=text)) == ["W020"]
    assert refused(author.post(f"{address}?why=x&scope=some", content=archive, headers=ZIP)) == [
        "W000"
    ]
    files = {"file": ("change.zip", archive)}
    assert refused(author.post(address, files=files, data={"why": "x", "scope": "some"})) == [
        "W022"
    ]
    assert refused(author.post(address, files={"more": ("a", b"b")}, data={"why": "x"})) == ["W021"]
    assert refused(author.post(address, files=files, data={"why": "a\x07bell"})) == ["I017"]


def test_a_step_of_no_change_is_not_found(author: httpx2.Client) -> None:
    for way in ("approve", "replay", "reject", "activate", "revoke"):
        stated = {"first_day": "2026-03-01"} if way == "activate" else {}
        missing = author.post(f"/policy/changes/900/{way}", json=stated)
        assert (missing.status_code, codes(missing)) == (404, ["I016"]), way
    for way in ("", "/differences"):
        missing = author.get(f"/policy/changes/900{way}")
        assert (missing.status_code, codes(missing)) == (404, ["I016"]), way
    missing = author.post("/policy/shadow", json={"change": 900})
    assert (missing.status_code, codes(missing)) == (404, ["I016"])


def test_a_replay_names_days_and_a_business_there_are(
    author: httpx2.Client, change: dict[str, Any]
) -> None:
    address = f"/policy/changes/{change['change']}/replay"
    assert refused(author.post(address, json={"since": "2026-02-30"})) == ["W002"]
    assert refused(author.post(address, json={"facility": "no_such"})) == ["W001"]
    assert refused(author.post(address, json={"by": "whim"})) == ["W000"]


def test_another_role_changes_nothing(
    served: Served, approver: httpx2.Client, change: dict[str, Any]
) -> None:
    address = f"/policy/changes/{change['change']}"
    officer, only = program(served, Role.BANK_OFFICER), program(served, Role.POLICY_AUTHOR)
    auditor = program(served, Role.AUDITOR)
    assert auditor.get(address).status_code == 200
    for client, way in ((auditor, "revoke"), (officer, "replay"), (only, "approve")):
        answer = client.post(f"{address}/{way}", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), way
    sent = approver.post("/policy/changes?why=x", content=zipped([a_word_more()]), headers=ZIP)
    assert sent.status_code == 403
    assert approver.post("/policy/shadow", json={"change": 1}).status_code == 403
    assert officer.get("/policy/packs").status_code == 403


def _replayed(served: Served, spool: Path, count: int) -> Replayed:
    """Return a replay that turned so many decisions."""
    lines = (json.dumps([number % 2 == 0, {"id": f"F-{number}"}]) for number in range(count))
    spool.write_text("\n".join(lines), encoding="utf-8")
    pack = served.house.policy.pack
    return Replayed({"flipped": count // 2}, (pack, pack), spool)


def test_what_a_replay_turns_comes_in_pages(
    served: Served, approver: httpx2.Client, tmp_path: Path
) -> None:
    name = approver.get("/me").json()["name"]

    def act(_work: Work) -> Replayed:
        return _replayed(served, tmp_path / "flips.jsonl", 500)

    work = served.house.works.start("Replaying a change", name, act)
    address = f"/policy/replays/{work.id}/flips"
    while approver.get(f"/works/{work.id}").json()["state"] != "ended":
        pass
    result = approver.get(f"/works/{work.id}").json()["result"]
    assert (len(result["flips"]), len(result["left_out"])) == (100, 100)
    seen, next_ = [], ""
    while next_ is not None:
        page = approver.get(f"{address}?limit=60&cursor={next_}").json()
        seen += [one["id"] for one in page["items"]]
        next_ = page["next"]
    assert seen == [f"F-{number}" for number in range(0, 500, 2)]
    other = program(served, Role.POLICY_AUTHOR)
    assert other.get(address).status_code == 404
    assert approver.get(f"/policy/replays/{UUID(int=1)}/flips").status_code == 404
