"""The navigator, as a browser without scripts walks it, and once by keyboard alone."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape

import httpx2
import pytest
from playwright.sync_api import Page

from qianhai.identity import Vault
from qianhai.kernel import BadInput
from qianhai.policy import Matter, cases_in, flatten, next_question, read_facts
from qianhai.web.interviews import Interview, opened, place_of, sealed
from web.served import Served, form_token

VAULT = Vault(bytes(range(32)))
DAY = date(2026, 3, 2)
START = Interview("overseas_lending", "lend", DAY)


def _text(page: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def _onto(client: httpx2.Client, address: str, **form: str) -> str:
    """Answer a question and return where the answer leads."""
    token = form_token(client, address)
    answer = client.post(address, data={"form_token": token, **form})
    assert answer.status_code == 303, _text(answer.text)[:600]
    return str(answer.headers["location"])


def test_words_of_a_person_find_the_business(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    found = client.get("/navigator", params={"q": "lend money to our company in Hong Kong"}).text
    first = re.search(r'href="/navigator/business/([a-z_]+)', found)
    assert first
    listed = re.findall(r'href="/navigator/business/([a-z_]+)', found)
    assert "overseas_lending" in listed[:5]
    for words in ("向境外放款", "我想向境外放款", "企業境外放款"):
        page = client.get("/navigator", params={"q": words}).text
        assert re.findall(r'href="/navigator/business/([a-z_]+)', page)[0] == "overseas_lending"
    assert "Nothing of the plan is like that." in client.get("/navigator?q=zeppelin").text


def test_who_asks_narrows_what_is_shown(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    everything = client.get("/navigator").text.count('href="/navigator/business/')
    pack = served.house.policy.pack
    residents = [
        one for one in pack.facilities.values() if "individual" in pack.measures[one.measure].actors
    ]
    shown = client.get("/navigator?who=individual").text.count('href="/navigator/business/')
    assert shown == len(residents) < everything == len(pack.facilities)


def test_an_interview_asks_what_the_pack_asks_until_nothing_matters(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    page = client.get(f"/navigator/business/overseas_lending?on={DAY}").text
    begin = re.search(r'href="(/navigator/ask/[^"]+)"', page)
    assert begin
    address = begin[1]
    policy = served.house.policy
    matter = Matter(policy, policy.compiled("overseas_lending", "lend"), policy.standing(DAY))
    facts: dict[str, object] = {}
    for _ in range(30):
        asked = next_question(matter, facts)
        if asked is None:
            break
        assert unescape(client.get(address).text).count(f"<h1>{asked.question.leaves[0].fact.en}")
        said = {leaf.path: _plausible(leaf.type, leaf.values) for leaf in asked.question.leaves}
        values, flaws = read_facts(matter.compiled.facts, flatten(said), place_of)
        assert not flaws
        facts |= values
        address = _onto(client, address, fact=asked.question.fact, **said)
    end = client.get(address)
    assert end.headers["location"].startswith("/navigator/check/")
    decision = matter.decide(facts)
    answer = client.get(end.headers["location"].replace("/check/", "/answer/")).text
    assert decision.clause in answer
    words = {"permitted": "Yes, this may be done", "refused": "No, not under this business"}
    assert words.get(decision.outcome.value, "") in answer


def _plausible(kind: str, values: tuple[str, ...]) -> str:
    kinds = {"boolean": "true", "currency": "CNY", "money": "100.00", "date": "2026-03-02"}
    return values[0] if values else kinds.get(kind, "7")


def test_what_is_not_known_never_permits_and_says_where_it_is_had_from(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    address = f"/navigator/ask/{sealed(served.house.vault, START)}"
    for _ in range(40):
        page = client.get(address)
        if page.status_code == 303:
            break
        fact = re.search(r'name="fact" value="([^"]+)"', page.text)
        assert fact
        address = _onto(client, address, fact=fact[1], act="unknown")
    answer = client.get(page.headers["location"].replace("/check/", "/answer/")).text
    assert "This cannot be answered yet" in answer
    assert "Still needed" in answer
    assert "From the registers" in answer
    assert "Yes, this may be done" not in answer


def test_an_empty_or_wrong_answer_is_asked_again_with_what_was_typed(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    policy = served.house.policy
    fact = policy.compiled("overseas_lending", "lend").facts["amount"]
    assert fact.type == "money"
    interview = Interview(
        "overseas_lending",
        "lend",
        DAY,
        {"amount.amount": "5.00", "amount.currency": "CNY"},
        (),
        ("amount",),
    )
    asked = f"/navigator/ask/{sealed(served.house.vault, interview)}"
    form = {"form_token": form_token(client, asked), "fact": "amount"}
    empty = client.post(asked, data=form)
    assert empty.status_code == 422
    assert "Answer this question, or say that you do not know." in empty.text
    wrong = client.post(asked, data={**form, "amount.amount": "a lot", "amount.currency": "CNY"})
    assert wrong.status_code == 422
    assert 'value="a lot"' in wrong.text
    assert f"{fact.en} is `a lot`" in unescape(wrong.text) or "a plain decimal" in wrong.text
    assert 'href="#amount.amount"' in wrong.text


def test_an_answer_is_changed_from_the_check_and_the_later_ones_stay(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    given = {"amount.amount": "5.00", "amount.currency": "CNY", "is_genuine": "true"}
    facts = served.house.policy.compiled("overseas_lending", "lend").facts
    given = {path: raw for path, raw in given.items() if path.partition(".")[0] in facts}
    order = tuple(dict.fromkeys(path.partition(".")[0] for path in given))
    state = sealed(served.house.vault, Interview("overseas_lending", "lend", DAY, given, (), order))
    check = client.get(f"/navigator/check/{state}").text
    assert check.count(">Change<") == len(order)
    change = re.search(r'href="(/navigator/ask/[^"]+\?fact=amount)"', check)
    assert change
    form = client.get(change[1]).text
    assert 'value="5.00"' in form
    onto = _onto(
        client, change[1], fact="amount", **{"amount.amount": "1,234.50", "amount.currency": "HKD"}
    )
    after = opened(served.house.vault, onto.rpartition("/")[2])
    assert after is not None
    assert after.order == order
    assert after.given == {**given, "amount.amount": "1234.50", "amount.currency": "HKD"}


def test_an_address_is_the_same_for_the_same_answers_and_tells_nothing(served: Served) -> None:
    secret = Interview(
        "overseas_lending", "lend", DAY, {"agreement_id": "HT-Chan-2026"}, (), ("agreement_id",)
    )
    text = sealed(VAULT, secret)
    assert text == sealed(VAULT, secret)
    assert "Chan" not in text
    assert opened(VAULT, text) == secret
    assert opened(Vault(bytes(32)), text) is None
    client = served.client()
    middle = "A" if text[len(text) // 2] != "A" else "B"
    forged = text[: len(text) // 2] + middle + text[len(text) // 2 + 1 :]
    for wrong in (forged, "x", "no-such", text[:-6], "A" * 200):
        assert client.get(f"/navigator/answer/{wrong}").status_code == 404


def test_too_much_for_an_address_is_said_so() -> None:
    rows = [{"holder": f"{number**9 * 7919:x}" * 2} for number in range(2_000)]
    with pytest.raises(BadInput):
        sealed(VAULT, Interview("any", "act", DAY, {"rows": rows}, (), ("rows",)))


def test_back_takes_the_last_answer_and_all_after_it() -> None:
    one = START.told("a", {"a": "1"}).told("b", {"b.amount": "2", "b.currency": "CNY"}).without("c")
    assert one.order == ("a", "b", "c")
    assert one.skipped == ("c",)
    back = one.before()
    assert back is not None
    assert (back.order, back.skipped) == (("a", "b"), ())
    first = one.before("b")
    assert first is not None
    assert (first.given, first.order, first.skipped) == ({"a": "1"}, ("a",), ())
    assert START.before() is None


def test_the_answer_says_what_is_left_and_what_would_have_to_change(served: Served) -> None:
    client = served.client(**{"accept-language": "en"})
    policy, files = served.house.policy, served.house.files
    case = next(
        one
        for one in cases_in(policy, files, "overseas_lending")
        if one.example.expect.get("outcome") == "permitted" and one.compiled.name == "lend"
    )
    said = {path: _written(value) for path, value in case.facts.items()}
    order = tuple(case.compiled.facts)
    interview = Interview("overseas_lending", "lend", case.example.on, said, (), order)
    state = sealed(served.house.vault, interview)
    answer = client.get(f"/navigator/answer/{state}").text
    assert "Yes, this may be done" in answer
    use = policy.decide(case.compiled, case.facts, case.standing).decision.limits[0]
    assert use.left
    assert f"{float(use.left):,.2f}" in answer
    assert "The rest as it is, these alone would be permitted too" in answer
    assert "Supposed, not proven" in answer
    fits = client.get(f"/navigator/fits/{state}").text
    assert 'href="/navigator/business/overseas_lending' in fits.partition("Nearest")[0]


def _written(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def test_every_act_of_the_pack_can_be_begun(served: Served) -> None:
    client = served.client(**{"accept-language": "zh-HK"})
    for facility, model in list(served.house.policy.pack.facilities.items())[::12]:
        page = client.get(f"/navigator/business/{facility}")
        assert page.status_code == 200
        assert page.text.count("/navigator/ask/") == len(model.actions)
        ways = re.findall(r'href="(/navigator/ask/[^"]+)"', page.text)
        assert client.get(ways[0]).status_code in {200, 303}


def test_an_interview_goes_by_keyboard_alone(page: Page) -> None:
    page.goto("/navigator")
    page.focus("#q")
    page.keyboard.type("lend overseas")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=lend*")
    _press(page, "a[href*='overseas_lending']")
    page.wait_for_url("**/business/**")
    _press(page, "a.button[href*='/navigator/ask/']")
    page.wait_for_url("**/ask/**")
    asked = 0
    while "/ask/" in page.url:
        asked += 1
        assert asked < 40, "the interview ends"
        assert page.locator("h1").count() == 1
        before = page.url
        if page.locator("main input[type=radio]").count():
            _reach(page, "main input[type=radio]")
            page.keyboard.press("Space")
            page.keyboard.press("Enter")
        else:
            _press(page, "button[value=unknown]")
        page.wait_for_url(_other_than(before))
    assert "/check/" in page.url
    _press(page, "a.button[href*='/answer/']")
    page.wait_for_url("**/answer/**")
    assert page.locator("h1").inner_text().split(":")[0] in {
        "This cannot be answered yet",
        "No, not under this business",
        "Yes, by the ordinary papers",
        "Yes, after registering first",
        "Yes, this may be done",
    }


def _other_than(before: str) -> Callable[[str], bool]:
    return lambda url: url != before


def _reach(page: Page, selector: str) -> None:
    """Go on by the tabulator until an element has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is out of the keyboard's reach")


def _press(page: Page, selector: str) -> None:
    _reach(page, selector)
    page.keyboard.press("Enter")
