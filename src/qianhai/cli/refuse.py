"""Says what is wrong with a command's words or files, in both languages."""

from collections.abc import Iterable

from qianhai.kernel import BadInput, Flaw, Place, nearest


def refused(code: str, place: Place, value: str, expected: str, *, en: str, zh: str) -> BadInput:
    """Return the fault of one mistake of a command."""
    return BadInput([Flaw(code, place, value, expected, en, zh)])


def unknown_name(what: str, zh: str, found: str, known: Iterable[str]) -> Flaw:
    """Say that the pack has no such name, with the nearest one."""
    words = list(known)
    near = nearest(found, words)
    hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
    return Flaw(
        "C002",
        Place(what),
        found,
        f"one of {', '.join(words)}",
        f"unknown {what} `{found}`.{hint} `qianhai facility list` shows what there is.",
        f"未知的{zh}“{found}”。{zh_hint}可用 qianhai facility list 查看。",
    )
