"""A change with proof from the terminal: each step, by whom, and what stands after it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook

from cli.business import jsonl_file, loan, parties_file
from cli.terminal import Done, Json, Terminal
from qianhai.policy import Policy, bundled, open_policy
from tracing import untraced

HOSTILE = "=1+1<script>alert(1)</script>"
RATIO = "overseas_lending_zone_ratio"
Files = dict[str, bytes]
_OPENED: dict[bytes, Policy] = {}


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def candidate(files: dict[str, bytes], tmp_path: Path) -> str:
    """A folder with the plan, whose ratio for the zone is 0.7 instead of 0.8."""
    folder = tmp_path / "candidate"
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old = b'[{from: 2023-02-23, value: "0.8"}]'
        path.write_bytes(raw.replace(old, old.replace(b"0.8", b"0.7")))
    return str(folder)


@pytest.fixture
def second(qianhai: Terminal) -> Terminal:
    """Another person at the same bank."""
    return replace(qianhai, site=replace(qianhai.site, actor="second"))


@pytest.fixture(autouse=True)
def _open_each_once(monkeypatch: pytest.MonkeyPatch, opened: Policy, files: Files) -> None:
    """Compile each pack once for all tests of this file, as `_open_once` does for the plan."""
    _OPENED.setdefault(bundled(files), opened)

    def once(given: Files, *, folder: str = "plan", is_brief: bool = False) -> Policy:
        key = bundled(given)
        if key not in _OPENED:
            with untraced():
                _OPENED[key] = open_policy(given, folder=folder, is_brief=is_brief)
        return _OPENED[key]

    for module in ("cli.policy", "cli.replay", "cli.shadow", "instructions.roads"):
        monkeypatch.setattr(f"qianhai.{module}.open_policy", once)


Run = Callable[..., None]


@pytest.fixture
def run(qianhai: Terminal, tmp_path: Path) -> Run:
    def book(*loans: dict[str, str]) -> None:
        path = jsonl_file(tmp_path / "day.jsonl", *loans)
        done = qianhai("run", str(path), "--parties", str(parties_file(tmp_path)), "--json")
        assert done.code == 0, done.out + done.err

    return book


def history(run: Run) -> None:
    """Five loans against a million of equity: two fit under 0.8 and not under 0.7."""
    run(
        loan("a", "300000.00"),
        loan("b", "450000.00"),
        loan(HOSTILE, "30000.25"),
        loan("c", "100000.00"),
        loan("d", "1.00", is_genuine="false"),
    )


def rows(qianhai: Terminal, query: str) -> list[tuple[Any, ...]]:
    assert qianhai.site.database_url
    with psycopg.connect(qianhai.site.database_url) as conn:
        return conn.execute(query.encode()).fetchall()


def codes(done: Done) -> list[object]:
    assert done.code == 2, done.out + done.err
    return [flaw["code"] for flaw in done.document.part("error").rows("flaws")]


def test_a_replay_names_what_flips_with_its_cause_and_sum_on_every_report(
    qianhai: Terminal, run: Run, candidate: str, tmp_path: Path
) -> None:
    history(run)
    html, xlsx = tmp_path / "r.html", tmp_path / "r.xlsx"
    words = ["policy", "replay", "--plan", candidate, "--html", str(html), "--xlsx", str(xlsx)]
    done = qianhai(*words, "--json")
    assert done.code == 0, done.out + done.err
    document = done.document
    assert [flip["id"] for flip in document.rows("flips")] == [HOSTILE, "b"]
    assert document["amounts"] == {"CNY": "480000.25"}
    assert (document["decisions"], document["flipped"], document["equal"]) == (5, 2, 0)
    assert document["changed"] == 3, "the other ceilings moved too"
    causes = {str(one["name"]): one for one in document.rows("by_cause")}
    assert (causes[RATIO]["was"], causes[RATIO]["now"], causes[RATIO]["count"]) == ("0.8", "0.7", 2)

    page = html.read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "=1+1&lt;script&gt;" in page
    assert "480,000.25" in page
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")
    sheet = load_workbook(xlsx).active
    assert sheet is not None
    lines = list(sheet.iter_rows(values_only=True))
    assert [line[0] for line in lines[1:]] == [f"'{HOSTILE}", "b"]
    assert [line[9] for line in lines[1:]] == [30000.25, 450000]

    said = qianhai(*words, language="zh").out
    assert "5 笔判定，均与记录一致" in said
    assert "480,000.25 CNY" in said


def test_a_replay_is_narrowed_by_day_and_facility(
    qianhai: Terminal, run: Run, candidate: str
) -> None:
    history(run)

    def count(*words: str) -> object:
        done = qianhai("policy", "replay", "--plan", candidate, "--json", *words)
        assert done.code == 0, done.out + done.err
        return done.document["decisions"]

    assert count("--since", "2025-06-30", "--until", "2025-06-30") == 5
    assert count("--since", "2025-07-01") == 0
    assert count("--since", "2025-06-30", "--by", "value") == 5
    assert count("--until", "2025-06-29", "--by", "value") == 0
    assert count("--facility", "overseas_rmb_loan") == 0
    assert codes(qianhai("policy", "replay", "--json")) == ["C050"]
    assert codes(qianhai("policy", "replay", "--plan", candidate, "--since", "x", "--json")) == [
        "C001"
    ]
    wrong = ("policy", "replay", "--plan", candidate, "--facility", "overseas_lendin", "--json")
    assert codes(qianhai(*wrong)) == ["C002"]


def test_a_record_that_was_changed_is_told_instead_of_replayed(
    qianhai: Terminal, run: Run, candidate: str
) -> None:
    history(run)
    assert qianhai.site.database_url
    with psycopg.connect(qianhai.site.database_url) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update instructions.decisions set answers = 'tf' where instruction_id = 'a'")
    done = qianhai("policy", "replay", "--plan", candidate, "--json")
    assert done.code == 3
    (flaw,) = done.document.part("error").rows("flaws")
    assert (flaw["code"], flaw["value"]) == ("I015", "a")


def step(qianhai: Terminal, *words: str) -> Json:
    done = qianhai("policy", *words, "--json")
    assert done.code == 0, done.out + done.err
    return done.document


def test_a_change_takes_its_steps_in_order_and_by_two_persons(
    qianhai: Terminal, second: Terminal, run: Run, candidate: str
) -> None:
    history(run)
    assert step(qianhai, "propose", "--plan", candidate, "--why", "lower risk")["change"] == 1
    (difference,) = step(qianhai, "diff", "1").rows("differences")
    assert (difference["id"], difference["before"], difference["after"]) == (RATIO, "0.8", "0.7")

    assert codes(second("policy", "approve", "1", "--json")) == ["I021"]
    assert step(qianhai, "replay", "--change", "1")["flipped"] == 2
    assert codes(qianhai("policy", "approve", "1", "--json")) == ["I020"]
    assert codes(qianhai("policy", "activate", "1", "--from", "2025-07-01", "--json")) == ["I022"]
    shown = step(qianhai, "show", "1")
    assert (shown["state"], shown["replay_is_stale"]) == ("replayed", False)
    assert shown.part("replay")["amounts"] == {"CNY": "480000.25"}

    run(loan("e", "1.00"))
    assert step(qianhai, "show", "1")["replay_is_stale"] is True
    assert "replay it again" in qianhai("policy", "show", "1").out
    assert step(second, "approve", "1")["state"] == "approved"
    assert codes(second("policy", "reject", "1", "--json")) == ["I019"]
    assert codes(qianhai("policy", "replay", "--change", "1", "--json")) == ["I019"]
    assert codes(second("policy", "revoke", "1", "--json")) == ["I024"]
    assert step(second, "activate", "1", "--from", "2025-07-01")["active_from"] == "2025-07-01"
    assert codes(second("policy", "activate", "1", "--from", "2025-07-01", "--json")) == ["I023"]

    late = {"value_date": "2025-07-01"}
    run(loan("f", "1.00"), loan("g", "1.00", **late), loan("h", "1.00", is_genuine="false", **late))
    assert step(qianhai, "revoke", "1", "--why", "too strict")["state"] == "revoked"
    run(loan("i", "1.00", **late))
    decided = rows(
        qianhai,
        "select instruction_id, pack_hash = (select pack_hash from instructions.pack_changes"
        " where step = 1) , outcome from instructions.decisions"
        " where instruction_id in ('f', 'g', 'h', 'i') order by 1",
    )
    assert decided == [
        ("f", False, "permitted"),
        ("g", True, "refused"),
        ("h", True, "refused"),
        ("i", False, "permitted"),
    ]
    listed = qianhai("policy", "list", language="zh").out
    assert "已撤销" in listed
    assert "lower risk" in listed

    kinds = rows(
        qianhai, "select kind from journal.entries where subject = 'change-1' order by seq"
    )
    assert [kind for (kind,) in kinds] == [
        f"pack.{one}" for one in ("proposed", "replayed", "approved", "activated", "revoked")
    ]
    assert qianhai("journal", "verify").code == 0


def test_a_change_that_is_turned_down_or_is_none_goes_nowhere(
    qianhai: Terminal, second: Terminal, candidate: str, files: dict[str, bytes], tmp_path: Path
) -> None:
    same = tmp_path / "same"
    for name, raw in files.items():
        (same / name).parent.mkdir(parents=True, exist_ok=True)
        (same / name).write_bytes(raw)
    propose = ("policy", "propose", "--json", "--plan")
    assert codes(qianhai(*propose, str(same), "--why", "none")) == ["I018"]
    assert codes(qianhai(*propose, candidate, "--why", " ")) == ["I017"]
    assert codes(qianhai("policy", "show", "9", "--json")) == ["I016"]
    assert "no changes" in qianhai("policy", "list").out
    step(qianhai, "propose", "--plan", candidate, "--why", "lower risk")
    assert step(second, "reject", "1", "--why", "no")["state"] == "rejected"
    assert codes(second("policy", "approve", "1", "--json")) == ["I019"]
    assert codes(second("policy", "activate", "1", "--from", "2025-07-01", "--json")) == ["I022"]


_INSERT = (
    "insert into instructions.pack_changes (institution_id, change, step, kind, at, actor,"
    " pack_hash, base_hash, why, first_day, result, salt) select institution_id, change, {step},"
    " '{kind}', at, '{actor}', pack_hash, base_hash, '', {day}, {result}, salt"
    " from instructions.pack_changes where step = 1"
)


#: The steps taken before, the step that is refused, by whom, and what is said.
_REFUSED = [
    ([], "approved", "second", "not replayed"),
    (["replayed"], "approved", " TEST ", "who proposed it"),
    ([], "activated", "second", "not approved"),
    ([], "revoked", "second", "not active"),
    ([], "proposed", "second", "cannot be its step"),
    (["replayed", "approved"], "rejected", "second", "decided already"),
]


def test_the_database_refuses_a_step_the_program_would_not_take(
    qianhai: Terminal, candidate: str
) -> None:
    step(qianhai, "propose", "--plan", candidate, "--why", "lower risk")
    assert qianhai.site.database_url
    for taken, kind, actor, said in _REFUSED:
        with psycopg.connect(qianhai.site.database_url) as conn:
            for place, one in enumerate(taken, 2):
                conn.execute(_step_text(place, one, "second"))
            with pytest.raises(psycopg.errors.CheckViolation, match=said):
                conn.execute(_step_text(len(taken) + 2, kind, actor))
            conn.rollback()


def _step_text(place: int, kind: str, actor: str) -> bytes:
    day = "'2025-07-01'" if kind == "activated" else "null"
    result = "'{}'" if kind == "replayed" else "null"
    text = _INSERT.format(step=place, kind=kind, actor=actor, day=day, result=result)
    return text.encode()


def test_a_candidate_in_the_shadow_answers_beside_the_live_pack_and_does_nothing(
    qianhai: Terminal, run: Run, candidate: str
) -> None:
    assert codes(qianhai("policy", "shadow", "stop", "--json")) == ["I026"]
    assert codes(qianhai("policy", "shadow", "report", "--json")) == ["I026"]
    step(qianhai, "shadow", "start", "--plan", candidate)
    assert codes(qianhai("policy", "shadow", "start", "--plan", candidate, "--json")) == ["I025"]
    history(run)
    report = step(qianhai, "shadow", "report")
    assert (report["decisions"], report["differ"], report["left_out"]) == (5, 2, 0)
    assert [one["id"] for one in report.rows("differences")] == [HOSTILE, "b"]
    live = rows(qianhai, "select instruction_id, outcome from instructions.decisions order by 1")
    assert dict(live)["b"] == "permitted"

    step(qianhai, "shadow", "stop")
    run(loan("e", "1.00"))
    assert step(qianhai, "shadow", "report")["decisions"] == 5
    assert "2 differ" in qianhai("policy", "shadow", "report").out
    replayed = step(qianhai, "replay", "--plan", candidate)
    after = {str(one["id"]): one["after"] for one in replayed.rows("flips")}
    shadow = rows(
        qianhai,
        "select instruction_id, s.outcome from instructions.shadow_decisions s"
        " join instructions.decisions d using (instruction_id) where d.outcome <> s.outcome",
    )
    assert after.pop("e") == "refused", "it was stopped by then"
    assert dict(shadow) == after, "the shadow said what a replay says later"
    assert qianhai("journal", "verify").code == 0
