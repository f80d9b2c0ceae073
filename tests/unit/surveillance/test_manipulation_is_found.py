"""Graded on labelled lives of markets: those who manipulate are found, those who make a market are not."""

import os
from collections import Counter
from itertools import count

import pytest

from adapters.surveillance.rules import ON, surveillance_rules
from application.events import DomainEvent, Recorded
from application.surveillance.finding import Finding
from application.surveillance.rules import Action
from application.surveillance.surveillance import Surveillance
from domain.market.events import OrderPlaced, TradeExecuted
from tests.unit.surveillance.market_life import MANIPULATORS, Life, day_trader, lived, market_maker, news

SOAK = os.environ.get("PRESAGE_SOAK") == "1"


def found_in(events: list[Recorded[DomainEvent]]) -> list[Finding]:
    surveillance = Surveillance(surveillance_rules(ON))
    return [finding for event in events for finding in surveillance.take(event)]


def flagged(findings: list[Finding]) -> set[tuple[str, str]]:
    """Return which accounts are flagged by which rules; what is only logged flags nobody."""
    return {
        (finding.rule.id, account)
        for finding in findings
        if finding.rule.action is Action.ALERT
        for account in finding.accounts
    }


def grade(lives: int, first_seed: int) -> None:
    recalled: Counter[str] = Counter()
    innocents: set[tuple[int, str]] = set()
    wrongly: set[tuple[int, str]] = set()
    seeds = count(first_seed)
    for rule in MANIPULATORS:
        for seed in (next(seeds) for _ in range(lives)):
            life = lived(seed, rule)
            caught = flagged(found_in(life.events))
            recalled[rule] += any(by == rule and who.startswith("bad") for by, who in caught)
            people = {each.event.account_id for each in life.events if isinstance(each.event, OrderPlaced)}
            innocents |= {(seed, who) for who in people if not who.startswith("bad")}
            wrongly |= {(seed, who) for _, who in caught if not who.startswith("bad")}
    makers = {each for each in innocents if each[1].startswith("maker")}
    assert len(makers) == 3 * lives * len(MANIPULATORS)
    for rule in MANIPULATORS:
        assert recalled[rule] >= lives * 95 // 100, (rule, recalled[rule], lives)
    assert sum(recalled.values()) * 100 >= 95 * lives * len(MANIPULATORS)
    assert len(wrongly & makers) * 100 <= len(makers), sorted(wrongly & makers)
    assert len(wrongly) * 1_000 <= len(innocents), sorted(wrongly)


def test_at_least_95_of_100_manipulators_and_at_most_1_of_100_market_makers_are_flagged() -> None:
    grade(lives=4, first_seed=1)


@pytest.mark.more
def test_the_same_holds_for_many_more() -> None:
    grade(lives=300 if SOAK else 60, first_seed=10_000)


def test_nobody_is_flagged_where_a_day_trader_has_one_market_maker_to_trade_with() -> None:
    for seed in range(4):
        life = Life(seed)
        life.join(news)
        life.join(market_maker("maker-0"))
        life.join(day_trader("day-trader"), 2)
        life.run(3_600)
        assert sum(isinstance(each.event, TradeExecuted) for each in life.events) > 40
        assert flagged(found_in(life.events)) == set(), seed


@pytest.mark.parametrize("rule", MANIPULATORS)
def test_a_finding_says_which_events_it_rests_on_and_what_was_compared_with_what(rule: str) -> None:
    life = lived(77, rule)
    by_revision = {event.revision: event for event in life.events}
    found = [each for each in found_in(life.events) if each.rule.id == rule]
    assert found
    for finding in found:
        assert all(who.startswith("bad") for who in finding.accounts)
        assert finding.value >= finding.rule.threshold
        assert str(finding.value) in finding.sentence
        assert str(finding.rule.threshold) in finding.sentence
        assert 1 < len(finding.evidence) <= 20
        for ref in finding.evidence:
            event = by_revision[ref.revision]
            assert ref.stream == event.stream
            assert finding.at_us - finding.rule.looks_back_us <= event.cause.at_us <= finding.at_us
            assert any(who in repr(event.event) for who in finding.accounts)
        assert str(finding.evidence[-1]) in finding.sentence


def test_the_same_events_give_the_same_findings() -> None:
    for rule in MANIPULATORS:
        events = lived(77, rule).events
        assert found_in(events) == found_in(events) != []


@pytest.mark.more
def test_what_is_found_does_not_depend_on_where_reading_begins() -> None:
    looks_back_us = {rule.id: rule.looks_back_us for rule in surveillance_rules(ON).rules}
    for rule in ("rapid-cancel", "momentum-ignition"):
        life = lived(21, rule, seconds=600)
        for _ in range(3):
            life.join(MANIPULATORS[rule])
            life.run(500)
        for late in (1_000, 1_500):
            begin_us = life.events[0].cause.at_us + late * 1_000_000
            lead = [each for each in life.events if each.cause.at_us >= begin_us - looks_back_us[rule]]
            assert len(lead) < len(life.events)

            def of(events: list[Recorded[DomainEvent]], since_us: int) -> list[Finding]:
                return [
                    each
                    for each in found_in(events)
                    if each.rule.id == rule and each.at_us >= since_us  # noqa: B023
                ]

            assert of(lead, begin_us) == of(life.events, begin_us) != []


def test_a_pattern_that_goes_on_is_told_once_in_each_window() -> None:
    for rule in MANIPULATORS:
        told = [
            (each.rule.id, each.accounts, each.at_us // each.rule.window_us)
            for each in found_in(lived(3, rule).events)
        ]
        assert len(told) == len(set(told))
