"""What one pack says otherwise than another is named by entry, path, file and both sides."""

from policy.small import FILES, changed, opened, small
from qianhai.policy import PackDifference, pack_differences


def found(files: dict[str, str]) -> list[PackDifference]:
    return pack_differences(small().pack, opened(files).pack)


def test_a_moved_value_is_named_by_its_day() -> None:
    (one,) = found(changed("rooms.yaml", 'value: "300"', 'value: "301"'))
    assert (one.kind, one.id, one.path) == ("parameter", "room", "values.2034-01-01.value")
    assert (one.before, one.after) == ("300", "301")
    assert one.file.endswith("parameters/rooms.yaml")


def test_a_comment_or_an_example_is_no_difference() -> None:
    files = dict(FILES)
    for name, text in FILES.items():
        if name.endswith(".facility.yaml"):
            files[name] = f"# another word\n{text}"
    assert found(files) == []


def test_an_entry_that_is_new_or_gone_is_one_difference() -> None:
    more = """\
- id: other
  title: {zh: 值, en: value}
  type: integer
  unit: {zh: 无, en: none}
  measures: [2]
  confidence: page
  source: 河发〔2030〕1号
  values: [{from: 2030-01-01, value: "1"}]
"""
    name = next(one for one in FILES if one.endswith("parameters/rooms.yaml"))
    wider = {**FILES, name: FILES[name] + more}
    (new,) = found(wider)
    assert (new.id, new.path, new.before, new.after) == ("other", "", "", "added")
    (gone,) = pack_differences(opened(wider).pack, small().pack)
    assert (gone.id, gone.before, gone.after) == ("other", "removed", "")


def test_a_rewritten_condition_and_its_lists_are_named_by_its_id() -> None:
    (one,) = found(changed("pier_loan.facility.yaml", "when: is_sound", "when: not (not is_sound)"))
    assert one.path.endswith(".when")
    assert ".conditions." in one.path
