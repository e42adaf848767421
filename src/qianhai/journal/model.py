"""What the journal records: entries, the seals they carry, and the head of the chain.

Holds values and their written form. It must not know a connection or a clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qianhai.kernel import BadInput, Flaw, Place

_WRITTEN: Final = re.compile(r"(0|[1-9][0-9]{0,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Seal:
    """The digest of one row of another room, as it was when it was inserted.

    `table` is written schema.table; `row_key` is the JSON array of its key columns' values,
    for example `["party-7"]`.
    """

    table: str
    row_key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One act to be recorded: what kind, about whom or what, its content, the rows it made.

    `kind` and `subject` must not be personal data: they stay when the body is erased.
    """

    kind: str
    subject: str
    body: Mapping[str, object]
    seals: tuple[Seal, ...]
    institution_id: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the last entry's number and the hash over everything before it.

    Printed in a day's summary and kept elsewhere, it is what a rewritten or cut history
    cannot reproduce.
    """

    seq: int
    chain: bytes

    def text(self) -> str:
        """Write the head as number, colon, hash.

        >>> Head(0, bytes(32)).text()[:8]
        '0:000000'
        """
        return f"{self.seq}:{self.chain.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read a head that `text` wrote, spaces around it allowed.

        >>> Head.parse(Head(7, bytes(32)).text()).seq
        7

        Raises:
            BadInput: the text has not this form.
        """
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            expected = "a number, a colon and 64 hexadecimal digits, such as 17:0f3c…"
            raise BadInput(
                [
                    Flaw(
                        code="J001",
                        place=Place("head"),
                        value=text,
                        expected=expected,
                        en=f"The journal head `{text}` cannot be read; expected {expected}. "
                        "Copy it from the summary of the day.",
                        zh=f"日志链头“{text}”无法识别；应为序号、冒号和64位十六进制数，"
                        "请从当日汇总中原样复制。",
                    )
                ]
            )
        return cls(int(found[1]), bytes.fromhex(found[2]))
