"""Blocks: instructions in columns, some thousands together, in their order.

What all instructions have stands in one table; parties, accounts and facts stand in a table for
each action and day, as texts, so that a group of them is known and decided by columns. An
instruction by itself is made only for whoever asks for one. Holds nothing a register knows.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa

from qianhai.instructions.interpret import declared_leaves
from qianhai.instructions.model import Instruction, stored_facts
from qianhai.kernel import Place, canonical_text
from qianhai.policy import Policy, read_facts

#: So many instructions are a block.
ROWS_MAX: Final = 8_192
#: What stands before the name of a role in the columns of a group, and after that of a fact.
PARTY, ACCOUNT, ABSENT = "party:", "account:", ".absent"
#: The column of a group that has the places of its rows in the block.
AT: Final = "at:"
Numbers = np.ndarray[Any, Any]
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """The instructions of one action and value date: their places in the block, and columns.

    `table` has a column of texts for each role that has a party (`party:role`) or a named account
    (`account:role`), and for each fact that is stated; what is stated as not there is true in
    `<fact>.absent`.
    """

    facility: str
    action: str
    value_on: date
    places: Numbers
    table: pa.Table


class Block:
    """Instructions of one institution in columns."""

    def __init__(
        self, policy: Policy, institution_id: str, heads: pa.Table, tables: Mapping[Key, pa.Table]
    ) -> None:
        self._policy, self._institution = policy, institution_id
        self.heads = heads
        self.ids: list[str] = heads["id"].to_pylist()
        self.continued: list[str] = heads["continues"].to_pylist()
        self._cells: dict[str, list[Any]] = {}
        self.groups = [
            Group(facility, action, date.fromisoformat(day), np.asarray(table[AT]), table)
            for (facility, action, day), table in tables.items()
        ]

    def __len__(self) -> int:
        """Return how many instructions there are."""
        return len(self.ids)

    def texts(self, name: str) -> pa.Array:
        """Return a column that every instruction has, as one array."""
        return self.heads[name].combine_chunks()

    def instruction(self, at: int) -> Instruction:
        """Return one of them by itself."""
        if not self._cells:
            self._cells = {name: self.heads[name].to_pylist() for name in self.heads.column_names}
        kept = {name: column[at] for name, column in self._cells.items()}
        own, said = json.loads(kept["own"]), json.loads(kept["said"])
        given = [(path, raw) for path, raw in json.loads(kept["sent"]).items() if path not in said]
        leaves = declared_leaves(self._policy, kept["facility"])
        facts, found = read_facts({}, given, Place, leaves=leaves)
        assert not found, "what is in a block was read before"
        return Instruction(
            kept["id"],
            self._institution,
            kept["facility"],
            kept["action"],
            kept["value_on"],
            own["parties"],
            own["accounts"],
            facts,
            kept["continues"],
            said,
            Place(kept["file"], kept["line"]),
        )

    def write(self, file: IO[bytes]) -> None:
        """Write the block at the end of a file."""
        tables = {"": self.heads} | {
            json.dumps([one.facility, one.action, one.value_on.isoformat()]): one.table
            for one in self.groups
        }
        file.write(struct.pack(">I", len(tables)))
        for name, table in tables.items():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema.with_metadata({"name": name})) as stream:
                stream.write_table(table)
            kept = sink.getvalue()
            file.write(struct.pack(">Q", kept.size))
            file.write(kept)

    @classmethod
    def read(cls, policy: Policy, institution_id: str, file: IO[bytes]) -> "Block | None":
        """Read the next block of a file; None at its end."""
        counted = file.read(4)
        if not counted:
            return None
        found: dict[str, pa.Table] = {}
        for _ in range(struct.unpack(">I", counted)[0]):
            (size,) = struct.unpack(">Q", file.read(8))
            table = pa.ipc.open_stream(file.read(size)).read_all()
            found[table.schema.metadata[b"name"].decode()] = table
        heads = found.pop("")
        return cls(
            policy, institution_id, heads, {tuple(json.loads(k)): t for k, t in found.items()}
        )


_HEADS: Final = pa.schema(
    [
        ("id", pa.string()),
        ("content_hash", pa.binary()),
        ("facility", pa.string()),
        ("action", pa.string()),
        ("value_on", pa.date32()),
        ("continues", pa.string()),
        ("own", pa.string()),
        ("sent", pa.string()),
        ("said", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
    ]
)


class BlockBuilder:
    """Lays out instructions in columns as they come in; keeps none of them."""

    def __init__(self, policy: Policy, institution_id: str) -> None:
        self._policy, self._institution = policy, institution_id
        self._heads: list[list[object]] = [[] for _ in _HEADS.names]
        self._columns: dict[Key, _Columns] = {}

    def __len__(self) -> int:
        """Return how many came in."""
        return len(self._heads[0])

    def add(self, one: Instruction, content: bytes) -> None:
        """Add an instruction; `content` is the hash of its content."""
        facts, said = stored_facts(one.facts), dict(one.said)
        key = one.facility, one.action, one.value_on.isoformat()
        self._columns.setdefault(key, _Columns()).add(len(self), one, facts)
        own = {"parties": dict(one.parties), "accounts": dict(one.accounts)}
        cells = (
            one.id,
            content,
            one.facility,
            one.action,
            one.value_on,
            one.continues,
            canonical_text(own),
            canonical_text(facts | said),
            canonical_text(said),
            one.place.file,
            one.place.line,
        )
        for column, cell in zip(self._heads, cells, strict=True):
            column.append(cell)

    def block(self) -> Block:
        """Return what came in as a block."""
        heads = zip(_HEADS, self._heads, strict=True)
        table = pa.table([pa.array(column, field.type) for field, column in heads], schema=_HEADS)
        tables = {key: one.table() for key, one in self._columns.items()}
        return Block(self._policy, self._institution, table, tables)


class _Columns:
    """The columns of a group while its instructions come in; what one does not have is null."""

    def __init__(self) -> None:
        self._at: list[int] = []
        self._columns: dict[str, list[object]] = {}

    def add(self, at: int, one: Instruction, facts: Mapping[str, object]) -> None:
        for role, party in one.parties.items():
            self._put(f"{PARTY}{role}", party)
        for role, number in one.accounts.items():
            self._put(f"{ACCOUNT}{role}", number)
        for path, value in facts.items():
            if value is None:
                self._put(f"{path}{ABSENT}", True)
            else:
                self._put(path, value)
        self._at.append(at)

    def _put(self, name: str, value: object) -> None:
        column = self._columns.setdefault(name, [])
        column.extend([None] * (len(self._at) - len(column)))
        column.append(value)

    def table(self) -> pa.Table:
        count = len(self._at)
        for column in self._columns.values():
            column.extend([None] * (count - len(column)))
        arrays = {name: pa.array(column) for name, column in self._columns.items()}
        return pa.table({AT: pa.array(self._at, pa.int64()), **arrays})


def blocks_of(
    policy: Policy, institution_id: str, instructions: Iterable[Instruction], rows: int = ROWS_MAX
) -> Iterator[Block]:
    """Yield instructions in blocks."""
    source = iter(instructions)
    while some := list(islice(source, rows)):
        builder = BlockBuilder(policy, institution_id)
        for one in some:
            builder.add(one, one.content_hash)
        yield builder.block()
