"""Flaws and faults as documents: the one shape every error has."""

from collections.abc import Sequence

from qianhai.kernel import BadInput, BrokenIntegrity, Environment, Flaw, QianhaiError

Document = dict[str, object]

_VALUE_MAX = 200


def flaw_document(flaw: Flaw) -> Document:
    """Return one flaw: where, what was found, what was expected, what to do.

    A mistake in a file of the pack also has the column it ends before, the line it stands on, and
    an excerpt of it with a caret under the place.
    """
    value = flaw.value if len(flaw.value) <= _VALUE_MAX else flaw.value[:_VALUE_MAX] + "…"
    document: Document = {
        "code": flaw.code,
        "file": flaw.place.file,
        "line": flaw.place.line,
        "column": flaw.place.column,
        "value": value,
        "expected": flaw.expected,
        "en": flaw.en,
        "zh": flaw.zh,
    }
    if flaw.excerpt:
        column = int(flaw.place.column or 1)
        source = flaw.excerpt.partition("\n")[0].strip()
        document |= {"end_column": column + flaw.length, "source": source, "excerpt": flaw.excerpt}
    return document


def fault_document(fault: QianhaiError) -> Document:
    """Return a fault with all its flaws and the exit code that goes with it."""
    flaws: Sequence[Flaw] = ()
    if isinstance(fault, BadInput | BrokenIntegrity):
        flaws = fault.flaws
    kind = {BadInput: "bad_input", BrokenIntegrity: "broken_integrity", Environment: "environment"}
    name = next((word for cls, word in kind.items() if isinstance(fault, cls)), "fault")
    document: Document = {
        "kind": name,
        "exit_code": fault.exit_code,
        "message": str(fault).split("\n")[0],
    }
    if isinstance(fault, Environment):
        document |= {"en": str(fault), "zh": fault.zh, "what_to_do": fault.what_to_do}
        document["is_retry_safe"] = fault.is_retry_safe
    return {"error": document | {"flaws": [flaw_document(flaw) for flaw in flaws]}}
