"""What detectors count at their edges, what they forget, and who is exempt."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.rule_files import UnusableRules
from adapters.surveillance.rules import OFF, ON, surveillance_rules
from application.surveillance.detectors import detector, rapid_cancel, wash_trading
from application.surveillance.flow import ASK, BID, side_of, yes_price
from application.surveillance.memory import SLICES, Counts, Latest
from application.surveillance.rules import PARAMETERS, Action, Pattern, Rule, SurveillanceRules
from application.surveillance.surveillance import DETECTORS, Surveillance
from domain.market.vocabulary import Action as Deal
from domain.market.vocabulary import Side
from tests.unit.surveillance.market_life import Life

USUAL = surveillance_rules(ON)


def rule(id_: str) -> Rule:
    return next(each for each in USUAL.rules if each.id == id_)


def flickering(orders: int, lifetime_s: float, *, account: str = "bad", market: str = "RAIN") -> Life:
    """Return a market in which an account places orders and takes each off after some time."""
    life = Life(1, market)
    for _ in range(orders):
        order = life.place(account, 1, 40, 10)
        life.now_us += int(lifetime_s * 1e6)
        life.cancel(account, order)
        life.now_us += 500_000
    return life


def found(life: Life, rules: SurveillanceRules = USUAL) -> list[str]:
    surveillance = Surveillance(rules)
    return [each.rule.id for event in life.events for each in surveillance.take(event)]


def test_the_usual_rules_have_every_pattern_and_each_says_why() -> None:
    assert {each.pattern for each in USUAL.rules} == set(Pattern) == set(DETECTORS) == set(PARAMETERS)
    assert all(len(each.rationale) > 60 for each in USUAL.rules)


def test_the_threshold_is_reached_with_the_twentieth_order_and_not_the_nineteenth() -> None:
    assert found(flickering(19, 0.5)) == []
    assert found(flickering(20, 0.5)) == ["rapid-cancel"]


def test_orders_that_live_for_longer_than_a_second_are_meant() -> None:
    assert found(flickering(40, 1.0)) == ["rapid-cancel"]
    assert found(flickering(40, 1.001)) == []


def test_what_others_do_is_not_counted() -> None:
    life = flickering(10, 0.5)
    other = flickering(10, 0.5, account="other")
    surveillance = Surveillance(USUAL)
    assert not [f for each in (*life.events, *other.events) for f in surveillance.take(each)]


def test_sides_and_prices_are_those_of_yes() -> None:
    assert side_of(Side.YES, Deal.BUY) == side_of(Side.NO, Deal.SELL) == BID
    assert side_of(Side.NO, Deal.BUY) == side_of(Side.YES, Deal.SELL) == ASK
    assert (yes_price(Side.YES, 4_200), yes_price(Side.NO, 4_200)) == (4_200, 5_800)


def test_counts_are_those_of_the_window_and_take_twelve_places_at_most() -> None:
    counts = Counts(12_000_000, 2)
    for second in range(100):
        counts.add(second * 1_000_000, 0)
        counts.add(second * 1_000_000, 1, 5)
        assert counts.totals == [min(second + 1, 12), 5 * min(second + 1, 12)]
    assert len(counts._slices) <= SLICES
    counts.add(10**12, 0)
    assert counts.totals == [1, 0]


def test_what_was_not_used_for_longest_is_forgotten_first() -> None:
    latest = Latest[str, list[int]](2, list)
    latest.at("a").append(1)
    latest.at("b")
    latest.at("a")
    latest.at("c")
    assert (latest.get("b"), latest.get("a"), len(latest), latest.forgotten) == (None, [1], 2, 1)


def test_memory_is_bounded_in_accounts_and_in_findings_and_says_what_it_forgot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rapid_cancel, "PAIRS", 10)
    monkeypatch.setattr(detector, "TOLD", 10)
    surveillance = Surveillance(SurveillanceRules(rules=(rule("rapid-cancel"),)))
    for number in range(30):
        life = flickering(20, 0.5, account=f"bad-{number}", market=f"M{number}")
        assert len([f for each in life.events for f in surveillance.take(each)]) == 1
    (only,) = surveillance._detectors
    assert len(only._seen) == len(only._told) == 10  # type: ignore[attr-defined]
    assert surveillance.forgotten == 20


def test_who_is_exempt_from_a_rule_is_not_found_by_it(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        "[[exceptions]]\n"
        'accounts = ["bad"]\nrules = ["rapid-cancel"]\nrationale = "It has promised to make a market."\n'
    )
    rules = surveillance_rules(str(file))
    assert found(flickering(20, 0.5), rules) == []
    assert found(flickering(20, 0.5, account="worse"), rules) == ["rapid-cancel"]


def test_a_file_adds_rules_and_leaves_out_usual_ones(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        'without = ["rapid-cancel"]\n'
        "[[rules]]\n"
        'id = "rapid-cancel"\npattern = "rapid_cancel"\nthreshold = 5\nwindow_s = 60\naction = "log"\n'
        'severity = "notice"\nrationale = "Ours are faster, so we look sooner."\n'
        "parameters = { lifetime_ms = 100, share_percent = 50, orders_per_trade = 20 }\n"
    )
    rules = surveillance_rules(str(file))
    own = next(each for each in rules.rules if each.id == "rapid-cancel")
    assert (own.threshold, own.action) == (5, Action.LOG)
    assert found(flickering(5, 0.1), rules) == ["rapid-cancel"]
    assert found(flickering(5, 0.102), rules) == []
    assert surveillance_rules(OFF).rules == ()


USABLE = (
    '[[rules]]\nid = "mine"\npattern = "quote_stuffing"\nthreshold = 5\nwindow_s = 60\naction = "log"\n'
    'severity = "notice"\nrationale = "Because we want to."\nparameters = { messages_per_trade = 3 }\n'
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("rules = 7", "rules: must be a list"),
        ("[[rules", ""),
        ('without = ["wash"]', "without: there is no rule wash"),
        (USABLE + USABLE, "there are two rules mine|.*there are two rules mine"),
        (USABLE.replace('"mine"', '"layering"'), "rules.layering: there is one of that name already"),
        (USABLE.replace("threshold = 5", "threshold = 0"), r"rules\.mine\.threshold: "),
        (USABLE.replace("window_s = 60", "window_s = 100000"), r"rules\.mine\.window_s: "),
        (USABLE.replace("threshold = 5", 'threshold = "5"'), r"rules\.mine\.threshold: "),
        (USABLE.replace("quote_stuffing", "spoofing"), r"rules\.mine\.pattern: "),
        (USABLE.replace("Because we want to.", "Because"), r"rules\.mine\.rationale: "),
        (USABLE.replace("messages_per_trade", "levels"), r"rules\.mine: .*levels is no parameter of"),
        (USABLE.replace("parameters = { messages_per_trade = 3 }", ""), r"rules\.mine: .*is missing"),
        (USABLE + 'colour = "red"', "rules.mine.colour: "),
        (
            '[[exceptions]]\naccounts=["a"]\nrules=["b"]\nrationale="Because we can."',
            "exceptions: there is no",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_naming_the_place(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(UnusableRules, match=f"^{file}: {place}"):
        surveillance_rules(str(file))
    with pytest.raises(UnusableRules, match="No such file"):
        surveillance_rules(str(tmp_path / "none.toml"))


def test_no_rule_looks_at_more_than_it_says() -> None:
    assert USUAL.looks_back_us == 7_200_000_000
    assert replace(rule("momentum-ignition"), window_s=10).looks_back_us == 2 * (10 + 300) * 1_000_000


def washing(market: str, trades: int) -> Life:
    """Return a market in which two accounts sell one another the same shares again and again."""
    life = Life(1, market)
    for number in range(trades):
        buyer, seller = ("one", "two") if number % 2 else ("two", "one")
        life.place(seller, -1, 40, 10)
        life.now_us += 1_000_000
        life.place(buyer, 1, 40, 10)
        life.now_us += 1_000_000
    return life


def test_trades_of_all_markets_together_are_bounded_and_who_trades_now_is_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wash_trading, "TRADES_IN_ALL", 60)
    surveillance = Surveillance(SurveillanceRules(rules=(rule("wash-trading"),)))
    (only,) = surveillance._detectors
    told = []
    for number in range(20):
        for event in washing(f"M{number}", 10).events:
            told += [found.market for found in surveillance.take(event)]
            assert only._trades <= 60  # type: ignore[attr-defined]
    kept = only._markets._kept.values()  # type: ignore[attr-defined]
    assert only._trades == sum(len(each.trades) for each in kept) > 50  # type: ignore[attr-defined]
    assert told == [f"M{number}" for number in range(20)]
    assert surveillance.forgotten == 14
