"""Every query of docs/ledger.md can be pasted: each runs on a small ledger and finds something."""

import re
from pathlib import Path

import pytest

from ledger.books import Books, chain, draw, pay
from qianhai.ledger import Kind

GUIDE = (Path(__file__).parents[2] / "docs/ledger.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^```sql\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_guide_has_queries() -> None:
    assert len(QUERIES) >= 8


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[:40].strip())
def test_a_query_of_the_guide_runs(books: Books, query: str) -> None:
    books.one(chain("a", pay(100), draw(95, 100), institution="local"))
    books.one(chain("h", pay(20), kind=Kind.HOLD, institution="local"))
    with books.database.transaction() as conn:
        cursor = conn.execute(query.encode())
        assert cursor.description
        assert all(one.name != "?column?" for one in cursor.description)
        rows = cursor.fetchall()
    is_of_another_day = any(word in query for word in ("01890999", "2023-07-01"))
    assert rows or is_of_another_day
