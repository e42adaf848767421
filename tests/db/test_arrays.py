"""A list of texts reaches the database as it is, whatever stands in it."""

from string import printable

import psycopg
import pytest

from qianhai.db import Database

#: What an array's written form takes for itself, or for nothing.
_AWKWARD = ["", "null", 'a"b', "a\\b", '\\"', "{x}", "a,b", " x ", "\u3000", "'", "数", *printable]


@pytest.mark.parametrize("texts", [[], [""], ["one"], _AWKWARD, ["one", None], [["a"], ["b"]]])
def test_a_list_of_texts_is_what_the_database_reads(database: Database, texts: list[str]) -> None:
    with database.transaction() as conn:
        assert conn.execute("select %s::text[]", [texts]).fetchone() == (texts,)


def test_no_text_of_a_list_becomes_two(database: Database) -> None:
    with (
        pytest.raises(psycopg.DataError, match="NUL"),
        database.transaction() as conn,
    ):
        conn.execute("select %s::text[]", [["one\0two"]])
