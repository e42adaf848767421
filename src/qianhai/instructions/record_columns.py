"""Rows of many answers in columns: what `record_rows` writes for one, for all parts at once.

Texts are written once for the kind and filled with what differs. A person's texts are sealed one
by one, under that person's key. Holds no SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.instructions.cover import Cover
from qianhai.instructions.part import Part
from qianhai.instructions.recall import explained, letters
from qianhai.instructions.report_columns import Texts
from qianhai.instructions.rows import Rows, bytea, salts_of
from qianhai.instructions.store import DECISIONS, INSTRUCTIONS, OUTBOX, REPORTS, drawn_text
from qianhai.instructions.template import decimals, escaped, fill, in_one, mark
from qianhai.kernel import canonical_text, derived_ids
from qianhai.policy import Decision
from qianhai.registers import SubjectKey

Keys = Mapping[str, SubjectKey]
Columns = dict[str, Any]


class PartRows:
    """Makes the rows that the parts of a run leave: parts of one block, at least one."""

    def __init__(
        self,
        institution_id: str,
        cover: Cover,
        salts: Callable[[int], bytes],
        parts: Sequence[Part],
        keys: Keys,
        at: datetime,
    ) -> None:
        self._institution, self._cover, self._salts = institution_id, cover, salts
        self._parts, self._keys, self._at = parts, keys, at.isoformat()
        self._ids = [part.ids() for part in parts]
        self._all_ids = list(chain.from_iterable(self._ids))
        self._subjects = [part.subjects.to_pylist() for part in parts]
        self._all_subjects = list(chain.from_iterable(self._subjects))
        #: Which part each row is of.
        self._part_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])

    def instructions(self) -> Rows:
        """Return the rows of instructions."""
        places = np.concatenate([part.places for part in self._parts])
        names = ["content_hash", "facility", "action", "value_on", "own", "sent"]
        heads = self._parts[0].block.heads.select(names).take(pa.array(places)).combine_chunks()
        taken = {name: heads[name].combine_chunks() for name in names}
        own = pc.utf8_slice_codeunits(taken["own"], 0, -1)
        subjects = escaped(in_one([part.subjects for part in self._parts]))
        chains = derived_ids(["chain", self._institution], self._all_ids)
        columns: Columns = {
            "id": self._all_ids,
            "content_hash": [bytea(one) for one in taken["content_hash"].to_pylist()],
            "facility": taken["facility"],
            "action": taken["action"],
            "root": self._all_ids,
            "value_on": taken["value_on"].cast(pa.string()),
            "received_at": self._at,
            "chain_id": [one.hex() for one in chains],
            "parties": pc.binary_join_element_wise(own, ',"subject":"', subjects, '"}', ""),
            "facts": self._hidden(taken["sent"], "sent"),
        }
        return self._rows(INSTRUCTIONS, len(self._all_ids), columns)

    def decisions(self) -> Rows:
        """Return the rows of decisions."""
        parts = self._parts
        decisions = [part.decision for part in parts]
        seqs = pa.array(np.concatenate([part.seqs for part in parts]))
        moved = pc.if_else(pc.equal(seqs, 0), None, seqs)
        seen = [part.judged.provided.take(pa.array(part.rows)) for part in parts]
        columns: Columns = {
            "instruction_id": self._all_ids,
            "decided_at": self._at,
            "known_at": self._each([part.known_at.isoformat() for part in parts]),
            "outcome": self._each([one.outcome.value for one in decisions]),
            "clause": self._each([one.clause for one in decisions]),
            "pack_hash": self._each([one.pack_hash for one in decisions]),
            "facts": self._hidden(in_one(seen), "seen"),
            "answers": self._each([letters(one) for one in decisions]),
            "explained": self._hidden(in_one([_explained(part) for part in parts]), "explained"),
            "ledger_result": "posted",
            "ledger_seq": moved.cast(pa.string()),
            "draws": in_one([_draws(part) for part in parts]),
        }
        return self._rows(DECISIONS, len(self._all_ids), columns)

    def outbox(self) -> list[Rows]:
        """Return the rows of what has to leave beside the reports: the alerts of a refusal."""
        return [
            self._alerts(part.decision, ids, name)
            for part, ids in zip(self._parts, self._ids, strict=True)
            for name in part.decision.alerts
        ]

    def _alerts(self, decision: Decision, ids: list[str], name: str) -> Rows:
        told = canonical_text(message(mark("id"), decision))
        numbers = derived_ids(["outbox", self._institution], ids, ["alert", name])
        columns: Columns = {
            "id": [one.hex() for one in numbers],
            "instruction_id": ids,
            "kind": "alert",
            "name": name,
            "payload": fill(told, {"id": escaped(pa.array(ids))}, len(ids)),
            "created_at": self._at,
        }
        return self._rows(OUTBOX, len(ids), columns)

    def reports(self, records: Sequence[Sequence[Texts]]) -> Rows:
        """Return the first versions of the records of each part."""
        owed = [(at, *one) for at, each in enumerate(records) for one in each]
        hide, keys = self._cover.hide_all, self._keys
        hidden = [
            hide(keys, self._subjects[at], self._ids[at], texts.to_pylist(), "report", kind, "1")
            for at, kind, _, texts in owed
        ]
        counts = [len(texts) for texts in hidden]
        columns: Columns = {
            "instruction_id": [one for at, _, _, _ in owed for one in self._ids[at]],
            "kind": _repeated([kind for _, kind, _, _ in owed], counts),
            "version": "1",
            "period": _repeated([period for _, _, period, _ in owed], counts),
            "fields": list(chain.from_iterable(hidden)),
            "created_at": self._at,
        }
        return self._rows(REPORTS, sum(counts), columns)

    def _each(self, texts: Sequence[str]) -> pa.Array:
        """Return a text of each part for all its rows."""
        return pa.array(texts, pa.string()).take(pa.array(self._part_of))

    def _hidden(self, texts: pa.Array, what: str) -> pa.Array:
        """Return texts as they may rest: those about a person sealed under the person's key."""
        if self._keys.keys().isdisjoint(self._all_subjects):
            return texts
        return self._cover.hide_all(
            self._keys, self._all_subjects, self._all_ids, texts.to_pylist(), what
        )

    def _rows(self, names: Sequence[str], count: int, columns: Columns) -> Rows:
        own = {"institution_id": self._institution, "salt": salts_of(self._salts, count)}
        return Rows(names, columns | own, count)


def _explained(part: Part) -> pa.Array:
    marks, columns = marked(part)
    return fill(explained(marks), columns, len(part))


def _draws(part: Part) -> pa.Array:
    """Return what the pools gave each row."""
    if not part.draws:
        return fill("[]", {}, len(part))
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


def _repeated(texts: Sequence[str], counts: Sequence[int]) -> list[str]:
    return [text for text, count in zip(texts, counts, strict=True) for _ in range(count)]


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
