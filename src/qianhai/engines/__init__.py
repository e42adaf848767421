"""Deciding by the million: rules on DuckDB and on Spark, the policy's word for each kind of row.

    with DuckDB(threads=2) as engine:
        answers = decide_many(policy, table, engine)
        decide_file(Desk(policy), path, engine, out, tell)
    with Spark("spark://host:7077") as spark:
        counted = spark.decide_file(pack_files, path, out)

A table in has `id`, `facility`, `action` (null is the facility's first), `on` and a column for
each leaf of a fact; null is unknown, and `<leaf>.absent` is true where an optional fact is on
record as not there. A table out has, row by row, its number `row`, those four, `outcome`,
`clause`, `reasons`, `conditions` (t, f or u each), `missing`, the figures of each limit's pools
as `<pool>.asset`, `.cap`, `.used`, `.asked` and `.left`, and the `engine` that decided the row.

The way of a batch: heads (which rows belong together) -> facts and forms (proven by column) ->
an engine -> rooms (limits) -> conclude. The road takes the same steps for its columns and concludes
itself. Books nothing and knows no PostgreSQL.
"""

from qianhai.engines.decide import Engine, Python, decide_many
from qianhai.engines.desk import Desk, Emit, Group
from qianhai.engines.duck import DuckDB
from qianhai.engines.exact import Whole
from qianhai.engines.facts import facts_at, relation_of
from qianhai.engines.files import decide_file, row_count
from qianhai.engines.flaws import Flaws
from qianhai.engines.marks import kinds_lacking, kinds_of, packed
from qianhai.engines.rooms import Answers, Use, rooms_of
from qianhai.engines.spark import Spark

__all__ = [
    "Answers",
    "Desk",
    "DuckDB",
    "Emit",
    "Engine",
    "Flaws",
    "Group",
    "Python",
    "Spark",
    "Use",
    "Whole",
    "decide_file",
    "decide_many",
    "facts_at",
    "kinds_lacking",
    "kinds_of",
    "packed",
    "relation_of",
    "rooms_of",
    "row_count",
]
