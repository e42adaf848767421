"""The pack as a whole: its files read, held to their models, and bound under one hash.

Is handed bytes; never opens a file. Cross-checks between files stand in check.py, the meaning of
expressions in compiling.py.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from qianhai.kernel import Flaw, Place
from qianhai.policy.model import Facility, Measure, Overlay, Parameter, Switch, Term
from qianhai.policy.outline import Plan
from qianhai.policy.reading import Document, M, hold_to, read_document

#: The vocabularies every pack has; each is a mapping of ids to terms.
VOCABULARIES = (
    "accounts", "documents", "effects", "functions", "providers", "reasons", "reports", "terms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pack:
    """The plan as data, read and held to its models."""

    version: str
    hash: str
    plan: Plan
    measures: Mapping[int, Measure]
    facilities: Mapping[str, Facility]
    overlays: Mapping[str, Overlay]
    parameters: Mapping[str, Parameter]
    switches: Mapping[str, Switch]
    vocabulary: Mapping[str, Mapping[str, Term]]
    worked: tuple[tuple[Document, int, Mapping[str, object]], ...]
    sources: Mapping[str, Document] = field(repr=False)


@dataclass(slots=True)
class _Reading:
    """What has been read so far; flaws are collected to the end."""

    flaws: list[Flaw] = field(default_factory=list)
    plan: Plan | None = None
    measures: dict[int, Measure] = field(default_factory=dict)
    facilities: dict[str, Facility] = field(default_factory=dict)
    overlays: dict[str, Overlay] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    switches: dict[str, Switch] = field(default_factory=dict)
    vocabulary: dict[str, dict[str, Term]] = field(default_factory=dict)
    worked: list[tuple[Document, int, Mapping[str, object]]] = field(default_factory=list)
    sources: dict[str, Document] = field(default_factory=dict)

    def keep(self, into: dict[str, M], key: str, value: M | None, flaws: list[Flaw], at: Place) -> None:  # fmt: skip
        """Keep one entry by its id, or its flaws; an id that stands twice is a flaw."""
        self.flaws += flaws
        if value is None:
            return
        if key in into:
            self.flaws.append(twice(at, key))
        into[key] = value


def twice(at: Place, key: str) -> Flaw:
    """Return the flaw of an id that stands twice in the pack."""
    return Flaw("P020", at, key, "an id of its own", f"the id `{key}` stands twice in the pack.",
                f"编号“{key}”在规则包中重复。")  # fmt: skip


def _plan(reading: _Reading, document: Document) -> None:
    reading.plan, flaws = hold_to(Plan, document)
    reading.flaws += flaws


def _measure(reading: _Reading, document: Document) -> None:
    measure, flaws = hold_to(Measure, document)
    reading.flaws += flaws
    if measure is None:
        return
    if measure.id in reading.measures:
        reading.flaws.append(twice(document.place(("id",)), str(measure.id)))
    folder = document.file.split("/")[-2]
    if folder != f"{measure.id:03}_{measure.slug}":
        reading.flaws.append(
            Flaw(
                "P021",
                document.place(("slug",)),
                folder,
                f"{measure.id:03}_{measure.slug}",
                f"the folder is `{folder}`; a measure stands in `NNN_slug`.",
                f"文件夹名为“{folder}”，应为“编号_slug”。",
            )  # fmt: skip
        )
    reading.measures[measure.id] = measure
    reading.sources[f"measure:{measure.id}"] = document


def _facility(reading: _Reading, document: Document) -> None:
    facility, flaws = hold_to(Facility, document)
    key = facility.id if facility else ""
    reading.keep(reading.facilities, key, facility, flaws, document.place(("id",)))
    if facility:
        reading.sources[f"facility:{key}"] = document


def _overlay(reading: _Reading, document: Document) -> None:
    overlay, flaws = hold_to(Overlay, document)
    key = overlay.id if overlay else ""
    reading.keep(reading.overlays, key, overlay, flaws, document.place(("id",)))
    if overlay:
        reading.sources[f"overlay:{key}"] = document


def _items(reading: _Reading, document: Document) -> list[object]:
    if isinstance(document.data, list):
        return document.data
    reading.flaws.append(Flaw("P022", document.place(()), "", "a list of entries",
                              "this file is a list of entries.", "该文件应为条目列表。"))  # fmt: skip
    return []


def _parameters(reading: _Reading, document: Document) -> None:
    for at, _ in enumerate(_items(reading, document)):
        parameter, flaws = hold_to(Parameter, document, (at,))
        key = parameter.id if parameter else ""
        reading.keep(reading.parameters, key, parameter, flaws, document.place((at, "id")))


def _worked(reading: _Reading, document: Document) -> None:
    for at, item in enumerate(_items(reading, document)):
        if isinstance(item, dict):
            reading.worked.append((document, at, item))


def _terms(reading: _Reading, document: Document) -> None:
    name = document.file.rsplit("/", 1)[-1].removesuffix(".yaml")
    words: dict[str, Term] = {}
    entries = document.data if isinstance(document.data, dict) else {}
    for key in entries:
        term, flaws = hold_to(Term, document, (key,))
        reading.keep(words, key, term, flaws, document.place((key,)))
    reading.vocabulary[name] = words


def _switches(reading: _Reading, document: Document) -> None:
    entries = document.data if isinstance(document.data, dict) else {}
    for key, entry in entries.items():
        if isinstance(entry, dict):
            entry["id"] = key
        switch, flaws = hold_to(Switch, document, (key,))
        reading.keep(reading.switches, key, switch, flaws, document.place((key,)))


_KINDS: tuple[tuple[re.Pattern[str], Callable[[_Reading, Document], None]], ...] = (
    (re.compile(r"plan\.yaml"), _plan),
    (re.compile(r"vocabulary/switches\.yaml"), _switches),
    (re.compile(rf"vocabulary/({'|'.join(VOCABULARIES)})\.yaml"), _terms),
    (re.compile(r"parameters/[a-z0-9_]+\.examples\.yaml"), _worked),
    (re.compile(r"parameters/[a-z0-9_]+\.yaml"), _parameters),
    (re.compile(r"measures/\d{3}_[a-z0-9_]+/measure\.yaml"), _measure),
    (re.compile(r"measures/\d{3}_[a-z0-9_]+/[a-z0-9_]+\.facility\.yaml"), _facility),
    (re.compile(r"measures/\d{3}_[a-z0-9_]+/[a-z0-9_]+\.overlay\.yaml"), _overlay),
)


def read_pack(files: Mapping[str, bytes]) -> tuple[Pack | None, list[Flaw]]:
    """Read the pack's files; the pack when every file fits its model, and all flaws.

    `files` maps a path inside the pack, with slashes, to its bytes.
    """
    reading = _Reading()
    hashes: list[str] = []
    for file in sorted(files):
        hashes.append(f"{file}:{hashlib.sha256(files[file]).hexdigest()}")
        reader = next((act for pattern, act in _KINDS if pattern.fullmatch(file)), None)
        if reader is None:
            reading.flaws.append(
                Flaw(
                    "P023",
                    Place(file),
                    file,
                    "a file kind of the pack",
                    "the pack has no such file kind; see docs/add-a-measure.md.",
                    "规则包没有此类文件，见 docs/add-a-measure.md。",
                )  # fmt: skip
            )
            continue
        document, flaws = read_document(file, files[file])
        reading.flaws += flaws
        if document is not None:
            reader(reading, document)
    if reading.plan is None:
        reading.flaws.append(Flaw("P024", Place("plan.yaml"), "", "plan.yaml", "the pack has no plan.yaml.",
                                  "规则包缺少 plan.yaml。"))  # fmt: skip
        return None, reading.flaws
    for name in VOCABULARIES:
        reading.vocabulary.setdefault(name, {})
    digest = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    pack = Pack(
        reading.plan.version, digest, reading.plan, reading.measures, reading.facilities,
        reading.overlays, reading.parameters, reading.switches, reading.vocabulary,
        tuple(reading.worked), reading.sources,
    )  # fmt: skip
    return pack, reading.flaws
