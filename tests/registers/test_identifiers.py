import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianhai.registers import IdentifierFlaw, check
from qianhai.registers.identifiers import KINDS, permit_region

#: Published numbers of well-known organisations, specimens printed on official sample cards, and
#: the example of the standard; travel permits and registration numbers are made up, form only.
REAL = [
    ("uscc", "91440300708461136T"),
    ("uscc", "914403001922038216"),
    ("uscc", "9144030010001686XA"),
    ("uscc", "91330100799655058B"),
    ("resident_id", "11010519491231002X"),
    ("resident_id", "440524188001010014"),
    ("resident_id", "810000199408230021"),
    ("resident_id", "830000199201300022"),
    ("hkid", "A1234563"),
    ("hkid", "G123456A"),
    ("hkid", "AB9876543"),
    ("hkid", "CA1823611"),
    ("lei", "HWUPKR0MPOU8FGXBT394"),
    ("lei", "529900T8BM49AURSDO55"),
    ("lei", "213800WSGIIZCXF1P572"),
    ("isin", "US0378331005"),
    ("isin", "HK0000069689"),
    ("isin", "CNE100000296"),
    ("cnaps", "102100099996"),
    ("cnaps", "104100000004"),
    ("cnaps", "105100000017"),
    ("cnaps", "103100000026"),
    ("cnaps", "308584000013"),
    ("bic", "HSBCHKHHHKH"),
    ("bic", "BKCHCNBJ"),
    ("travel_permit", "H1234567800"),
    ("travel_permit", "M12345678"),
    ("hk_brn", "12345678"),
]
HAS_CHECK_DIGIT = [pair for pair in REAL if pair[0] not in {"bic", "travel_permit", "hk_brn"}]

WRONG_FORM = [
    ("uscc", "91440300708461136"),
    ("uscc", "9144030070846113OT"),
    ("resident_id", "110105491231002"),
    ("resident_id", "1101051949123100２X9"),
    ("hkid", "ABC123456(3)"),
    ("hkid", "A12345(3)"),
    ("travel_permit", "C12345678"),
    ("travel_permit", "H1234567801234"),
    ("hk_brn", "1234567"),
    ("lei", "529900T8BM49AURSDO5"),
    ("bic", "HSBCHKH"),
    ("bic", "HSBCH1HH"),
    ("cnaps", "10210009999"),
    ("isin", "US037833100"),
]


@pytest.mark.parametrize(("kind", "number"), REAL)
def test_a_real_number_is_accepted_as_it_is(kind: str, number: str) -> None:
    assert check(kind, number) == number


@pytest.mark.parametrize(("kind", "number"), WRONG_FORM)
def test_a_number_of_another_form_is_refused_with_the_form_expected(kind: str, number: str) -> None:
    flaw = check(kind, number)
    assert isinstance(flaw, IdentifierFlaw)
    assert flaw.value == number
    assert KINDS[kind].expected_en in flaw.en
    assert KINDS[kind].expected_zh in flaw.zh


def _with_one_digit_changed(number: str) -> list[str]:
    return [
        number[:at] + other + number[at + 1 :]
        for at, digit in enumerate(number)
        if digit.isdigit()
        for other in "0123456789"
        if other != digit
    ]


@pytest.mark.parametrize(("kind", "number"), HAS_CHECK_DIGIT)
def test_any_one_changed_digit_is_found(kind: str, number: str) -> None:
    accepted = [
        changed
        for changed in _with_one_digit_changed(number)
        if not isinstance(check(kind, changed), IdentifierFlaw)
    ]
    assert accepted == []


@pytest.mark.parametrize(
    ("kind", "written", "number"),
    [
        ("hkid", "a123456(3)", "A1234563"),
        ("hkid", "Ａ１２３４５６（３）", "A1234563"),
        ("resident_id", "11010519491231002x", "11010519491231002X"),
        ("uscc", " 9144 0300 7084 6113 6t ", "91440300708461136T"),
    ],
)
def test_other_ways_to_write_a_number_are_folded(kind: str, written: str, number: str) -> None:
    assert check(kind, written) == number


def test_a_resident_number_needs_a_real_birthday_and_region() -> None:
    def completed(head: str) -> str:
        return next(
            head + last
            for last in "0123456789X"
            if sum("0123456789X".index(c) * pow(2, 17 - at, 11) for at, c in enumerate(head + last))
            % 11
            == 1
        )

    assert check("resident_id", completed("11010520000229001")) == completed("11010520000229001")
    assert isinstance(check("resident_id", completed("11010520010229001")), IdentifierFlaw)
    assert isinstance(check("resident_id", completed("99010520000229001")), IdentifierFlaw)


def test_a_bic_needs_a_country_that_exists() -> None:
    assert isinstance(check("bic", "ABCDZZ22"), IdentifierFlaw)


def test_a_residence_permit_is_not_a_citizens_number() -> None:
    assert permit_region("810000199408230021") == "HK"
    assert permit_region("830000199201300022") == "TW"
    assert permit_region("440524188001010014") is None


def test_an_unknown_kind_is_answered_with_the_nearest_one() -> None:
    flaw = check("uscc_code", "91440300708461136T")
    assert isinstance(flaw, IdentifierFlaw)
    assert "Nearest name: `uscc`" in flaw.en
    assert "最接近的名称：`uscc`" in flaw.zh


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=24))
def test_any_text_is_answered_and_what_is_accepted_stays_accepted(kind: str, text: str) -> None:
    found = check(kind, text)
    if isinstance(found, str):
        assert check(kind, found) == found
    else:
        assert found.en != found.zh


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=10, max_size=10), st.integers(0, 30))
def test_a_credit_code_has_exactly_one_check_character(tail: str, shift: int) -> None:
    head = f"91440300{tail[:9]}"
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    valid = [last for last in letters if isinstance(check("uscc", head + last), str)]
    assert len(valid) == 1
    wrong = letters[(letters.index(valid[0]) + 1 + shift % 30) % 31]
    assert isinstance(check("uscc", head + wrong), IdentifierFlaw)
