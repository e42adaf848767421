"""Files of business: CSV, XLSX, JSONL and ISO 20022 pain.001, read, checked and written.

A file gives rows of texts and flaws, in the order in which they stand, so that a day of a million
lines needs the memory of one. Every file is taken for hostile: whatever it holds, reading gives
rows and flaws and nothing else. Pure but for the file itself: no database, clock or network, and
no meaning (which fields a business needs is the pack's to say).
"""

from qianhai.messages.flaws import TEXTS
from qianhai.messages.model import Cell, Row, Shape
from qianhai.messages.pain001_fields import VERSIONS
from qianhai.messages.read import read
from qianhai.messages.read_jsonl import read_jsonl
from qianhai.messages.write import neutralised, whole_file, write_csv, write_jsonl
from qianhai.messages.write_pain001 import write_pain001
from qianhai.messages.write_xlsx import write_xlsx

__all__ = [
    "TEXTS",
    "VERSIONS",
    "Cell",
    "Row",
    "Shape",
    "neutralised",
    "read",
    "read_jsonl",
    "whole_file",
    "write_csv",
    "write_jsonl",
    "write_pain001",
    "write_xlsx",
]
