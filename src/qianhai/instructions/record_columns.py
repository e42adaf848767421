"""Rows of many answers in columns: what `record` writes for one instruction, for a part at once.

Texts are written once for the kind and filled with what differs. A person's texts are sealed one
by one, under that person's key. Holds no SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from qianhai.instructions.cover import Cover
from qianhai.instructions.part import Part
from qianhai.instructions.recall import explained, letters
from qianhai.instructions.store import DECISIONS, INSTRUCTIONS, OUTBOX, REPORTS, drawn_text
from qianhai.instructions.template import decimals, escaped, fill, mark
from qianhai.kernel import canonical_text, derived_ids
from qianhai.policy import Decision
from qianhai.registers import SubjectKey

Keys = Mapping[str, SubjectKey]
Columns = dict[str, Any]


class PartRows:
    """Makes the rows that parts of a column leave."""

    def __init__(self, institution_id: str, cover: Cover, salts: Callable[[int], bytes]) -> None:
        self._institution, self._cover, self._salts = institution_id, cover, salts

    def instructions(self, part: Part, keys: Keys, at: datetime) -> pa.Table:
        """Return the rows of instructions."""
        heads, places = part.block.heads, pa.array(part.places)
        taken = {name: heads[name].take(places) for name in ("id", "content_hash", "own", "sent")}
        subjects = escaped(part.subjects)
        own = pc.utf8_slice_codeunits(taken["own"].combine_chunks(), 0, -1)
        parties = pc.binary_join_element_wise(own, ',"subject":"', subjects, '"}', "")
        ids = part.ids()
        chains = derived_ids(["chain", self._institution], ids)
        rules = part.judged.business.rules
        return self._table(
            INSTRUCTIONS,
            len(part),
            {
                "id": taken["id"],
                "content_hash": [f"\\x{one.hex()}" for one in taken["content_hash"].to_pylist()],
                "facility": rules.compiled.facility,
                "action": rules.compiled.name,
                "root": taken["id"],
                "value_on": part.judged.group.value_on,
                "received_at": at,
                "chain_id": _uuids(chains),
                "parties": parties,
                "facts": self._hidden(part, keys, ids, taken["sent"], "sent"),
            },
        )

    def decisions(self, part: Part, keys: Keys, at: datetime) -> pa.Table:
        """Return the rows of decisions."""
        ids, decision = part.ids(), part.decision
        marks, columns = marked(part)
        seen = part.judged.provided.take(pa.array(part.rows))
        text = fill(explained(marks), columns, len(part))
        moved = pa.array([seq or None for seq in part.seqs.tolist()], pa.int64())
        return self._table(
            DECISIONS,
            len(part),
            {
                "instruction_id": ids,
                "decided_at": at,
                "known_at": part.known_at,
                "outcome": decision.outcome.value,
                "clause": decision.clause,
                "pack_hash": decision.pack_hash,
                "facts": self._hidden(part, keys, ids, seen, "seen"),
                "answers": letters(decision),
                "explained": self._hidden(part, keys, ids, text, "explained"),
                "ledger_result": "posted",
                "ledger_seq": moved.cast(pa.string()),
                "draws": self._draws(part),
            },
        )

    def outbox(self, part: Part, at: datetime) -> list[pa.Table]:
        """Return the rows of what has to leave beside the reports: the alerts of a refusal."""
        decision, ids = part.decision, part.ids()
        told = canonical_text(message(mark("id"), decision)) if decision.alerts else ""
        payload = fill(told, {"id": escaped(pa.array(ids))}, len(part))
        return [
            self._table(
                OUTBOX,
                len(part),
                {
                    "id": _uuids(derived_ids(["outbox", self._institution], ids, ["alert", name])),
                    "instruction_id": ids,
                    "kind": "alert",
                    "name": name,
                    "payload": payload,
                    "created_at": at,
                },
            )
            for name in decision.alerts
        ]

    def report(
        self, part: Part, keys: Keys, at: datetime, kind: str, period: str, texts: pa.Array
    ) -> pa.Table:
        """Return the first versions of a record of each row."""
        ids = part.ids()
        cells: Columns = {
            "instruction_id": ids,
            "kind": kind,
            "version": "1",
            "period": period,
            "fields": self._hidden(part, keys, ids, texts, "report", kind, "1"),
            "created_at": at,
        }
        return self._table(REPORTS, len(part), cells)

    def _draws(self, part: Part) -> pa.Array:
        if not part.draws:
            return "[]"
        columns: Columns = {}
        shown = []
        names = part.specs.names()
        for at, (column, drawn) in enumerate(zip(part.draws, part.drawn(0), strict=True)):
            columns[f"account{at}"] = escaped(names.take(pa.array(column.account)))
            holders = part.specs.holders().take(pa.array(column.account))
            columns[f"holder{at}"] = escaped(holders)
            if drawn.source:
                columns[f"source{at}"] = escaped(names.take(pa.array(column.source)))
            shown.append(
                replace(
                    drawn,
                    account=mark(f"account{at}"),
                    holder=mark(f"holder{at}"),
                    source=mark(f"source{at}") if drawn.source else "",
                )
            )
        return fill(canonical_text(drawn_text(shown)), columns, len(part))

    def _hidden(
        self, part: Part, keys: Keys, ids: Sequence[str], texts: pa.Array, *what: str
    ) -> pa.Array:
        """Return texts as they may rest: those about a person sealed under the person's key."""
        if not keys:
            return texts
        subjects = part.subjects.to_pylist()
        if keys.keys().isdisjoint(subjects):
            return texts
        rows = zip(subjects, ids, texts.to_pylist(), strict=True)
        hide = self._cover.hide
        return pa.array([hide(keys.get(one), text, number, *what) for one, number, text in rows])

    def _table(self, columns: Sequence[str], count: int, cells: Columns) -> pa.Table:
        salts = self._salts(16 * count).hex()
        made = {
            **cells,
            "institution_id": self._institution,
            "salt": [f"\\x{salts[at : at + 32]}" for at in range(0, len(salts), 32)],
        }
        return pa.table({name: _array(made.get(name), count) for name in columns})


def marked(part: Part) -> tuple[Decision, Columns]:
    """Return the decision of a part with marks for its figures, and what each stands for."""
    columns: Columns = {}
    uses = []
    for at, (use, own) in enumerate(zip(part.decision.limits, part.figures, strict=True)):
        known = {name: figure for name, figure in own.items() if figure.is_known}
        for name, figure in known.items():
            columns[f"{name}{at}"] = decimals(figure.numbers, part.scale(at))
        told: Columns = {name: mark(f"{name}{at}") if name in known else None for name in own}
        uses.append(replace(use, **told))
    return replace(part.decision, limits=tuple(uses)), columns


def message(number: str, decision: Decision) -> dict[str, object]:
    """Return what a message says; the facts are those of the instruction it names."""
    return {
        "instruction": number,
        "facility": decision.facility,
        "action": decision.action,
        "clause": decision.clause,
    }


def _uuids(ids: Sequence[bytes]) -> list[str]:
    return [str(UUID(bytes=one)) for one in ids]


def _array(cells: Any, count: int) -> pa.Array:  # noqa: ANN401
    """Return a column of texts: one for all rows, or one for each."""
    if cells is None:
        return pa.nulls(count, pa.string())
    if isinstance(cells, str | date):
        text = cells if isinstance(cells, str) else cells.isoformat()
        return pa.repeat(pa.scalar(text, pa.string()), count)
    return pa.array(cells, pa.string()) if isinstance(cells, list) else cells


def texts_of(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return rows that were made one by one as columns of texts."""
    return pa.table(
        {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in columns}
    )


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bytes():
            return f"\\x{value.hex()}"
        case date():
            return value.isoformat()
    return str(value)
