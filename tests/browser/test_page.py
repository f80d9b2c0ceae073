"""The page as people use it: in Chromium, against a running demonstration."""

import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.demo import gifts
from adapters.web.serving import BUILT
from benchmarks import page as page_bench
from domain.quantities import DOLLAR
from tests.acceptance.presage_process import presage, running_server, start_server
from tests.browser.conftest import PEOPLE, Demonstration, pictured

pytestmark = pytest.mark.more

MARKET = "FED-27MAR-CUT"
PAST = "a moment of the past"
PASSWORD = "correct horse battery"
VISITOR = "visitor"
GIFT = Decimal(gifts.GIFT) / DOLLAR


def sign_up(page: Any, server: Demonstration, name: str) -> None:
    page.goto(f"{server.url}/#/login")
    page.click("button:has-text('Open an account')")
    page.fill("input[autocomplete=username]", name)
    page.fill("input[type=password]", PASSWORD)
    page.click("button.send")
    page.wait_for_selector(f".account:has-text('{name}')")


@pytest.fixture(scope="module")
def visitor(demonstration: Demonstration, chromium: Any) -> Any:
    """Give the cookies of somebody who has logged in."""
    with chromium.new_context(user_agent=PEOPLE) as context:
        sign_up(context.new_page(), demonstration, VISITOR)
        return context.storage_state()


def dollars(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", ""))


def at_market(page: Any, server: Demonstration, ticker: str = MARKET) -> None:
    page.goto(f"{server.url}/#/markets/{ticker}")
    page.wait_for_selector(".rows.bid button")


def order(page: Any, *, cents: int, size: int, side: str = "yes", action: str = "buy") -> None:
    page.click(f".ticket button:has-text('{action.title()}'):not(.send)")
    page.click(f".sides .{side}")
    page.fill(".ticket label:has-text('Limit') input", str(cents))
    page.fill(".ticket label:has-text('Contracts') input", str(size))
    page.click(".ticket .send")


def test_a_visitor_sees_all_markets_and_finds_one(demonstration: Demonstration, open_page: Any) -> None:
    page, asked = open_page(viewport={"width": 1200, "height": 3000}), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(demonstration.url)
    page.wait_for_selector(".card")
    cards = page.locator(".card").count()
    assert cards >= 5
    page.wait_for_selector(".sparkline svg", state="attached")
    # One question for the way of all prices, however many there are.
    candles = next(url for url in asked if "candlesticks" in url)
    assert candles.count("%2C") + 1 == page.locator(".sparkline").count() >= 2
    pictured(page, "markets")
    page.fill("input[type=search]", "fusion")
    page.click(".card:only-child")
    page.wait_for_selector("h1:has-text('fusion')")


def test_who_signs_up_buys_sells_and_cancels(demonstration: Demonstration, open_page: Any) -> None:
    page = open_page()
    sign_up(page, demonstration, "newcomer")
    at_market(page, demonstration)
    page.wait_for_selector(".ticket")
    order(page, cents=1, size=3)
    page.wait_for_selector(".notice:has-text('In the book: 3')")
    page.click("button[aria-label^='Cancel buy yes']")
    page.wait_for_selector(".orders li:has-text('canceled')")

    order(page, cents=99, size=2)
    page.wait_for_selector(".notice:has-text('Filled: 2')")
    page.wait_for_selector("section[aria-label='Your position']:has-text('2 yes')")
    pictured(page, "market")

    order(page, cents=1, size=2, action="sell")
    page.wait_for_selector("section[aria-label='Your position']:has-text('You hold nothing here')")
    order(page, cents=99, size=1)
    page.wait_for_selector("section[aria-label='Your position']:has-text('1 yes')")
    order(page, cents=99, size=1, side="no")
    page.wait_for_selector("section[aria-label='Your position']:has-text('You hold nothing here')")
    page.goto(f"{demonstration.url}/#/portfolio")
    page.wait_for_selector("section[aria-label=Fills] li:has-text('sell 2 yes')")
    pictured(page, "portfolio")
    worth = dollars(page.inner_text(".tiles div:has-text('Worth') dd"))
    gained = page.get_attribute(".gains svg", "aria-label")
    assert gained is not None
    assert dollars(gained.partition(" to ")[2].partition(";")[0]) == worth - GIFT


def test_the_ticket_says_what_is_wrong_before_it_is_sent(
    demonstration: Demonstration, open_page: Any, visitor: Any
) -> None:
    page = open_page(storage_state=visitor)
    at_market(page, demonstration)
    limit, size = (page.locator(f".ticket label:has-text('{name}') input") for name in ("Limit", "Contracts"))
    limit.fill("40.5")
    page.wait_for_selector(".hint:has-text('multiples of 1')")
    limit.fill("50")
    size.fill("100000")
    page.wait_for_selector(".hint:has-text('You have $')")
    assert page.is_disabled(".ticket .send")


def test_another_traders_order_arrives_without_asking(demonstration: Demonstration, open_page: Any) -> None:
    page = open_page()
    at_market(page, demonstration, "MOON-28")
    order_of_seven = ("MOON-28", "--side", "yes", "--count", "7", "--price", "0.01")
    placed = presage("order", "place", *order_of_seven, "--data", demonstration.folder)
    assert placed.status == 0
    page.wait_for_selector(".rows.bid button[aria-label^='1¢, 7 ']", timeout=60_000)


def test_the_past_of_a_market_is_shown_and_has_an_address(
    demonstration: Demonstration, open_page: Any
) -> None:
    page = open_page()
    at_market(page, demonstration)
    page.focus("input[type=range]")
    page.keyboard.press("Home")
    page.wait_for_selector(".time-machine.past")
    assert re.search(r"\?at=\d+", page.url)
    assert page.locator(".ticket").count() == 0
    elsewhere = open_page()
    elsewhere.goto(page.url)
    elsewhere.wait_for_selector(".time-machine.past")
    elsewhere.click("button:has-text('Back to now')")
    elsewhere.wait_for_selector(".time-machine:not(.past)")


def test_what_would_have_come_of_another_order_is_worked_out(
    demonstration: Demonstration, open_page: Any
) -> None:
    page = open_page()
    sign_up(page, demonstration, "doubter")
    at_market(page, demonstration)
    page.wait_for_selector(".ticket")
    before = time.time()
    order(page, cents=99, size=2)
    page.wait_for_selector(".notice:has-text('Filled: 2')")
    page.wait_for_selector(".orders li:has-text('executed')")
    page.goto(f"{demonstration.url}/#/markets/{MARKET}?at={before}")
    page.wait_for_selector(".time-machine.past")
    panel = page.locator("section[aria-label='What if']")
    panel.get_by_label("Contracts").fill("3")
    panel.get_by_label("Limit, in cents").fill("1")
    panel.locator("fieldset input").first.check()
    panel.locator(".send").click()
    told = panel.locator(".what-if-told")
    told.wait_for(timeout=60_000)
    assert "would have filled 0; 3 would be in the book" in told.inner_text()
    held = told.locator("tr:has-text('You hold') td").all_inner_texts()
    assert held == ["2 yes", "nothing"]
    assert "nobody reacts" in told.inner_text()
    page.wait_for_selector("section[aria-label='Your position']:has-text('You hold nothing here')")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    pictured(page, "what-if")


def test_a_reload_in_the_middle_keeps_one_where_one_was(
    demonstration: Demonstration, open_page: Any, visitor: Any
) -> None:
    page = open_page(storage_state=visitor)
    at_market(page, demonstration)
    page.reload()
    page.wait_for_selector(f".account:has-text('{VISITOR}')")
    page.wait_for_selector(".ticket")


def test_a_server_that_goes_and_comes_back_is_told_and_followed_again(tmp_path: Path, open_page: Any) -> None:
    page, server = open_page(), start_server(tmp_path, "--demo")
    at_market(page, Demonstration(server.url, tmp_path))
    page.wait_for_selector(".connection.live")
    server.kill()
    page.wait_for_selector(".connection.waiting")
    assert page.locator(".rows.bid button").count() > 0
    with running_server(tmp_path, "--port", server.url.rpartition(":")[2]):
        page.wait_for_selector(".connection.live", timeout=60_000)
        presage(
            "order", "place", MARKET, "--side", "yes", "--count", "7", "--price", "0.01", "--data", tmp_path
        )
        page.wait_for_selector(".rows.bid button[aria-label^='1¢, 7 ']", timeout=60_000)


def test_an_order_is_placed_with_the_keyboard_alone(
    demonstration: Demonstration, open_page: Any, visitor: Any
) -> None:
    page = open_page(storage_state=visitor)
    at_market(page, demonstration)
    page.wait_for_selector(".ticket")
    page.keyboard.press("Tab")
    for _ in range(80):
        if page.evaluate("document.activeElement.closest('label')?.innerText.startsWith('Limit')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice:has-text('In the book')")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["", f"markets/{MARKET}", PAST, "portfolio", "leaderboard", "login"])
def test_nothing_stands_in_the_way_of_those_who_see_or_hear_otherwise(
    demonstration: Demonstration, open_page: Any, visitor: Any, view: str, theme: str
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe: `make test-more` has it"
    )
    page = open_page(color_scheme=theme, storage_state=visitor)
    if view == PAST:
        page.goto(f"{demonstration.url}/#/markets/{MARKET}?at={time.time()}")
        page.wait_for_selector(".what-if")
    else:
        page.goto(f"{demonstration.url}/#/{view}")
    page.wait_for_selector("main h1")
    found = axe.Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []


def test_it_fits_a_phone(demonstration: Demonstration, open_page: Any, visitor: Any) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True, storage_state=visitor)
    at_market(page, demonstration)
    page.wait_for_selector(".ticket")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    pictured(page, "phone")


@pytest.mark.usefixtures("chromium")
def test_something_is_seen_within_a_second() -> None:
    measured = presage("bench", "page", "--n", "3", "--json").json
    assert measured["failed"] == []
    assert 20 < measured["ours"]["sent_kb"]["markets"] < measured["ours"]["sent_kb"]["market"] < 300
    assert all(measured["ours"][view]["first_paint_ms"] > 0 for view in page_bench.VIEWS)


def test_the_page_is_small() -> None:
    sent = sum(path.stat().st_size for path in Path(BUILT).rglob("*") if path.suffix in (".br", ".woff2"))
    assert 50_000 < sent < 300_000
