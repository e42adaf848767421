"""Every command answers with one document for programs, and in both languages for people."""

import json
from pathlib import Path

import pytest

from cli.terminal import PLAN, Terminal
from qianhai.kernel import Reason
from qianhai.policy import Policy
from qianhai.views import reason_texts

#: One file of facts a facility, for whoever tries `decide` first.
EXAMPLES = sorted((PLAN.parent / "examples" / "facts").glob("*.json"))


def test_the_plan_is_listed_with_115_measures(qianhai: Terminal) -> None:
    measures = qianhai("plan", "list", "--json").document.rows("measures")
    assert [measure["id"] for measure in measures] == list(range(1, 116))
    assert sum(int(str(measure["clauses"])) for measure in measures) == 264
    for measure in measures:
        assert measure["zh"], measure
        assert measure["en"], measure
    assert "Overseas lending" in qianhai("plan", "list").out
    assert "措施" in qianhai("plan", "list", language="zh").out


def test_a_measure_is_shown_with_clauses_units_numbers_and_its_facility(qianhai: Terminal) -> None:
    document = qianhai("plan", "show", "67", "--json").document
    assert "overseas_lending" in [one["id"] for one in document.rows("facilities")]
    assert [clause["id"] for clause in document.rows("clauses")] == ["67a", "67b"]
    assert document.rows("units")[0]["en"]
    assert any(number["value"] == "80" for number in document.rows("numbers"))
    shown = qianhai("plan", "show", "67", "--on", "2023-06-30").out
    for line in (
        "To whom: enterprise, bank",
        "ceiling of overseas loans outstanding",
        "0.5 share of",
    ):
        assert line in shown, line
    assert "overseas_lending.lend" in shown
    assert "qianhai ask overseas_lending" in shown
    assert "Not open: 74b" in qianhai("plan", "show", "74").out
    assert "no instruction is decided" in qianhai("plan", "show", "114").out
    chinese = qianhai("plan", "show", "67", language="zh").out
    assert "责任单位：" in chinese
    assert "Answers" not in chinese


@pytest.mark.parametrize("number", ["0", "116"])
def test_a_measure_that_is_none_is_told(qianhai: Terminal, number: str) -> None:
    done = qianhai("plan", "show", number, "--json")
    assert done.code == 2
    assert done.document.part("error").rows("flaws")[0]["expected"] == "1 to 115"


def test_the_facilities_are_listed_with_their_actions(qianhai: Terminal) -> None:
    lines = qianhai("facility", "list", "--json").document.rows("facilities")
    measures = [int(str(line["measure"])) for line in lines]
    assert measures == sorted(measures), "in the order of the plan"
    assert {10, 41, 42, 54, 55, 59, 60, 61, 64, 67, 81, 83, 84} < set(measures)
    assert {line["id"]: line["actions"] for line in lines}["overseas_lending"] == ["lend", "return"]
    assert "企业境外放款" in qianhai("facility", "list", language="zh").out


def test_a_facility_tells_who_knows_each_fact_and_which_paper_proves_it(qianhai: Terminal) -> None:
    document = qianhai("facility", "show", "overseas_lending", "--json").document
    assert {(one["action"], one["id"]) for one in document.rows("conditions")} >= {
        ("lend", "genuine")
    }
    assert [(one["action"], one["id"]) for one in document.rows("limits")] == [("lend", "lending")]
    facts = document.part("facts")
    assert facts["lender.equity"] == {
        "type": "money", "provider": "attribute", "known_by": "register",
        "document": "audited_statements", "zh": "最近一期经审计所有者权益",
        "en": "owner's equity of the latest audited statements",
    }  # fmt: skip
    assert facts.part("is_genuine")["known_by"] == "sender"
    lend = document.part("actions")["lend"]
    assert isinstance(lend, dict)
    assert [condition["id"] for condition in lend["conditions"]] == ["genuine"]
    assert lend["limits"][0]["pools"][0]["holder"] == "lender"
    assert set(document.part("other_way")) == {"zh", "en"}
    shown = qianhai("facility", "show", "overseas_lending", language="zh").out
    assert "条件或额度" in shown


def test_every_facility_is_shown_in_both_forms(qianhai: Terminal, opened: Policy) -> None:
    for name, facility in opened.pack.facilities.items():
        document = qianhai("facility", "show", name, "--json").document
        assert set(document.part("facts")) == set(facility.facts)
        assert list(document.part("actions")) == list(facility.actions)
        shown = qianhai("facility", "show", name).out
        for action in facility.actions.values():
            assert f"{action.en} · {action.clause}" in shown


def test_a_reason_of_an_older_pack_is_shown_by_its_code(opened: Policy) -> None:
    gone = Reason("QH99", "67b", {})
    assert reason_texts(opened.pack, gone) == {"zh": "QH99", "en": "QH99"}
    lacking = reason_texts(opened.pack, Reason("AM14", "67b", {"limit": "lending"}))
    assert "<cap>" in lacking["en"]


def test_a_value_the_regulation_leaves_open_is_told_as_such(opened: Policy) -> None:
    told = reason_texts(
        opened.pack, Reason("QH01", "67b", {"fact": "p.some_ratio", "document": ""})
    )
    assert "regulation" in told["en"]
    assert "规定" in told["zh"]


@pytest.mark.parametrize("command", [("facility", "show"), ("decide",)])
def test_a_facility_that_is_none_is_told_with_the_nearest_name(
    qianhai: Terminal, command: tuple[str, ...]
) -> None:
    facts = ("--facts", "-") if command == ("decide",) else ()
    done = qianhai(*command, "overseas_lendin", *facts, given="{}", language="zh")
    assert done.code == 2
    assert "相近名称：“overseas_lending”" in done.err


def test_every_facility_decides_without_any_fact(qianhai: Terminal, opened: Policy) -> None:
    for name, facility in opened.pack.facilities.items():
        for action, model in facility.actions.items():
            document = qianhai.decide(name, {}, "--action", action, "--on", "2023-06-30")
            # What settles a hold, or only says something of a business, rests on that alone.
            is_bare = model.of and not (model.conditions or model.limits or model.legs)
            may_stand_alone = model.settles or is_bare
            assert may_stand_alone or document["outcome"] != "permitted", (name, action)
            assert (document["facility"], document["action"]) == (name, action)
            if document["outcome"] == "incomplete":
                for one in document.rows("missing"):
                    assert one["fact"], document


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_facts_of_a_facility_are_decided(qianhai: Terminal, path: Path) -> None:
    done = qianhai("decide", path.stem, "--facts", str(path), "--on", "2023-06-30", "--json")
    assert done.code == 0, done.out
    lacking = [str(one["fact"]) for one in done.document.rows("missing")]
    assert all(fact.startswith("p.") for fact in lacking), "a rule that was not there that day"


def test_every_refusal_names_another_way_in_both_languages(opened: Policy) -> None:
    for facility in opened.pack.facilities.values():
        assert facility.other_way is not None, facility.id
        assert facility.other_way.zh.endswith("。")
        assert facility.other_way.en.endswith(".")


def test_a_refusal_says_which_other_way_is_open(qianhai: Terminal) -> None:
    facts = {"is_genuine": False}
    refused = qianhai.decide("overseas_lending", facts)
    assert refused["outcome"] == "refused"
    way = refused.part("other_way")
    given = json.dumps(facts)
    said = ("decide", "overseas_lending", "--facts", "-")
    assert f"another way: {way['en']}" in qianhai(*said, given=given).out
    assert f"其他办法：{way['zh']}" in qianhai(*said, given=given, language="zh").out
    assert "other_way" not in qianhai.decide("overseas_lending", {})


def test_a_decision_is_printed_with_figures_a_clerk_can_read(qianhai: Terminal) -> None:
    facts = {
        "lender": {"in_zone": True, "equity": {"amount": "10000000.00", "currency": "CNY"}},
        "amount": {"amount": "8000000.01", "currency": "CNY"},
        "outstanding": {"amount": "0", "currency": "CNY"},
        "is_genuine": True,
    }
    out = qianhai("decide", "overseas_lending", "--facts", "-", given=json.dumps(facts)).out
    for text in ("cap 8,000,000.00", "asked 8,000,000.01", "│ 8,000,000.00 │ 0.00 │", "CNY", "✓"):
        assert text in out, out


def test_facts_are_read_from_a_file(qianhai: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_text('{"is_genuine": false}', encoding="utf-8-sig")
    done = qianhai("decide", "overseas_lending", "--facts", str(path), "--json")
    assert done.document["outcome"] == "refused"


def test_facts_of_many_megabytes_are_refused(qianhai: Terminal) -> None:
    done = qianhai("decide", "overseas_lending", "--facts", "-", "--json", given=" " * 10_000_001)
    assert done.code == 2
    assert "10000000 bytes" in str(done.document.part("error").rows("flaws")[0]["en"])


def test_stopping_a_server_that_does_not_run_says_so(qianhai: Terminal) -> None:
    assert qianhai("db", "stop", "--json").document == {"was_running": False}
    assert qianhai("db", "stop").out == "was not running\n"
    assert qianhai("db", "stop", language="zh").out == "未在运行\n"


def test_help_says_in_both_languages_what_each_command_does(qianhai: Terminal) -> None:
    shown = qianhai("--help").out
    for text in ("Decide and book a day's business", "办理一日业务", "查看主体的各项额度"):
        assert text in shown
    for group in ("plan", "facility", "register", "ledger", "journal", "db"):
        done = qianhai(group)
        assert done.code == 2
        assert "Commands" in done.err
        inside = qianhai(group, "--help")
        assert inside.code == 0


@pytest.mark.parametrize(
    ("argv", "value", "zh"),
    [
        (("decde",), "decde", "没有命令“decde”（相近：decide、decide-many）"),
        (("nothing-like-it",), "nothing-like-it", "没有命令"),
        (("decide", "x", "--fcts", "y"), "--fcts", "没有选项“--fcts”（相近：--facts）"),
        (("decide",), "", "缺少"),
        (("plan", "show", "x"), "", "的值无效"),
        (("run", "--json", "a", "--out"), "--out", "选项 --out 缺少值"),
        (("limits", "a", "b"), "", "命令用法有误"),
        ((), "--json", "没有选项"),
    ],
)
def test_a_command_written_wrongly_is_told_as_every_mistake_is(
    qianhai: Terminal, argv: tuple[str, ...], value: str, zh: str
) -> None:
    done = qianhai(*argv) if "--json" in argv else qianhai(*argv, "--json")
    assert done.code == 2
    assert done.err == ""
    (flaw,) = done.document.part("error").rows("flaws")
    assert flaw["value"] == value
    assert zh in str(flaw["zh"])
    assert "--help" in str(flaw["en"])
