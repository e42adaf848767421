"""A small invented pack that is sound, and ways to change it: a ferry, a pier and their loans."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from qianhai.kernel import Flaw, Place
from qianhai.policy import Authorisation, Policy, Verdict, examine, flatten, read_facts

ON = date(2030, 6, 30)

PLAN = """\
id: harbour_plan
version: "2030-01-01"
title: {zh: 河港方案, en: Harbour plan}
document: {number: 河府〔2030〕1号, zh: 文号, en: its circular}
basis: {number: 河发〔2029〕9号, zh: 依据, en: its basis}
effective_from: "2030-01-01"
effective_note: {zh: 公布之日, en: the day it was announced}
counts: {chapters: 1, sections: 2, measures: 2, clauses: 4}
kinds: [{slug: facility, zh: 业务, en: a business}]
strengths: [{slug: implement, zh: 实施, en: implement}]
statuses: [{slug: in_force, zh: 已生效, en: in force}]
units: [{slug: bank, zh: 河港银行, en: Harbour Bank}]
duties_divided: {measures: [], zh: 无, en: none}
external_bodies: [{slug: sea, in_text_of: ["1"], role: {zh: 监管, en: watches}, zh: 海事局, en: Sea Office}]
systems: [{slug: ledger, zh: 账簿, en: ledger}]
modules: [{slug: loans, measures: ["2"], zh: 贷款, en: loans}]
chapters: [{id: "1", zh: 第一章, en: Chapter one}]
sections:
  - {id: "1", chapter: "1", first: "1", last: "1", zh: 渡轮, en: Ferry}
  - {id: "2", chapter: "1", first: "2", last: "2", zh: 码头, en: Pier}
preamble_numbers: [{value: "30", unit: {zh: 周年, en: years}, src: "30", zh: 三十年, en: thirty years}]
"""

_MEASURE = """\
id: {id}
slug: {slug}
chapter: 1
section: {id}
module: loans
title: {{zh: 名称, en: Title}}
summary: {{zh: 概要, en: Summary}}
units: [bank]
duties_divided: false
kinds: [{{kind: facility, zh: 业务, en: business}}]
actors: [bank]
instruments: [{{zh: 贷款, en: loan}}]
strength: implement
status: in_force
clauses:
{clauses}
conditions: [{{basis: stated, zh: 条件, en: condition}}]
numbers: [{{value: "5", unit: {{zh: 元, en: CNY}}, src: "5元", zh: 五元, en: five}}]
related: [{related}]
systems: [ledger]
"""

_CLAUSE = (
    "  - {{id: {}, status: {}, strength: implement, verb_zh: 允许, zh: 允许办理, en: may be done}}"
)

FERRY = _MEASURE.format(
    id=1, slug="ferry", related=2,
    clauses="\n".join([_CLAUSE.format("1a", "supported"), _CLAUSE.format("1b", "proposed")]),
)  # fmt: skip
PIER = _MEASURE.format(
    id=2, slug="pier", related=1,
    clauses="\n".join([_CLAUSE.format("2a", "in_force"), _CLAUSE.format("2b", "duty")]),
)  # fmt: skip

FACILITY = """\
id: pier_loan
measure: "2"
title: {zh: 码头贷款, en: Pier loan}
parties:
  borrower: {kinds: [enterprise], iso: debtor, zh: 借款人, en: borrower}
  bank: {kinds: [bank], zh: 银行, en: bank}
facts:
  is_sound: {type: boolean, document: contract, zh: 属实, en: it is sound}
  is_listed:
    {type: boolean, provider: qualification, with: {party: borrower, name: pier_list}, zh: 在名录, en: it is listed}
  use: {type: enum, values: [pier, ship], zh: 用途, en: use}
  due_on: {type: date, optional: "true", zh: 到期日, en: due day}
  amount: {type: money, iso: instructed_amount, document: contract, zh: 金额, en: amount}
  used: {type: money, currency: CNY, provider: used, with: {limit: room}, document: book, zh: 已用, en: used}
  open: {type: money, currency: CNY, provider: position, with: {position: principal}, zh: 未还, en: open}
  back: {type: money, currency: CNY, zh: 还款, en: paid back}
  rate: {type: rate, of: CNY, per: amount.currency, document: quote, zh: 汇率, en: rate}
  paper: {type: text, zh: 单据号, en: number of the paper}
  on_file: {type: boolean, provider: record_exists, with: {kind: deed, id: paper}, zh: 有存档, en: on file}
  shares:
    {type: list, fields: {name: {type: text, zh: 名, en: name}, part: {type: money, currency: CNY, zh: 份, en: part}},
     zh: 份额, en: shares}
  spare: {type: money, currency: CNY, provider: balance, with: {account: borrower.settlement}, zh: 余额, en: spare}
positions:
  principal: {currency: CNY, zh: 本金, en: principal}
actions:
  draw:
    zh: 提款
    en: Draw
    clause: 2a
    let: {counted: "in_currency(amount, 'CNY', rate)"}
    conditions:
      - {id: sound, when: is_sound, zh: 须属实, en: it is sound}
      - {id: for_pier, when: use = 'pier', otherwise: ordinary, zh: 用于码头, en: it is for the pier}
    limits:
      - {id: room, asset: CNY, holder: borrower, cap: p.room, used: used, amount: counted, zh: 余地, en: room}
    opens: {principal: counted}
    legs:
      - {debit: bank.nostro, credit: borrower.account, amount: amount}
    effects:
      - {name: file_record, with: {kind: "'loan'", party: "'x'"}}
    documents: [contract]
    reports: [loan_report]
  repay:
    zh: 还款
    en: Repay
    of: [draw]
    clause: 2a
    closed: baseline
    conditions:
      - {id: within, when: back <= open, basis: implied, zh: 不超过未还, en: no more than is open}
    closes: {principal: back}
    release: {room: pro_rata}
    legs:
      - {debit: borrower.account, credit: bank.nostro, amount: back, when: back > 0}
given:
  sound: {is_sound: "true", use: pier, amount.amount: "40.00", amount.currency: CNY, used: "0"}
  repaying: {open: "10.00", back: "4.00"}
examples:
  - {id: sound_draw, on: 2030-06-30, given: [sound],
     expect: {outcome: permitted, clause: 2a, reasons: [QH00], missing: [], conditions: {sound: "true"},
              values: {counted: "40"}, limits: {room: {cap: "100.00", left: "100.00", asked: "40.00"}}}}
  - {id: unsound, on: 2030-06-30, given: [sound], facts: {is_sound: "false"}, expect: {outcome: refused, reasons: [RR04]}}
  - {id: soundness_missing, on: 2030-06-30, given: [sound], without: [is_sound],
     expect: {outcome: incomplete, missing: [is_sound]}}
  - {id: for_a_ship, on: 2030-06-30, given: [sound], facts: {use: ship}, expect: {outcome: ordinary}}
  - {id: use_missing, on: 2030-06-30, given: [sound], without: [use], expect: {outcome: incomplete}}
  - {id: all_of_the_room, on: 2030-06-30, given: [sound], facts: {used: "60.00"}, expect: {outcome: permitted}}
  - {id: more_than_the_room, on: 2030-06-30, given: [sound], facts: {used: "60.01"}, expect: {outcome: refused}}
  - {id: amount_missing, on: 2030-06-30, given: [sound], without: [amount], expect: {outcome: incomplete}}
  - {id: some_back, action: repay, on: 2030-06-30, given: [repaying], expect: {outcome: permitted}}
  - {id: all_back, action: repay, on: 2030-06-30, given: [repaying], facts: {back: "10.00"}, expect: {outcome: permitted}}
  - {id: too_much_back, action: repay, on: 2030-06-30, given: [repaying], facts: {back: "10.01"}, expect: {outcome: refused}}
  - {id: back_missing, action: repay, on: 2030-06-30, given: [repaying], without: [back], expect: {outcome: incomplete}}
"""

OVERLAY = """\
id: ferry_tag
measure: "1"
title: {zh: 渡轮标记, en: Ferry tag}
on_debit: {kind: tagged}
facts:
  is_own: {type: boolean, zh: 自有, en: own account}
conditions:
  - {id: own, when: is_own, zh: 须为自有, en: it is an own account}
credit_kind: {when: is_own, kind: tagged}
examples:
  - {id: own_account, on: 2030-06-30, facts: {is_own: "true"}, expect: {outcome: permitted}}
  - {id: other_account, on: 2030-06-30, facts: {is_own: "false"}, expect: {outcome: refused}}
  - {id: account_missing, on: 2030-06-30, expect: {outcome: incomplete}}
"""

PARAMETERS = """\
- id: room
  title: {zh: 余地, en: room}
  type: money
  currency: CNY
  unit: {zh: 元, en: CNY}
  measures: [2]
  confidence: page
  source: 河发〔2030〕1号
  values:
    - {from: 2030-01-01, to: 2031-12-31, value: "100"}
    - {from: 2032-01-01, value: "null"}
    - {from: 2033-01-01, value: "200", confidence: memory-unsure}
    - {from: 2034-01-01, value: "300"}
"""

FIGURES = """\
- id: two_rooms
  source: e01
  on: 2030-06-30
  facts: {part: {type: money, currency: CNY, value: "1.50"}}
  let: {half: p.room + part, whole: half + half}
  expect: {whole: "203.00"}
"""

SWITCHES = """\
2.reading:
  values: [wide, narrow]
  default: wide
  settles: {zh: 读法, en: the reading}
  reason: {zh: 原因, en: why}
"""

FILES: Mapping[str, str] = {
    "plan.yaml": PLAN,
    "measures/001_ferry/measure.yaml": FERRY,
    "measures/001_ferry/ferry_tag.overlay.yaml": OVERLAY,
    "measures/002_pier/measure.yaml": PIER,
    "measures/002_pier/pier_loan.facility.yaml": FACILITY,
    "parameters/rooms.yaml": PARAMETERS,
    "parameters/rooms.examples.yaml": FIGURES,
    "vocabulary/switches.yaml": SWITCHES,
    "vocabulary/accounts.yaml": """\
nostro: {zh: 往来, en: nostro}
settlement: {zh: 结算, en: settlement}
tagged: {zh: 标记, en: tagged}
""",
    "vocabulary/documents.yaml": """\
contract: {zh: 合同, en: contract}
book: {zh: 账簿, en: book}
quote: {zh: 牌价, en: quote}
""",
    "vocabulary/effects.yaml": "file_record: {args: [kind, party, amount], zh: 存档, en: files}\n",
    "vocabulary/providers.yaml": """\
sender: {zh: 发起人, en: sender}
qualification: {args: [party, name], zh: 名录, en: list}
used: {args: [limit, pool], zh: 已用, en: used}
position: {args: [position], zh: 未了结, en: open}
record_exists: {args: [kind, id], zh: 存档, en: on file}
balance: {args: [account], zh: 余额, en: balance}
""",
    "vocabulary/reasons.yaml": "\n".join(
        f"{code}: {{args: [condition], zh: 理由, en: 'reason {{condition}}'}}"
        for code in ("AG01", "RR04", "AM14", "QH02", "QH05", "QH03", "QH04", "QH01", "QH00")
    ),
    "vocabulary/reports.yaml": "loan_report: {zh: 报告, en: report}\n",
}


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """The small pack with one text of one file changed, everywhere it stands in that file."""
    (name,) = [name for name in FILES if name.endswith(file)]
    assert old in FILES[name], f"{old!r} stands in {name}"
    return {**FILES, name: FILES[name].replace(old, new)}


def as_bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def opened(files: Mapping[str, str]) -> Policy:
    policy, flaws = examine(as_bytes(files))
    assert policy, "\n".join(map(str, flaws))
    return policy


@cache
def small() -> Policy:
    return opened(FILES)


def flaws_of(files: Mapping[str, str]) -> list[Flaw]:
    policy, flaws = examine(as_bytes(files))
    assert (policy is None) == bool(flaws)
    return flaws


def with_action(action: str, facts: str = "") -> Policy:
    """The small pack with another first action, given by its lines, and more facts."""
    text = FACILITY.replace("actions:\n", f"actions:\n  tested:\n{_indented(action)}", 1)
    text = text.replace("facts:\n", f"facts:\n{facts}", 1)
    text = text.replace(", on: 2030-06-30, given: [s", ", action: draw, on: 2030-06-30, given: [s")
    return opened({**FILES, "measures/002_pier/pier_loan.facility.yaml": text})


def _indented(action: str) -> str:
    head = "zh: 试\nen: Test\nclause: 2a\n"
    given = {line.partition(":")[0] for line in action.splitlines() if line[:1].isalpha()}
    kept = [line for line in head.splitlines() if line.partition(":")[0] not in given]
    return "".join(f"    {line}\n" for line in [*kept, *action.splitlines()])


def decided(
    policy: Policy,
    facts: Mapping[str, object],
    *,
    action: str = "",
    on: date = ON,
    opens: tuple[Authorisation, ...] = (),
    ledger_decides: bool = False,
) -> Verdict:
    """The verdict on facts of the small facility, written as a sender writes them."""
    compiled = policy.compiled("pier_loan", action)
    values, flaws = read_facts(compiled.facts, flatten(facts), lambda leaf: Place("facts", 1, leaf))
    assert not flaws, flaws
    standing = policy.standing(on, authorisations=opens)
    return policy.decide(compiled, values, standing, ledger_decides=ledger_decides)
