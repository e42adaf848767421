"""The registers: what is on record about parties, since when, and since when it is known.

    rows -> load -> Register(conn, institution_id, true_on, known_at)

Holds parties, identifiers, qualifications, ownership, accounts, papers on file, authorisations
and consents. Must not decide: what a qualification permits is data of the pack.

A natural person's names and identifiers rest encrypted under a key of their own; `reveal` reads
them and records who asked, `erase` destroys the key.
"""

from qianhai.registers.check import Checker
from qianhai.registers.identifiers import KINDS, IdentifierFlaw, check
from qianhai.registers.keys import Keyring, SubjectKey
from qianhai.registers.load import load
from qianhai.registers.model import (
    Account,
    Area,
    Attribute,
    Authorisation,
    Checked,
    Consent,
    Dated,
    Entry,
    EntryRow,
    Holding,
    LoadSummary,
    Party,
    PartyType,
    Qualification,
    Recorded,
    RecordOnFile,
    Revealed,
    ShareRange,
    Value,
)
from qianhai.registers.reveal import erase, record_reading, reveal, subject_keys
from qianhai.registers.snapshot import Register
from qianhai.registers.store import instants_of, known_by, on_record

__all__ = [
    "KINDS",
    "Account",
    "Area",
    "Attribute",
    "Authorisation",
    "Checked",
    "Checker",
    "Consent",
    "Dated",
    "Entry",
    "EntryRow",
    "Holding",
    "IdentifierFlaw",
    "Keyring",
    "LoadSummary",
    "Party",
    "PartyType",
    "Qualification",
    "RecordOnFile",
    "Recorded",
    "Register",
    "Revealed",
    "ShareRange",
    "SubjectKey",
    "Value",
    "check",
    "erase",
    "instants_of",
    "known_by",
    "load",
    "on_record",
    "record_reading",
    "reveal",
    "subject_keys",
]
