"""Where each field of a row stands in a pain.001, for reading and for writing alike.

Holds one table and the versions. A field may stand in several places: reading takes the first
that is there, writing the first that this version has and that takes the text.
"""

import re
from typing import Final

from qianhai.messages import pain001_03, pain001_09, pain001_parts
from qianhai.messages.grammar import Part, grammar

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
#: Facts of a transaction that ISO 20022 has no element for (docs/files.md).
FACTS_NAMESPACE: Final = "urn:qianhai:facts:1"
#: A name that a fact may have: small letters and digits, joined by _ and dots.
FACT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")

#: The messages that are read and written, by their name.
VERSIONS: Final[dict[str, Part]] = {
    "pain.001.001.03": grammar(pain001_parts.PARTS, pain001_03.PARTS),
    "pain.001.001.09": grammar(pain001_parts.PARTS, pain001_09.PARTS),
}


def namespace_of(version: str) -> str:
    """Return the XML namespace of a message.

    >>> namespace_of("pain.001.001.09")
    'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'
    """
    return _NAMESPACE + version


def version_of(namespace: str) -> str:
    """Return the message a namespace stands for, or the namespace itself.

    >>> version_of("urn:iso:std:iso:20022:tech:xsd:camt.053.001.08")
    'camt.053.001.08'
    """
    return namespace.removeprefix(_NAMESPACE)


def _party(field: str, *places: str) -> dict[str, tuple[str, ...]]:
    ends = {
        "name": ("Nm",),
        "id": (
            "Id/OrgId/Othr/Id",
            "Id/PrvtId/Othr/Id",
            "Id/OrgId/LEI",
            "Id/OrgId/AnyBIC",
            "Id/OrgId/BICOrBEI",
        ),
        "id_scheme": tuple(
            f"Id/{kind}/Othr/SchmeNm/{leaf}"
            for kind in ("OrgId", "PrvtId")
            for leaf in ("Cd", "Prtry")
        ),
        "lei": ("Id/OrgId/LEI",),
        "bic": ("Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI"),
        "country": ("PstlAdr/Ctry", "CtryOfRes"),
    }
    return _under(field, ends, places)


def _agent(field: str, *places: str) -> dict[str, tuple[str, ...]]:
    ends = {
        "bic": ("FinInstnId/BICFI", "FinInstnId/BIC"),
        "member": ("FinInstnId/ClrSysMmbId/MmbId",),
        "clearing_system": (
            "FinInstnId/ClrSysMmbId/ClrSysId/Cd",
            "FinInstnId/ClrSysMmbId/ClrSysId/Prtry",
        ),
        "name": ("FinInstnId/Nm",),
    }
    return _under(field, ends, places)


def _under(
    field: str, ends: dict[str, tuple[str, ...]], places: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    return {
        f"{field}.{name}": tuple(f"{place}/{leaf}" for place in places for leaf in leaves)
        for name, leaves in ends.items()
    }


#: Field -> its places, from GrpHdr, PmtInf or CdtTrfTxInf down; `@` is an attribute.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("CdtTrfTxInf/PmtId/InstrId", "CdtTrfTxInf/PmtId/EndToEndId"),
    "facility": (
        "CdtTrfTxInf/PmtTpInf/CtgyPurp/Prtry",
        "PmtInf/PmtTpInf/CtgyPurp/Prtry",
    ),
    "action": ("CdtTrfTxInf/PmtTpInf/LclInstrm/Prtry", "PmtInf/PmtTpInf/LclInstrm/Prtry"),
    "value_date": ("PmtInf/ReqdExctnDt", "PmtInf/ReqdExctnDt/Dt", "PmtInf/ReqdExctnDt/DtTm"),
    "iso.instructed_amount.amount": ("CdtTrfTxInf/Amt/InstdAmt",),
    "iso.instructed_amount.currency": ("CdtTrfTxInf/Amt/InstdAmt/@Ccy",),
    "iso.equivalent_amount.amount": ("CdtTrfTxInf/Amt/EqvtAmt/Amt",),
    "iso.equivalent_amount.currency": ("CdtTrfTxInf/Amt/EqvtAmt/Amt/@Ccy",),
    "iso.currency_of_transfer": ("CdtTrfTxInf/Amt/EqvtAmt/CcyOfTrf",),
    **_party("iso.debtor", "PmtInf/Dbtr"),
    "iso.debtor.account": ("PmtInf/DbtrAcct/Id/IBAN", "PmtInf/DbtrAcct/Id/Othr/Id"),
    **_agent("iso.debtor_agent", "PmtInf/DbtrAgt"),
    **_party("iso.ultimate_debtor", "CdtTrfTxInf/UltmtDbtr", "PmtInf/UltmtDbtr"),
    **_party("iso.creditor", "CdtTrfTxInf/Cdtr"),
    "iso.creditor.account": ("CdtTrfTxInf/CdtrAcct/Id/IBAN", "CdtTrfTxInf/CdtrAcct/Id/Othr/Id"),
    **_agent("iso.creditor_agent", "CdtTrfTxInf/CdtrAgt"),
    **_party("iso.ultimate_creditor", "CdtTrfTxInf/UltmtCdtr"),
    **_agent("iso.intermediary_agent_1", "CdtTrfTxInf/IntrmyAgt1"),
    **_agent("iso.intermediary_agent_2", "CdtTrfTxInf/IntrmyAgt2"),
    **_agent("iso.intermediary_agent_3", "CdtTrfTxInf/IntrmyAgt3"),
    "iso.purpose": ("CdtTrfTxInf/Purp/Cd", "CdtTrfTxInf/Purp/Prtry"),
    "iso.charge_bearer": ("CdtTrfTxInf/ChrgBr", "PmtInf/ChrgBr"),
    "iso.payment_method": ("PmtInf/PmtMtd",),
    "iso.end_to_end_id": ("CdtTrfTxInf/PmtId/EndToEndId",),
    "iso.uetr": ("CdtTrfTxInf/PmtId/UETR",),
    "iso.message_id": ("GrpHdr/MsgId",),
    "iso.initiator.name": ("GrpHdr/InitgPty/Nm",),
}
#: The unstructured lines of remittance, joined by line breaks: the one field that repeats.
REMITTANCE: Final = "iso.remittance"
