"""One day at the bank in a real browser: asked, keyed in, approved, its limit seen, replayed.

Each person has a browser of their own; nobody reaches into the database.
"""

import json
from decimal import Decimal

from playwright.sync_api import Browser, Page

from qianhai.identity import Role, User
from qianhai.policy import cases_in, leaves_of
from web.business import DAY, later, lines
from web.served import PASSWORD, Served

NUMBER = "M67-001-end"
LENDER = "yantian_logistics"
LOAN = Decimal("50000000.00")


def _enter(browser: Browser, served: Served, user: User) -> Page:
    """Sign a person in by the page, in a browser of their own."""
    context = browser.new_context(base_url=served.address, locale="en-GB")
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#name", user.name)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/")
    return page


def _sends_the_register(page: Page) -> None:
    page.goto("/desk")
    page.set_input_files("#parties", DAY / "parties.jsonl")
    page.get_by_role("button", name="Prove and send").click()
    page.wait_for_url("**/works/*")
    page.get_by_text("Done").wait_for(timeout=60_000)


def _keys_a_loan_in(page: Page) -> None:
    row = json.loads(lines("M67-001", suffix="-end"))
    page.goto(f"/desk/new/{row.pop('facility')}/{row.pop('action', 'lend')}")
    for name, text in row.items():
        box = page.locator(f"[name='{name}']")
        if box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(text)
        else:
            box.fill(text)
    page.get_by_role("button", name="Look at the decision").click()
    assert "Permitted" in page.locator(".said").inner_text()
    assert page.get_by_role("table").filter(has_text="Legs it would post").count() == 1
    page.get_by_role("button", name="Send it to a second person").click()
    page.wait_for_url("**/approvals/of?id=*")
    assert "You sent it yourself" in page.locator("main").inner_text()


def _approves(page: Page) -> str:
    """Approve what waits, and return what the page of the decision says of the limit."""
    page.goto("/approvals")
    page.get_by_role("link", name=NUMBER).click()
    assert "Permitted" in page.locator(".said").inner_text()
    limits = page.get_by_role("table").filter(has_text="Limits before and after").inner_text()
    page.get_by_role("button", name="Approve and book").click()
    page.wait_for_url("**/desk/answers?id=*")
    assert "It is approved and on record." in page.get_by_role("status").inner_text()
    return limits


def _asks_the_navigator(page: Page, served: Served) -> None:
    """Answer every question of the interview as an example of the pack that is permitted does."""
    policy = served.house.policy
    case = next(
        one
        for one in cases_in(policy, served.house.files, "overseas_lending")
        if one.example.expect.get("outcome") == "permitted" and one.compiled.name == "lend"
    )
    page.goto(f"/navigator?on={case.example.on}")
    page.fill("#q", "lend to our company overseas")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=lend*")
    page.locator("a[href*='/navigator/business/overseas_lending']").first.click()
    page.locator("a.button[href*='/navigator/ask/']").first.click()
    while "/navigator/ask/" in page.url:
        asked = page.locator("input[name='fact']").get_attribute("value")
        for name in leaves_of({str(asked): case.compiled.facts[str(asked)]}):
            _answers(page, name, case.facts[name])
        page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="See the answer").click()
    assert "Yes, this may be done" in page.locator("h1").inner_text()
    assert page.get_by_role("table").filter(has_text="Left before").count() == 1


def _answers(page: Page, name: str, value: object) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    box = page.locator(f"[name='{name}']").first
    if box.get_attribute("type") == "radio":
        page.check(f"[name='{name}'][value='{text}']")
    elif box.evaluate("box => box.tagName") == "SELECT":
        box.select_option(text)
    else:
        box.fill(text)


def _left(page: Page) -> Decimal:
    """Return what the page of limits says is left for lending overseas."""
    page.goto(f"/limits/parties/{LENDER}")
    row = page.locator("tr.of-limits").filter(has_text="Overseas lending by an enterprise")
    return Decimal(row.get_attribute("data-left") or "")


def _finds_and_replays(page: Page) -> None:
    """Search the journal by the party, and read the decision judged again."""
    page.goto("/journal")
    page.fill("#party", LENDER)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**party={LENDER}*")
    page.get_by_role("link", name=NUMBER).click()
    assert "Judged again: the same, word for word" in page.locator("main").inner_text()


def test_a_resident_asks_a_bank_books_the_limit_falls_and_the_auditor_replays_it(
    served: Served, browser: Browser
) -> None:
    resident = _enter(browser, served, served.user(Role.PARTY, party=LENDER))
    officer = _enter(browser, served, served.user(Role.BANK_OFFICER))
    approver = _enter(browser, served, served.user(Role.APPROVER))
    auditor = _enter(browser, served, served.user(Role.AUDITOR))
    _asks_the_navigator(resident, served)
    later(served)
    _sends_the_register(officer)
    before = _left(resident)
    later(served)
    _keys_a_loan_in(officer)
    later(served)
    assert "50,000,000.00" in _approves(approver)
    later(served)
    assert _left(resident) == before - LOAN
    _finds_and_replays(auditor)
    auditor.goto("/approvals/ended")
    auditor.get_by_role("link", name=NUMBER).click()
    assert "Approved by" in auditor.locator("main").inner_text()
    for page in (resident, officer, approver, auditor):
        page.context.close()
