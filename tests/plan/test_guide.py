"""The guide for authors is followed literally: its own blocks, put where they say they belong."""

import re
from pathlib import Path

import pytest

from plan.the_pack import FILES, POLICY
from qianhai.policy import check_pack, coverage, open_policy, proposals

pytestmark = pytest.mark.untraced

GUIDE = Path(__file__).parents[2] / "docs" / "add-a-measure.md"
_BLOCK = re.compile(r"```yaml\n# (append to )?plan/(\S+)\n(.*?)```", re.DOTALL)


def _followed() -> list[dict[str, bytes]]:
    """The files of the pack after each block of the guide."""
    files, steps = dict(FILES), []
    for is_appended, path, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        assert bool(is_appended) == (path in files), path
        files = {**files, path: files.get(path, b"") + text.encode()}
        steps.append(files)
    return steps


def test_the_guide_adds_a_facility_that_is_sound_and_shown_in_full() -> None:
    report = check_pack(_followed()[-1])
    assert report.differences == (), "\n".join(map(str, report.differences))
    assert report.lacking == 0
    assert POLICY
    assert report.facilities == len(POLICY.pack.facilities) + 1


def test_after_one_example_only_others_lack_and_each_is_proposed_as_the_guide_says() -> None:
    _, first, last = _followed()
    assert {flaw.code for flaw in check_pack(first).differences} == {"P422"}
    policy = open_policy(first)
    shown = [one for one in coverage(policy) if one.lacking]
    sides = sum(len(one.lacking) for one in shown)
    proposed = [proposal for one in shown for proposal in proposals(policy, one)]
    assert len(proposed) == sides > 0
    new = b"".join(last[name] for name in last if last[name] != first[name]).decode()
    for name in ("channel_fails", "channel_unknown", "in_zone_fails", "in_zone_unknown"):
        (text,) = (one.text for one in proposed if one.example.id == name)
        assert text in new


def test_every_schema_has_its_files_in_the_guide() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for path in (GUIDE.parent / "schemas").iterdir():
        assert f'"docs/schemas/{path.name}"' in text
