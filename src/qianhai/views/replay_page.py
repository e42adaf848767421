"""A replay as one page for people: both languages, printable, nothing fetched and no script.

Holds words, tables and one picture. Everything that came from a file or a sender is escaped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import islice
from typing import Any, Final

from qianhai.policy import Pack
from qianhai.views.figures import grouped
from qianhai.views.replay import LEFT_WORDS, NOTE, UNTRIED, cause_words

#: More rows than this are no page for people; the sheet and `--json` hold them all.
FLIPS_SHOWN_MAX: Final = 1_000
_BARS_MAX: Final = 16
_BAR_WIDTH: Final = 420
_LABEL_MAX: Final = 44
_OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "refused": ("不予办理", "refused"),
    "referred": ("转人工决定", "referred"),
    "register_first": ("须先登记", "register first"),
    "ordinary": ("按一般规定办理", "ordinary"),
    "permitted": ("准予办理", "permitted"),
    "incomplete": ("尚缺事实", "incomplete"),
}
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "parameter": ("参数", "parameter"),
    "reading": ("读法", "reading"),
    "clause": ("条款", "clause"),
    "condition": ("条件", "condition"),
    "limit": ("额度", "limit"),
    "fact": ("事实", "fact"),
    "rule": ("规则文本", "rule"),
}
_STYLE: Final = """
:root{--ink:#1b1f24;--soft:#5b6570;--line:#d5dae0;--bar:#9c3b2e;--ground:#fff}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:2rem 1.5rem;color:var(--ink);background:var(--ground);
font:15px/1.5 "Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}.soft,small{color:var(--soft)}
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;border-bottom:2px solid var(--line)}
.n{text-align:right;white-space:nowrap}td{overflow-wrap:anywhere}
code{font:13px/1.4 ui-monospace,Consolas,monospace;overflow-wrap:anywhere}
svg{max-width:100%;height:auto}
@page{size:A4 landscape;margin:12mm}
@media print{body{max-width:none;padding:0;font-size:11px}thead{display:table-header-group}
tr,svg{break-inside:avoid}}
"""


def replay_page(
    document: Mapping[str, Any], flips: Iterable[Mapping[str, Any]], packs: Sequence[Pack]
) -> Iterator[str]:
    """Yield the page of a replay, part by part; `packs` are asked for words in their order."""
    title = "规则变更回放 · Replay of a changed pack"
    yield (
        '<!DOCTYPE html>\n<html lang="zh"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
    )
    yield from _summary(document)
    if document["by_cause"]:
        yield from _causes(document["by_cause"], packs)
    yield from _directions(document["by_direction"])
    yield from _left(document["not_judged"])
    yield from _flips(document, flips)
    yield "</main></body></html>\n"


def _summary(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was judged, how many flip, and what a reader must not think."""
    candidate = document["candidate"]
    days = f"{document['since'] or '…'} – {document['until'] or '…'}"
    facility = document["facility"] or "全部业务 all facilities"
    yield (
        f"<p class=soft>候选规则包 Candidate {_text(candidate['version'])} "
        f"<code>{_text(candidate['hash'][:16])}</code> · {_text(days)}"
        f" ({_text(document['by'])}) · {_text(facility)}</p>"
    )
    figures = (
        ("判定 decisions", document["decisions"]),
        ("结果改变 flipped", document["flipped"]),
        (
            "结果不变而理由、条件或额度不同 same outcome, other reasons or ceilings",
            document["changed"],
        ),
        ("完全一致 equal", document["equal"]),
        ("无法判定 not judged", document["left"]),
        ("个人数据已删除 erased", document["erased"]),
    )
    rows = [[name, grouped(str(count))] for name, count in figures]
    yield _table(["", "笔数 count"], rows, right={1})
    yield _table(
        ["改变的金额 amount flipped", "币种 currency"],
        [[grouped(amount), currency] for currency, amount in document["amounts"].items()],
        right={0},
    )
    yield f"<p>{NOTE['zh']}<br><small>{NOTE['en']}</small></p>"
    if document["untried"]:
        count = grouped(str(document["untried"]))
        yield f"<p>{count}：{UNTRIED['zh']}<br><small>{count} {UNTRIED['en']}</small></p>"


def _causes(causes: Sequence[Mapping[str, Any]], packs: Sequence[Pack]) -> Iterator[str]:
    """Yield the picture and the table of flips by cause."""
    yield "<h2>按原因 By cause</h2>"
    labels = []
    for one in causes:
        words = cause_words(packs, one["facility"], one["kind"], one["name"])
        labels.append((words["zh"], words["en"]))
    yield _bars(causes[:_BARS_MAX], labels)
    rows = []
    for one, (zh, en) in zip(causes, labels, strict=True):
        held = f"{one['was']} → {one['now']}" if one["was"] or one["now"] else ""
        rows.append(
            [
                " ".join(_KINDS[one["kind"]]),
                f"{zh} / {en}",
                one["name"],
                held,
                one["facility"],
                _direction(one),
                grouped(str(one["count"])),
                _amounts(one),
            ]
        )
    heads = ["类别 kind", "名称 name", "编号 id", "数值 value", "业务 facility"]
    heads += ["结果 outcome", "笔数 count", "金额 amounts"]
    yield _table(heads, rows, right={6, 7})
    overlap = "一笔可有多个原因，各行可重叠。A flip may have several causes; lines overlap."
    yield f"<p><small>{overlap}</small></p>"


def _bars(causes: Sequence[Mapping[str, Any]], labels: Sequence[tuple[str, str]]) -> str:
    """Draw a bar for each cause, as long as its flips are many."""
    most = max(one["count"] for one in causes)
    height = 26 * len(causes) + 8
    size = f'viewBox="0 0 900 {height}" width="900" height="{height}"'
    parts = [f'<svg {size} role="img" font-size="13" font-family="inherit">']
    parts.append("<title>按原因的改变笔数 Flips by cause</title>")
    for place, (one, (zh, en)) in enumerate(zip(causes, labels, strict=False)):
        width = max(2, one["count"] * _BAR_WIDTH // most)
        top = 26 * place + 4
        label = f"{zh} {en}" if len(zh) + len(en) < _LABEL_MAX else zh
        label = label if len(label) <= _LABEL_MAX else f"{label[:_LABEL_MAX]}…"
        parts.append(
            f'<text x="330" y="{top + 14}" text-anchor="end">{_text(label)}</text>'
            f'<rect x="340" y="{top}" width="{width}" height="18" fill="#9c3b2e">'
            f"<title>{_text(one['name'])} {_text(_direction(one))}</title></rect>"
            f'<text x="{346 + width}" y="{top + 14}">{grouped(str(one["count"]))}</text>'
        )
    return "".join([*parts, "</svg>"])


def _directions(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>按业务与结果 By facility and outcome</h2>"
    rows = [
        [
            str(one["measure"]),
            one["facility"],
            _direction(one),
            grouped(str(one["count"])),
            _amounts(one),
        ]
        for one in lines
    ]
    heads = ["#", "业务 facility", "结果 outcome", "笔数 count", "金额 amounts"]
    yield _table(heads, rows, right={0, 3, 4}) if rows else "<p>没有结果改变。Nothing flips.</p>"


def _left(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not lines:
        return
    yield "<h2>无法判定 Not judged</h2>"
    rows = [
        [" / ".join(LEFT_WORDS[one["why"]]), one["name"], grouped(str(one["count"]))]
        for one in lines
    ]
    yield _table(["原因 why", "编号 id", "笔数 count"], rows, right={2})


def _flips(document: Mapping[str, Any], flips: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the flips themselves, as many as a person may read."""
    if not document["flipped"]:
        return
    yield "<h2>改变的判定 Decisions that flip</h2>"
    heads = ["编号 id", "业务 business", "起息日 value date", "结果 outcome"]
    heads += ["金额 amount", "币种 currency", "原因 causes"]
    rows = [
        [
            one["id"],
            f"{one['facility']} · {one['action']}",
            one["value_date"],
            _direction(one),
            grouped(one["amount"]) if one["amount"] else "",
            one["currency"],
            "; ".join(f"{c['name']}: {c['before']} → {c['after']}" for c in one["causes"]),
        ]
        for one in islice(flips, FLIPS_SHOWN_MAX)
    ]
    yield _table(heads, rows, right={4})
    hidden = document["flipped"] - len(rows)
    if hidden > 0:
        more = grouped(str(hidden))
        yield f"<p>另有 {more} 笔，见 XLSX 或 --json。{more} more: see the sheet or --json.</p>"


def _direction(one: Mapping[str, Any]) -> str:
    sides = (" ".join(_OUTCOMES[one[side]]) for side in ("before", "after"))
    return " → ".join(sides)


def _amounts(one: Mapping[str, Any]) -> str:
    return "; ".join(f"{grouped(amount)} {currency}" for currency, amount in one["amounts"].items())


def _text(text: object) -> str:
    """Return a text as it may stand anywhere on the page."""
    return escape(str(text), quote=True)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] | set[int]
) -> str:
    """Return a table; columns in `right` hold figures."""

    def line(cells: Sequence[str], tag: str) -> str:
        marks = (' class="n"' if place in right else "" for place in range(len(cells)))
        parts = (f"<{tag}{m}>{_text(c)}</{tag}>" for m, c in zip(marks, cells, strict=True))
        return f"<tr>{''.join(parts)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(heads, 'th')}</thead><tbody>{body}</tbody></table>"
