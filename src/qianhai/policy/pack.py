"""The pack as a whole: its files read, held to their models, and bound under one hash.

Is handed bytes; never opens a file. What files say of each other is checked in crossing.py and
framing.py, the meaning of expressions in compiling.py.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from qianhai.kernel import Flaw, Place, canonical_bytes
from qianhai.policy.model import Facility, Measure, Overlay, Parameter, Switch, Term, Worked
from qianhai.policy.movements import MOVEMENTS, Movements
from qianhai.policy.outline import Plan
from qianhai.policy.reading import Document, M, Path, hold_to, read_document
from qianhai.policy.reporting import CodeTable, ReportFact, ReportForm, general_form

#: The vocabularies every pack has; each is a mapping of ids to terms.
VOCABULARIES: Final = (
    "accounts",
    "documents",
    "effects",
    "functions",
    "providers",
    "reasons",
    "reports",
    "terms",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry of the pack is written: its file, and its path inside it."""

    document: Document
    path: Path = ()

    def at(self, *steps: str | int) -> Path:
        """Return the path of a part of the entry."""
        return (*self.path, *steps)


@dataclass(frozen=True, slots=True)
class Pack:
    """The plan as data, read and held to its models.

    `sources` tell where an entry stands: `facility:ID`, `overlay:ID`, `measure:NUMBER`,
    `parameter:ID`, `switch:ID`, `worked:ID`, `form:ID`, `codes:ID`, `plan`, `movements:movements`,
    and `reasons:CODE` for each vocabulary. `forms` are what reports hold, by the report; `general`
    what those hold that have none of their own. `partial` are the kinds of which an entry could not
    be read, so that an unknown name among them may be known after all.
    """

    version: str
    hash: str
    plan: Plan
    measures: Mapping[int, Measure]
    facilities: Mapping[str, Facility]
    overlays: Mapping[str, Overlay]
    parameters: Mapping[str, Parameter]
    switches: Mapping[str, Switch]
    vocabulary: Mapping[str, Mapping[str, Term]]
    worked: Mapping[str, Worked]
    forms: Mapping[str, ReportForm]
    codes: Mapping[str, CodeTable]
    general: Mapping[str, ReportForm] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    partial: frozenset[str] = frozenset()
    movements: Movements | None = None

    @property
    def clauses(self) -> dict[str, str]:
        """Return the status of every clause, as the pack states it."""
        return {c.id: c.status for m in self.measures.values() for c in m.clauses}

    def form(self, report: str) -> ReportForm:
        """Return what a report holds; of one without a form of its own, what its business says."""
        return self.forms.get(report) or self.general[report]

    def report_facts(self, facility: str) -> dict[str, ReportFact]:
        """Return what a sender may say for the reports that a facility's actions owe."""
        actions = self.facilities[facility].actions.values()
        owed = {name for action in actions for name in action.reports}
        return {name: fact for one in sorted(owed) for name, fact in self.form(one).facts.items()}


K = TypeVar("K", int, str)


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
    worked: dict[str, Worked] = field(default_factory=dict)
    forms: dict[str, ReportForm] = field(default_factory=dict)
    codes: dict[str, CodeTable] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)
    movements: Movements | None = None

    def hold(self, model: type[M], document: Document, path: Path = ()) -> M | None:
        """Hold an entry to its model, noting what is wrong with it."""
        entry, flaws = hold_to(model, document, path)
        self.flaws += flaws
        if entry is None:
            self.partial.add(_kind_of(document.file))
        return entry

    def keep(self, into: dict[K, M], kind: str, key: K, entry: M, source: Source) -> None:
        """Keep an entry by its id; an id that stands twice in the pack is a flaw."""
        if key in into:
            en = f"the id `{key}` stands twice in the pack."
            zh = f"编号“{key}”在规则包中重复。"
            at = source.at("id")
            self.flaws.append(
                source.document.flaw("P020", at, str(key), "an id of its own", en, zh)
            )
        into[key] = entry
        self.sources[f"{kind}:{key}"] = source

    def match_stem(self, document: Document, key: str) -> None:
        """Note a file named otherwise than the one entry in it: who has the id finds the file."""
        stem = document.file.rsplit("/", 1)[-1].partition(".")[0]
        if stem != key:
            en = f"the id is `{key}`, and the file begins with `{stem}`; both say the same."
            zh = f"编号为“{key}”，而文件名以“{stem}”开头；两者应一致。"
            self.flaws.append(document.flaw("P021", ("id",), key, stem, en, zh))


def _kind_of(file: str) -> str:
    """Return the kind of the entries of a file, as the keys of `sources` begin.

    >>> _kind_of("plan/vocabulary/switches.yaml"), _kind_of("x/measures/001_a/b.facility.yaml")
    ('switch', 'facility')
    """
    folder, _, name = file.rpartition("/")
    kind = name.removesuffix(".yaml").rpartition(".")[2]
    if folder.endswith("parameters"):
        return "worked" if kind == "examples" else "parameter"
    if folder.endswith(("reports", "codes")):
        return "form" if folder.endswith("reports") else "codes"
    return "switch" if kind == "switches" else kind


def _plan(reading: _Reading, document: Document) -> None:
    reading.plan = reading.hold(Plan, document)
    reading.sources["plan"] = Source(document)


def _movements(reading: _Reading, document: Document) -> None:
    reading.movements = reading.hold(Movements, document)
    reading.sources[f"{MOVEMENTS}:{MOVEMENTS}"] = Source(document)


def _measure(reading: _Reading, document: Document) -> None:
    measure = reading.hold(Measure, document)
    if measure is None:
        return
    folder, named = document.file.split("/")[-2], f"{measure.id:03}_{measure.slug}"
    if folder != named:
        en = f"the folder is `{folder}`; a measure stands in a folder named by number and slug."
        zh = f"文件夹名为“{folder}”，应由编号和 slug 组成。"
        reading.flaws.append(document.flaw("P021", ("slug",), folder, named, en, zh))
    reading.keep(reading.measures, "measure", measure.id, measure, Source(document))


def _facility(reading: _Reading, document: Document) -> None:
    facility = reading.hold(Facility, document)
    if facility:
        reading.match_stem(document, facility.id)
        reading.keep(reading.facilities, "facility", facility.id, facility, Source(document))


def _overlay(reading: _Reading, document: Document) -> None:
    overlay = reading.hold(Overlay, document)
    if overlay:
        reading.match_stem(document, overlay.id)
        reading.keep(reading.overlays, "overlay", overlay.id, overlay, Source(document))


def _form(reading: _Reading, document: Document) -> None:
    form = reading.hold(ReportForm, document)
    if form:
        reading.match_stem(document, form.id)
        reading.keep(reading.forms, "form", form.id, form, Source(document))


def _codes(reading: _Reading, document: Document) -> None:
    table = reading.hold(CodeTable, document)
    if table:
        reading.match_stem(document, table.id)
        reading.keep(reading.codes, "codes", table.id, table, Source(document))


def _parameters(reading: _Reading, document: Document) -> None:
    for at in _numbers(reading, document):
        parameter = reading.hold(Parameter, document, (at,))
        if parameter:
            source = Source(document, (at,))
            reading.keep(reading.parameters, "parameter", parameter.id, parameter, source)


def _worked(reading: _Reading, document: Document) -> None:
    for at in _numbers(reading, document):
        worked = reading.hold(Worked, document, (at,))
        if worked:
            reading.keep(reading.worked, "worked", worked.id, worked, Source(document, (at,)))


def _numbers(reading: _Reading, document: Document) -> range:
    if isinstance(document.data, list):
        return range(len(document.data))
    en, zh = "this file is a list of entries.", "该文件应为条目列表。"
    reading.flaws.append(document.flaw("P022", (), "", "a list of entries", en, zh))
    return range(0)


def _words(reading: _Reading, document: Document) -> tuple[str, ...]:
    if isinstance(document.data, dict):
        return tuple(document.data)
    en, zh = "this file maps ids to their entries.", "该文件应为编号到条目的键值表。"
    reading.flaws.append(document.flaw("P022", (), "", "a mapping of ids", en, zh))
    return ()


def _terms(reading: _Reading, document: Document) -> None:
    name = document.file.rsplit("/", 1)[-1].removesuffix(".yaml")
    words = reading.vocabulary.setdefault(name, {})
    for key in _words(reading, document):
        term = reading.hold(Term, document, (key,))
        if term:
            reading.keep(words, name, key, term, Source(document, (key,)))


def _switches(reading: _Reading, document: Document) -> None:
    for key in _words(reading, document):
        switch = reading.hold(Switch, document, (key,))
        if switch:
            reading.keep(reading.switches, "switch", key, switch, Source(document, (key,)))


_KINDS: Final[tuple[tuple[re.Pattern[str], Callable[[_Reading, Document], None]], ...]] = (
    (re.compile(r"plan\.yaml"), _plan),
    (re.compile(rf"accounts/{MOVEMENTS}\.yaml"), _movements),
    (re.compile(r"vocabulary/switches\.yaml"), _switches),
    (re.compile(rf"vocabulary/({'|'.join(VOCABULARIES)})\.yaml"), _terms),
    (re.compile(r"parameters/[a-z0-9_]+\.examples\.yaml"), _worked),
    (re.compile(r"parameters/[a-z0-9_]+\.yaml"), _parameters),
    (re.compile(r"reports/[a-z0-9_]+\.yaml"), _form),
    (re.compile(r"codes/[a-z0-9_]+\.yaml"), _codes),
    (re.compile(r"measures/\d{3}_[a-z0-9_]+/measure\.yaml"), _measure),
    (re.compile(r"measures/\d{3}_[a-z0-9_]+/[a-z0-9_]+\.facility\.yaml"), _facility),
    (re.compile(r"measures/\d{3}_[a-z0-9_]+/[a-z0-9_]+\.overlay\.yaml"), _overlay),
)


#: Where the examples of a file begin, and any other key of its first level.
_EXAMPLES: Final = re.compile(rb"^(?:given|examples):", re.MULTILINE)
_OTHER_KEY: Final = re.compile(rb"^(?!given:|examples:)[^\s#]", re.MULTILINE)


def _brief(raw: bytes) -> bytes:
    """Return a file up to its examples, where nothing else stands behind them."""
    found = _EXAMPLES.search(raw)
    if found is None or _OTHER_KEY.search(raw, found.start()):
        return raw
    return raw[: found.start()]


def read_pack(
    files: Mapping[str, bytes], *, folder: str = "plan", is_brief: bool = False
) -> tuple[Pack | None, list[Flaw]]:
    """Read the pack's files; the pack, and every flaw of a file that does not fit its model.

    `files` maps a path inside the pack, with slashes, to its bytes; `folder` is what messages
    put before it. Without a frame (`plan.yaml`) there is no pack. A brief pack has no examples,
    which are most of it and decide nothing; its hash is that of the whole.
    """
    reading = _Reading()
    hashes: list[str] = []
    for file in sorted(files):
        hashes.append(f"{file}:{hashlib.sha256(files[file]).hexdigest()}")
        reader = next((act for pattern, act in _KINDS if pattern.fullmatch(file)), None)
        if reader is None:
            en = "the pack has no such file kind; see docs/add-a-measure.md."
            zh = "规则包没有此类文件，见 docs/add-a-measure.md。"
            place = Place(f"{folder}/{file}", 1)
            reading.flaws.append(Flaw("P023", place, file, "a file kind of the pack", en, zh))
            continue
        raw = _brief(files[file]) if is_brief and file.startswith("measures/") else files[file]
        document, flaws = read_document(f"{folder}/{file}", raw)
        reading.flaws += flaws
        if document is None:
            reading.partial.add(_kind_of(f"{folder}/{file}"))
        else:
            reader(reading, document)
    if reading.plan is None:
        if "plan.yaml" not in files:
            place = Place(f"{folder}/plan.yaml", 1)
            en, zh = "the pack has no plan.yaml.", "规则包缺少 plan.yaml。"
            reading.flaws.append(Flaw("P024", place, "", "plan.yaml", en, zh))
        return None, reading.flaws
    for name in VOCABULARIES:
        reading.vocabulary.setdefault(name, {})
    digest = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    return Pack(
        version=reading.plan.version,
        hash=digest,
        plan=reading.plan,
        measures=reading.measures,
        facilities=reading.facilities,
        overlays=reading.overlays,
        parameters=reading.parameters,
        switches=reading.switches,
        vocabulary=reading.vocabulary,
        worked=reading.worked,
        forms=reading.forms,
        codes=reading.codes,
        general=_general(reading),
        sources=reading.sources,
        partial=frozenset(reading.partial),
        movements=reading.movements,
    ), reading.flaws


def _general(reading: _Reading) -> dict[str, ReportForm]:
    """Return the form of each report that is owed and has none of its own."""
    owing: dict[str, list[Facility]] = {}
    for facility in reading.facilities.values():
        owed = {name for action in facility.actions.values() for name in action.reports}
        for name in sorted(owed - reading.forms.keys()):
            owing.setdefault(name, []).append(facility)
    named = {name: owing.get(name, []) for name in {*reading.vocabulary["reports"], *owing}}
    return {
        name: general_form(name, found)
        for name, found in sorted(named.items())
        if name not in reading.forms
    }


def bundled(files: Mapping[str, bytes]) -> bytes:
    """Return a pack's files as one compressed text, the same bytes for the same files."""
    texts = {path: raw.decode("utf-8") for path, raw in sorted(files.items())}
    return zlib.compress(canonical_bytes(texts), 9)


def unbundled(raw: bytes) -> dict[str, bytes]:
    """Return the files a bundle was made of.

    >>> unbundled(bundled({"plan.yaml": b"id: plan"}))
    {'plan.yaml': b'id: plan'}
    """
    texts: dict[str, str] = json.loads(zlib.decompress(raw))
    return {path: text.encode() for path, text in texts.items()}
