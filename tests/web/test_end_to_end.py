"""One day at the bank in a real browser: keyed in by an officer, approved by another, looked up.

Each person has a browser of their own; nobody reaches into the database.
"""

import json

from playwright.sync_api import Browser, Page

from qianhai.identity import Role, User
from web.business import DAY, later, lines
from web.served import PASSWORD, Served

NUMBER = "M67-001-end"


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


def test_a_loan_is_sent_approved_and_booked_and_the_limit_falls(
    served: Served, browser: Browser
) -> None:
    officer = _enter(browser, served, served.user(Role.BANK_OFFICER))
    approver = _enter(browser, served, served.user(Role.APPROVER))
    auditor = _enter(browser, served, served.user(Role.AUDITOR))
    later(served)
    _sends_the_register(officer)
    later(served)
    _keys_a_loan_in(officer)
    later(served)
    seen = _approves(approver)
    later(served)
    row = json.loads(lines("M67-001", suffix="-after"))
    facility, action = row.pop("facility"), row.pop("action", "lend")
    officer.goto(f"/desk/new/{facility}/{action}")
    for name, text in row.items():
        box = officer.locator(f"[name='{name}']")
        if box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(text)
        else:
            box.fill(text)
    officer.get_by_role("button", name="Look at the decision").click()
    now = officer.locator("main").inner_text()
    assert "50,000,000.00" in seen
    assert "Refused" in now or "46,000,000.00" in now, now
    auditor.goto("/approvals/ended")
    auditor.get_by_role("link", name=NUMBER).click()
    assert "Approved by" in auditor.locator("main").inner_text()
    auditor.get_by_role("link", name="It is on record").click()
    assert "Permitted" in auditor.locator(".said").inner_text()
    for page in (officer, approver, auditor):
        page.context.close()
