"""The operator's room of the page: what is done to markets, seen before and named afterwards."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.data_folder import DataFolder, HeldKey
from tests.acceptance.presage_process import presage, running_server
from tests.browser.conftest import Demonstration, pictured
from tests.browser.test_page import dollars, order, sign_up

pytestmark = pytest.mark.more


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Give one of its own: what is ended here is needed elsewhere."""
    folder = tmp_path_factory.mktemp("operated")
    with running_server(folder, "--demo") as server:
        yield Demonstration(server.url, folder)


def operators_key(server: Demonstration) -> HeldKey:
    key = DataFolder(server.folder).operator()
    assert key is not None
    return key


def give_key(page: Any, key: HeldKey) -> None:
    page.set_input_files("input[type=file]", key.private_key_path)
    page.click(".give-key .send")


def as_operator(page: Any, server: Demonstration, where: str = "") -> None:
    page.goto(f"{server.url}/#/operator{where}")
    give_key(page, operators_key(server))
    page.wait_for_selector(".operator-head")


def list_market(page: Any, ticker: str) -> None:
    page.click("nav[aria-label=Operator] a:has-text('List')")
    form = page.locator("form[aria-label='New market']")
    form.get_by_label("Ticker").fill(ticker)
    form.get_by_label("Question").fill(f"Is it {ticker}?")
    form.get_by_label("Rules").fill("By the gauge at the harbour.")
    form.locator(".send").click()
    page.wait_for_selector(f".done .notice:has-text('{ticker} is listed and open')")


def do(page: Any, name: str) -> Any:
    page.click(f".steps-of-life button:has-text('{name}')")
    return page.locator("dialog.act[open]")


def ended(page: Any, words: str) -> None:
    page.wait_for_selector("dialog.act", state="detached")
    page.wait_for_selector(f".done .notice:has-text('{words}')")


def test_a_market_is_listed_traded_paused_closed_resolved_and_its_winner_collects(
    demonstration: Demonstration, open_page: Any
) -> None:
    operator, trader, other = (open_page() for _ in range(3))
    as_operator(operator, demonstration)
    list_market(operator, "HARBOUR")
    for page, name in ((trader, "collector"), (other, "payer")):
        sign_up(page, demonstration, name)
        page.goto(f"{demonstration.url}/#/markets/HARBOUR")
        page.wait_for_selector(".ticket")
    order(trader, cents=40, size=10)
    trader.wait_for_selector(".notice:has-text('In the book: 10')")
    order(other, cents=60, size=10, side="no")
    # A fill arrives where nobody has touched anything.
    trader.wait_for_selector("section[aria-label='Your position']:has-text('10 yes')")

    operator.goto(f"{demonstration.url}/#/operator/markets/HARBOUR")
    pause = do(operator, "Pause")
    pause.get_by_label("Why").fill("a storm")
    pause.locator(".send").click()
    ended(operator, "HARBOUR is paused")
    trader.wait_for_selector(".chip:has-text('paused')")
    do(operator, "Resume").locator(".send").click()
    ended(operator, "HARBOUR trades again")
    do(operator, "Close").locator(".send").click()
    ended(operator, "HARBOUR is closed")

    resolve = do(operator, "Resolve and pay")
    assert resolve.locator(".send").is_disabled()
    resolve.locator(".sides .yes").click()
    resolve.get_by_label("Evidence").fill("the gauge says so")
    resolve.locator(".dues li:has-text('collector')").wait_for()
    assert "$10.00 to 1 account" in resolve.locator(".payouts p").first.inner_text()
    rows = resolve.locator(".dues li").all_inner_texts()
    assert [re.sub(r"\s+", " ", row) for row in rows] == ["collector 10 yes $10.00", "payer 10 no $0.00"]
    pictured(operator, "operator-resolve")
    resolve.locator(".send").click()
    ended(operator, "HARBOUR ended yes; paid: $10.00 to 1 account.")
    assert operator.locator(".steps-of-life button").count() == 0

    trader.goto(f"{demonstration.url}/#/portfolio")
    trader.wait_for_selector("section[aria-label=Settlements] li:has-text('HARBOUR ended yes')")
    assert dollars(trader.inner_text(".tiles div:has-text('Worth') dd")) == 1_006


def test_what_moved_on_since_it_was_seen_is_not_paid(demonstration: Demonstration, open_page: Any) -> None:
    operator = open_page()
    as_operator(operator, demonstration)
    list_market(operator, "MOVED")
    presage("market", "close", "MOVED", "--data", demonstration.folder)
    operator.goto(f"{demonstration.url}/#/operator/markets/MOVED")
    void = do(operator, "Void")
    void.locator(".payouts").wait_for()
    assert (
        presage("market", "determine", "MOVED", "--result", "yes", "--data", demonstration.folder).status == 0
    )
    void.locator(".send").click()
    void.locator("[role=alert]:has-text('market_version_changed')").wait_for()
    void.locator(".send").click()
    ended(operator, "MOVED is void; paid: nothing")


def test_the_winner_of_an_event_is_stated_and_everybody_is_paid_at_once(
    demonstration: Demonstration, open_page: Any
) -> None:
    operator = open_page()
    as_operator(operator, demonstration)
    operator.click("section[aria-label=Events] li a")
    name = operator.url.rpartition("/")[2]
    void = do(operator, "Void")
    void.locator(".hint:has-text('pause or close them first')").wait_for()
    assert void.locator(".send").is_disabled()
    operator.keyboard.press("Escape")
    operator.wait_for_selector("dialog.act", state="detached")
    state = do(operator, "State the winner")
    state.locator(".winners input").first.check()
    state.locator(".payouts p:has-text('exactly what is there')").wait_for()
    pictured(operator, "operator-event")
    state.locator(".send").click()
    ended(operator, f"The winner of {name} is stated")
    pay = do(operator, "Let it stand and pay")
    foretold = pay.locator(".payouts p strong").first.inner_text()
    pay.locator(".send").click()
    ended(operator, f"paid: {foretold}")
    operator.wait_for_selector(".chip:has-text('finalized')")


def transfer(page: Any, *, account: str, amount: str, reference: str) -> Any:
    form = page.locator("form[aria-label='Money in and out']")
    form.get_by_label("Account").fill(account)
    form.get_by_label("Amount").fill(amount)
    form.get_by_label("Reference").fill(reference)
    form.locator(".send").click()
    return page.locator("dialog.act[open]")


def test_an_account_is_credited_and_paid_out_and_a_reference_counts_once(
    demonstration: Demonstration, open_page: Any
) -> None:
    operator, trader = open_page(), open_page()
    sign_up(trader, demonstration, "depositor")
    as_operator(operator, demonstration, "/money")
    asked = transfer(operator, account="depositor", amount="250.50", reference="wire 4711")
    told = re.sub(r"\s+", " ", asked.inner_text())
    assert "$250.50 to depositor Reference: wire 4711" in told
    pictured(operator, "operator-money")
    asked.get_by_text("Leave it").click()
    operator.wait_for_selector("dialog.act", state="detached")
    for _ in range(2):  # what was typed is still there the first time; the second is a repetition
        transfer(operator, account="depositor", amount="250.50", reference="wire 4711").locator(
            ".send:has-text('Credit $250.50')"
        ).click()
        ended(operator, "$250.50 credited to depositor, reference wire 4711.")
    again = transfer(operator, account="depositor", amount="99", reference="wire 4711")
    again.locator(".send").click()
    again.locator("[role=alert]:has-text('duplicate_request')").wait_for()
    again.get_by_text("Leave it").click()

    operator.click("[aria-label='Which way'] button:has-text('Withdrawal')")
    transfer(operator, account="depositor", amount="0.5", reference="wire 4712").locator(".send").click()
    ended(operator, "$0.50 paid out from depositor, reference wire 4712.")
    too_much = transfer(operator, account="depositor", amount="1000000", reference="wire 4713")
    too_much.locator(".send").click()
    too_much.locator("[role=alert]:has-text('insufficient_funds')").wait_for()
    trader.goto(f"{demonstration.url}/#/portfolio")
    trader.wait_for_selector(".tiles div:has-text('Worth') dd:has-text('$1,250.00')")


@pytest.mark.parametrize(
    ("account", "amount", "reference"),
    [("depositor", "0.00", "r"), ("depositor", "-5", "r"), ("depositor", "1.005", "r"), ("", "5", "r"),
     ("depositor", "5", "")],
)  # fmt: skip
def test_no_money_is_asked_for_that_cannot_be_meant(
    demonstration: Demonstration, open_page: Any, account: str, amount: str, reference: str
) -> None:
    page = open_page()
    as_operator(page, demonstration, "/money")
    asked = transfer(page, account=account, amount=amount, reference=reference)
    assert page.locator("form[aria-label='Money in and out'] :invalid").count() == 1
    assert asked.count() == 0


def test_a_key_without_the_right_is_turned_away_and_a_forgotten_one_is_gone(
    demonstration: Demonstration, open_page: Any
) -> None:
    trader = presage("keys", "create", "harmless", "--data", demonstration.folder, "--json").json
    page = open_page()
    page.goto(f"{demonstration.url}/#/operator")
    page.set_input_files("input[type=file]", trader["private_key_path"])
    page.click(".give-key .send")
    page.wait_for_selector("[role=alert]:has-text('forbidden')")
    page.fill("textarea", "not a key")
    page.click(".give-key .send")
    page.wait_for_selector("[role=alert]:has-text('no_private_key')")
    give_key(page, operators_key(demonstration))
    page.wait_for_selector(".operator-head")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert operators_key(demonstration).key_id not in kept
    page.reload()
    page.wait_for_selector(".give-key")


def test_money_moves_only_with_a_key_that_was_given_a_short_while_ago(
    demonstration: Demonstration, open_page: Any
) -> None:
    page = open_page()
    page.clock.install()
    as_operator(page, demonstration)
    list_market(page, "STEPUP")
    page.goto(f"{demonstration.url}/#/operator/markets/STEPUP")
    do(page, "Close").locator(".send").click()
    ended(page, "STEPUP is closed")
    page.clock.fast_forward("11:00")
    void = do(page, "Void")
    void.locator(".give-key").wait_for()
    assert void.locator("#act-form").count() == 0
    give_key(page, operators_key(demonstration))
    void.locator(".payouts").wait_for()
    void.locator(".send").click()
    ended(page, "STEPUP is void")
    page.clock.fast_forward("16:00")
    page.wait_for_selector(".login .give-key")


def test_a_strict_key_signs_what_it_has_to(demonstration: Demonstration, open_page: Any) -> None:
    scopes = ("--scope", "read", "--scope", "admin", "--strict")
    made = presage("keys", "create", "night-shift", *scopes, "--json", "--data", demonstration.folder).json
    page = open_page()
    page.goto(f"{demonstration.url}/#/operator")
    page.set_input_files("input[type=file]", made["private_key_path"])
    page.click(".give-key .send")
    page.wait_for_selector(".operator-head")
    list_market(page, "STRICT")


def test_what_goes_on_is_seen_as_it_happens(demonstration: Demonstration, open_page: Any) -> None:
    page = open_page()
    as_operator(page, demonstration, "/watch")
    page.wait_for_selector(".chip:has-text('as it happens')")
    assert page.locator(".budgets li").count() >= 5
    page.wait_for_selector(".lags polyline", state="attached")  # at least two were told
    ready = page.inner_text(".watching h1")
    assert ready.startswith(("All is well", "It runs, and something is unusual")), ready
    passed = page.locator("section[aria-label=Firewall] li:has-text('passed') .figure")
    before = int(passed.inner_text().replace(",", ""))
    presage("market", "list", "--data", demonstration.folder)
    page.wait_for_function(
        """before => Number([...document.querySelectorAll("section[aria-label=Firewall] li")]
            .find(each => each.innerText.startsWith("passed")).querySelector(".figure")
            .innerText.replace(/,/g, "")) > before""",
        arg=before,
    )
    pictured(page, "operator-watch")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_operators_either(
    demonstration: Demonstration, open_page: Any, theme: str
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe: `make test-more` has it"
    )
    page = open_page(color_scheme=theme, viewport={"width": 390, "height": 800})

    def look(name: str) -> None:
        pictured(page, f"operator-{name}-{theme}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        found = axe.Axe().run(page).response["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == [], name

    page.goto(f"{demonstration.url}/#/operator")
    page.wait_for_selector(".give-key")
    look("door")
    give_key(page, operators_key(demonstration))
    page.wait_for_selector("section[aria-label=Open] li")
    look("markets")
    rooms = (("new", "form"), ("money", "form"), ("watch", ".watching h1"), ("markets/MOON-28", ".dues li"))
    for where, ready in rooms:
        page.goto(f"{demonstration.url}/#/operator/{where}")
        page.wait_for_selector(ready)
        look(where.replace("/", "-"))
    do(page, "Close").wait_for()
    look("act")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.act", state="detached")
