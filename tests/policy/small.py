"""A small invented pack that is sound, and ways to change it: a ferry, a pier and their loans."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from qianhai.kernel import Flaw, Place
from qianhai.policy import Authorisation, Policy, Verdict, examine, flatten, read_facts

ON = date(2030, 6, 30)
_FOLDER = Path(__file__).parent / "harbour"

#: The small pack's files as texts, by their paths inside it.
FILES: Mapping[str, str] = {
    path.relative_to(_FOLDER).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(_FOLDER.rglob("*.yaml"))
}
FACILITY = FILES["measures/002_pier/pier_loan.facility.yaml"]
PARAMETERS = FILES["parameters/rooms.yaml"]


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """The small pack with one text of one file changed, everywhere it stands in that file."""
    (name,) = [name for name in FILES if name.endswith(file)]
    assert old in FILES[name], f"{old!r} stands in {name}"
    return {**FILES, name: FILES[name].replace(old, new)}


def as_bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def opened(files: Mapping[str, str]) -> Policy:
    policy, flaws = examine(as_bytes(files))
    assert policy, "\n".join(map(str, flaws))
    return policy


@cache
def small() -> Policy:
    return opened(FILES)


def flaws_of(files: Mapping[str, str]) -> list[Flaw]:
    policy, flaws = examine(as_bytes(files))
    assert (policy is None) == bool(flaws)
    return flaws


def with_action(action: str, facts: str = "") -> Policy:
    """The small pack with another first action, given by its lines, and more facts."""
    text = FACILITY.replace("actions:\n", f"actions:\n  tested:\n{_indented(action)}", 1)
    text = text.replace("facts:\n", f"facts:\n{facts}", 1)
    text = text.replace(", on: 2030-06-30, given: [s", ", action: draw, on: 2030-06-30, given: [s")
    return opened({**FILES, "measures/002_pier/pier_loan.facility.yaml": text})


def _indented(action: str) -> str:
    head = "zh: 试\nen: Test\nclause: 2a\n"
    given = {line.partition(":")[0] for line in action.splitlines() if line[:1].isalpha()}
    kept = [line for line in head.splitlines() if line.partition(":")[0] not in given]
    return "".join(f"    {line}\n" for line in [*kept, *action.splitlines()])


def decided(
    policy: Policy,
    facts: Mapping[str, object],
    *,
    action: str = "",
    on: date = ON,
    opens: tuple[Authorisation, ...] = (),
    ledger_decides: bool = False,
) -> Verdict:
    """The verdict on facts of the small facility, written as a sender writes them."""
    compiled = policy.compiled("pier_loan", action)
    values, flaws = read_facts(compiled.facts, flatten(facts), lambda leaf: Place("facts", 1, leaf))
    assert not flaws, flaws
    standing = policy.standing(on, authorisations=opens)
    return policy.decide(compiled, values, standing, ledger_decides=ledger_decides)
