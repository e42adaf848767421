"""Every file of the pack fits its schema, and what a schema can see is seen by an editor."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy.small import FILES as HARBOUR
from policy.small import small
from policy.test_breaks import BREAKS
from qianhai.policy import SCHEMA_FILES, schemas
from write_reference import SCHEMAS, schema_texts

jsonschema = pytest.importorskip("jsonschema")
ROOT = Path(__file__).parents[2]
PLAN = sorted((ROOT / "plan").rglob("*.yaml"))
#: The codes of mistakes that the shape of a file shows; the others need the reading of it.
SEEN = {"P002", "P010", "P011", "P012", "P401"}


class Editor(yaml.CSafeLoader):
    """Reads YAML 1.2 as editors do: `on` and `no` are texts, and so is a day."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - replaced for this class alone
        sign: [(tag, form) for tag, form in forms if not tag.endswith((":bool", ":timestamp"))]
        for sign, forms in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"])


def _kind(path: str) -> str:
    return next(kind for kind, files in SCHEMA_FILES.items() if fnmatch(path, files))


def _validators(made: dict[str, Any]) -> dict[str, Any]:
    for schema in made.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    return {kind: jsonschema.Draft202012Validator(schema) for kind, schema in made.items()}


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """The schemas as they stand in the repository."""
    folder = ROOT / "docs" / "schemas"
    return {
        kind: json.loads((folder / f"{kind}.schema.json").read_text(encoding="utf-8"))
        for kind in SCHEMA_FILES
    }


@pytest.mark.untraced
@pytest.mark.parametrize("loader", [Editor, yaml.CBaseLoader])
def test_every_file_of_the_pack_fits_its_schema(written: dict[str, Any], loader: type[Any]) -> None:
    validators = _validators(written)
    kinds = set()
    for path in PLAN:
        name = path.relative_to(ROOT / "plan").as_posix()
        kinds.add(_kind(name))
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
        found = list(validators[_kind(name)].iter_errors(data))
        assert not found, (name, [(list(one.absolute_path), one.message) for one in found])
    assert kinds == set(SCHEMA_FILES) - ({"overlay"} - kinds)


def test_an_editor_sees_what_the_shape_of_a_file_shows() -> None:
    validators = _validators(schemas(small().pack))
    unseen = []
    for file, old, new, code, _, word in BREAKS:
        name = next(one for one in HARBOUR if one.endswith(file))
        try:
            data = yaml.load(HARBOUR[name].replace(old, new), Loader=Editor)  # noqa: S506 - safe
        except yaml.YAMLError:
            continue
        seen = any(True for _ in validators[_kind(name)].iter_errors(data))
        if code in SEEN and not seen:
            unseen.append((code, new, word))
    # The names of the file itself, and a day that no calendar has, are for `plan check`.
    assert [new for _, new, _ in unseen] == [
        "on: 2030-06-31, given: [sound],\n",
        "with: {limit: rom}",
    ]


def test_a_schema_lists_the_names_of_the_pack_with_what_they_mean() -> None:
    made = schemas(small().pack)["facility"]
    documents = made["$defs"]["documents"]
    assert set(documents["enum"]) == set(small().pack.vocabulary["documents"])
    assert all(documents["enumDescriptions"])
    assert made["properties"]["measure"] == {"$ref": "#/$defs/measures"}
    assert {2, "2"} <= set(made["$defs"]["measures"]["enum"])


@pytest.mark.untraced
def test_the_schemas_of_the_repository_are_those_of_its_pack() -> None:
    texts = schema_texts(ROOT)
    assert set(texts) == {f"{kind}.schema.json" for kind in SCHEMA_FILES}
    for name, text in texts.items():
        stands = (ROOT / SCHEMAS / name).read_text(encoding="utf-8")
        assert stands == text, f"{name} is old: run make docs"
