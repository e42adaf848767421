"""Every page in every language in a real browser: reachable, readable, quiet, by keyboard too."""

from itertools import cycle

import pytest
from playwright.sync_api import Browser, Page

from qianhai.identity import Role
from qianhai.web.languages import LANGUAGES
from web.routes import WAYS, Way
from web.served import PASSWORD, ROOT, Served

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
#: Addresses that tell machines a word, and the part of a page that htmx fills in.
_WORDS = {"/healthz", "/readyz", "/metrics", "/desk/parties/options"}
PAGES = [way for way in WAYS if way.is_page and way.path not in _WORDS]


def _opens(served: Served, page: Page, way: Way) -> None:
    """Sign in as somebody who may open a page, where that is needed."""
    if way.roles is None:
        return
    roles = (sorted(way.roles) or [Role.AUDITOR])[:1]
    user = served.person(*roles)
    client = served.signed_in(user)
    page.context.add_cookies(
        [{"name": "session", "value": client.cookies["session"], "url": served.address}]
    )


def _axe(page: Page) -> list[str]:
    """Return what axe-core finds that keeps somebody out."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
        if one["impact"] in {"serious", "critical", "moderate"}
    ]


@pytest.mark.untraced
@pytest.mark.parametrize("way", PAGES, ids=lambda way: str(way.path))
def test_a_page_is_open_to_everybody(served: Served, page: Page, way: Way) -> None:
    # Reading the pack takes seconds once; a page is not to be blamed for it.
    assert served.house.policy.pack.hash
    _opens(served, page, way)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    for language, theme in zip(LANGUAGES, cycle(("light", "dark")), strict=False):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        answer = page.goto(f"{way.address}?lang={language}")
        assert answer is not None
        assert answer.status < 500
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1
        wrong = [*_axe(page), *(one for one in complaints if "status of 4" not in one)]
        assert not wrong, f"{way.path} in {language}, {theme}:\n" + "\n".join(wrong)
    page.set_viewport_size({"width": 320, "height": 640})
    is_wide = page.evaluate("document.documentElement.scrollWidth > 320")
    assert not is_wide, f"{way.path} scrolls sideways on a phone"


def test_somebody_signs_in_by_keyboard_alone(served: Served, page: Page) -> None:
    user = served.user(Role.ADMINISTRATOR)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(user.name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    assert page.locator("h1").inner_text() == user.title
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == "Sign out":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")
    assert page.get_by_role("status").inner_text().endswith("You are signed out.")


def test_a_user_is_made_without_scripts(served: Served, browser: Browser) -> None:
    context = browser.new_context(
        base_url=served.address, java_script_enabled=False, locale="zh-HK"
    )
    page = context.new_page()
    user = served.person(Role.ADMINISTRATOR)
    page.goto("/administration/users/new")
    page.fill("#name", user.name)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/administration/users/new")
    page.fill("#name", "No Such Form")
    page.click("main button")
    assert page.locator(".errors li").count() == 1
    assert page.input_value("#name") == "No Such Form"
    page.fill("#name", "chan.tai.man")
    page.check("#roles-auditor")
    page.click("main button")
    assert "/invitation/" in page.locator(".secret").inner_text()
    assert page.locator("html").get_attribute("lang") == "zh-Hant"
    context.close()


def test_the_theme_is_kept(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.goto("/sign-in?lang=zh-Hans")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="随系统").click()
    assert page.locator("html").get_attribute("data-theme") is None


def test_the_libraries_are_there_and_whole(page: Page) -> None:
    assert AXE.exists(), "run `make assets`"
    page.goto("/sign-in")
    assert page.evaluate("typeof htmx") == "object"
