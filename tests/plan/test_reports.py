"""The reports of the plan: each has its form, and no doubtful code is a default."""

from datetime import date

import pytest

from plan.the_pack import POLICY

pytestmark = pytest.mark.untraced

assert POLICY is not None
PACK = POLICY.pack
BOP = PACK.codes["bop"]
TODAY = date(2025, 6, 30)


def test_every_report_of_a_declaration_has_a_form_of_its_own_and_every_other_a_general_one() -> (
    None
):
    assert set(PACK.forms) <= set(PACK.vocabulary["reports"])
    assert len(PACK.forms) >= 16
    for name in PACK.vocabulary["reports"]:
        assert PACK.form(name).id == name


@pytest.mark.parametrize(
    ("code", "group", "is_known"), [("321000", "3", True), ("622011", "6", False)]
)
def test_a_code_tells_its_group_whether_the_table_has_it_or_not(
    code: str, group: str, is_known: bool
) -> None:
    """The worked answers e11.2 and e11.3 of the regulations read."""
    assert (BOP.group(code), BOP.is_sure(code, TODAY)) == (group, is_known)


def test_the_table_proves_no_code_that_was_only_remembered_with_doubt() -> None:
    doubtful = [one.code for one in BOP.codes if one.confidence == "memory-unsure"]
    assert "224010" in doubtful
    assert not any(BOP.is_sure(code, TODAY) for code in doubtful)


def test_the_table_says_nothing_of_a_day_before_it_held() -> None:
    assert BOP.on("121010", date(2014, 4, 30)) is None
    assert BOP.on("121010", date(2014, 5, 1)) is not None


def test_a_code_of_the_capital_account_is_asked_and_never_assumed() -> None:
    named = {one.code for one in BOP.codes}
    assert not [code for code in named if code[0] in "567"]
    for name, form in PACK.forms.items():
        for field in form.every.values():
            assert all(BOP.is_sure(code, TODAY) for code in field.implied.values()), name


@pytest.mark.parametrize("name", PACK.forms)
def test_a_form_tells_the_business_and_what_it_counts(name: str) -> None:
    found = PACK.forms[name]
    assert {"id", "business", "value_on"} <= {one.source for one in found.fields.values()}
    if found.counts != "none":
        assert {"amount", "currency"} <= {one.source for one in found.lines.values()}
