"""Betfair's level totals and traded totals become orders, cancels and takes, one market per runner."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.recordings.betfair_odds import contracts_of, odds_hundredths, ticks_of
from adapters.recordings.formats import open_recording
from application.replay.flow import (
    AddOrder,
    CancelAtLevel,
    Close,
    Instruction,
    OpenGroup,
    OpenMarket,
    Pause,
    Resolve,
    ResolveGroup,
    Resume,
    TakeOrder,
    UnplacedTrade,
    Void,
)
from application.replay.recording import UnreadableRecording
from tests.unit.recording_samples import betfair_line, definition, replayed, write

OPEN = definition("OPEN", {7: "ACTIVE", 8: "ACTIVE"})
MARKET = "BF-1.5-7"


def stream(tmp_path: Path, *messages: str) -> list[Instruction]:
    return replayed(write(tmp_path / "stream", betfair_line(0, definition=OPEN), *messages))


def book(pt: int, **fields: Any) -> str:
    return betfair_line(pt, runners=[{"id": 7, **fields}])


def after(instructions: list[Instruction], pt: int) -> list[tuple[object, ...]]:
    """Return what happened at one time, in short."""
    return [short(instruction) for instruction in instructions if instruction.at_us == pt * 1000]


def short(instruction: Instruction) -> tuple[object, ...]:
    match instruction:
        case AddOrder() | CancelAtLevel():
            return (type(instruction), instruction.side, instruction.price_ticks, instruction.quantity)
        case TakeOrder():
            return (TakeOrder, instruction.side, instruction.limit_ticks, instruction.quantity)
        case UnplacedTrade():
            return (UnplacedTrade, instruction.yes_price_ticks, instruction.quantity)
        case _:
            return (type(instruction),)


def test_odds_become_prices_that_never_cross_by_rounding() -> None:
    assert (ticks_of("bid", 200), ticks_of("ask", 200)) == (5000, 5000)
    assert (ticks_of("bid", 300), ticks_of("ask", 300)) == (3333, 3334)
    assert (ticks_of("bid", 101), ticks_of("ask", 101)) == (9900, 9901)
    assert (ticks_of("bid", 100_000), ticks_of("ask", 100_000)) == (10, 10)


def test_a_stake_buys_what_it_would_be_paid() -> None:
    assert contracts_of(1000, 250) == 2500
    assert contracts_of(333, 101) == 336


@pytest.mark.parametrize("odds", ["1", "0.5", "1.001", "10000", "nan", None, [2]])
def test_impossible_odds_are_refused(odds: object) -> None:
    with pytest.raises(ValueError, match=r"odds of|not a plain decimal|decimal places"):
        odds_hundredths(odds)


def test_what_can_be_backed_is_an_ask_and_what_can_be_laid_a_bid(tmp_path: Path) -> None:
    told = stream(tmp_path, book(1, atb=[[2, 10]], atl=[[2.5, 4]]))
    assert after(told, 1) == [(AddOrder, "bid", 4000, 1000), (AddOrder, "ask", 5000, 2000)]


def test_new_totals_are_followed_by_their_differences(tmp_path: Path) -> None:
    told = stream(tmp_path, book(1, atb=[[2, 10]]), book(2, atb=[[2, 12.5]]), book(3, atb=[[2, 1]]))
    assert after(told, 2) == [(AddOrder, "ask", 5000, 500)]
    assert after(told, 3) == [(CancelAtLevel, "ask", 5000, 2300)]


def test_a_trade_takes_the_level_that_fell_and_counts_one_of_two_stakes(tmp_path: Path) -> None:
    told = stream(
        tmp_path,
        book(1, atb=[[2, 10]], atl=[[2.5, 10]]),
        book(2, atb=[[2, 4]], trd=[[2, 8]]),
        book(3, atl=[[2.5, 0]], trd=[[2.5, 20]]),
    )
    assert after(told, 2) == [(TakeOrder, "buy", 5000, 800), (CancelAtLevel, "ask", 5000, 400)]
    assert after(told, 3) == [(TakeOrder, "sell", 4000, 2500)]


def test_a_level_behind_a_better_one_is_canceled_and_its_trade_counted(tmp_path: Path) -> None:
    told = stream(tmp_path, book(1, atb=[[2, 10], [1.9, 10]]), book(2, atb=[[1.9, 5]], trd=[[1.9, 10]]))
    assert after(told, 2) == [(CancelAtLevel, "ask", 5264, 950), (UnplacedTrade, 5264, 950)]


def test_a_trade_no_level_shows_is_made_between_the_best_prices(tmp_path: Path) -> None:
    told = stream(tmp_path, book(1, atb=[[2, 10]], atl=[[2.5, 10]]), book(2, trd=[[2.2, 2]]))
    assert after(told, 2) == [(AddOrder, "ask", 4546, 220), (TakeOrder, "buy", 4546, 220)]
    told = stream(tmp_path, book(1, atb=[[2, 10]], atl=[[2.5, 10]]), book(2, trd=[[2.5, 2]]))
    assert after(told, 2) == [(AddOrder, "bid", 4000, 250), (TakeOrder, "sell", 4000, 250)]


def test_a_level_that_crosses_waits_until_it_no_longer_does(tmp_path: Path) -> None:
    told = stream(
        tmp_path, book(1, atb=[[2, 10]]), book(2, atl=[[1.9, 10]]), book(3, atb=[[2, 0], [1.8, 10]])
    )
    assert after(told, 2) == []
    assert after(told, 3) == [
        (CancelAtLevel, "ask", 5000, 2000),
        (AddOrder, "bid", 5263, 1900),
        (AddOrder, "ask", 5556, 1800),
    ]


def test_odds_closer_than_a_tick_share_a_level(tmp_path: Path) -> None:
    told = stream(tmp_path, book(1, atb=[[990, 1]]), book(2, atb=[[980, 1]]))
    assert after(told, 1) == [(AddOrder, "ask", 11, 99_000)]
    assert after(told, 2) == [(AddOrder, "ask", 11, 98_000)]


def test_an_image_replaces_everything(tmp_path: Path) -> None:
    image = betfair_line(2, runners=[{"id": 7, "atb": [[3, 1]]}], img=True)
    told = stream(tmp_path, book(1, atb=[[2, 10]], atl=[[5, 10]]), image)
    assert after(told, 2) == [
        (CancelAtLevel, "bid", 2000, 5000),
        (CancelAtLevel, "ask", 5000, 2000),
        (AddOrder, "ask", 3334, 300),
    ]


def test_while_suspended_levels_only_fall_and_nothing_trades(tmp_path: Path) -> None:
    suspended = {**OPEN, "status": "SUSPENDED"}
    told = stream(
        tmp_path,
        book(1, atb=[[2, 10]]),
        betfair_line(2, definition=suspended),
        book(3, atb=[[2, 4], [1.9, 3]], trd=[[2, 5]]),
        betfair_line(4, definition=OPEN),
    )
    assert after(told, 2) == [(Pause,), (Pause,)]
    assert after(told, 3) == [(CancelAtLevel, "ask", 5000, 1200)]
    assert after(told, 4) == [(Resume,), (Resume,), (AddOrder, "ask", 5264, 570)]


def test_runners_of_whom_one_must_win_are_a_group_that_resolves_at_once(tmp_path: Path) -> None:
    closed = definition("CLOSED", {7: "LOSER", 8: "WINNER"})
    told = stream(tmp_path, betfair_line(9, definition=closed), book(10, atb=[[2, 10]]))
    assert told[:2] == [
        OpenGroup(group="BF-1.5", title="Derby Win", markets=(MARKET, "BF-1.5-8"), at_us=0),
        OpenMarket(
            market=MARKET,
            title="Derby Win: runner 7",
            tick_size_ticks=1,
            quantity_step=1,
            group="BF-1.5",
            at_us=0,
        ),
    ]
    assert told[3:] == [
        Close(market=MARKET, at_us=9_000),
        Close(market="BF-1.5-8", at_us=9_000),
        ResolveGroup(group="BF-1.5", winner="BF-1.5-8", at_us=9_000),
    ]


def test_several_winners_resolve_one_by_one(tmp_path: Path) -> None:
    closed = definition("CLOSED", {7: "WINNER", 8: "WINNER"}, winners=2)
    told = stream(tmp_path, betfair_line(9, definition=closed))
    assert told[-2:] == [
        Resolve(market=MARKET, result="yes", at_us=9_000),
        Resolve(market="BF-1.5-8", result="yes", at_us=9_000),
    ]


def test_a_withdrawn_runner_is_voided_and_the_others_make_no_group(tmp_path: Path) -> None:
    withdrawn = definition("OPEN", {7: "REMOVED", 8: "ACTIVE"})
    closed = definition("CLOSED", {7: "REMOVED", 8: "WINNER"})
    told = stream(
        tmp_path,
        betfair_line(3, definition=withdrawn),
        book(4, atb=[[2, 10]]),
        betfair_line(9, definition=closed),
    )
    assert told[2:] == [
        Void(market=MARKET, reason="the runner was withdrawn", at_us=3_000),
        Close(market="BF-1.5-8", at_us=9_000),
        Resolve(market="BF-1.5-8", result="yes", at_us=9_000),
    ]


AWAY = definition("OPEN", {7: "REMOVED", 8: "ACTIVE"})


def test_a_runner_that_comes_back_is_one_market_that_waits_meanwhile_and_ends_as_it_ended(
    tmp_path: Path,
) -> None:
    closed = definition("CLOSED", {7: "LOSER", 8: "WINNER"}, winners=2)
    told = stream(
        tmp_path,
        book(1, atb=[[2, 10]]),
        betfair_line(2, definition=AWAY),
        book(3, atb=[[2, 4], [1.9, 3]], trd=[[2, 5]]),
        betfair_line(4, definition=OPEN),
        betfair_line(9, definition=closed),
    )
    assert [type(each) for each in told].count(OpenMarket) == 2
    assert after(told, 2) == [(Pause,)]
    assert after(told, 3) == [(CancelAtLevel, "ask", 5000, 1200)]
    assert after(told, 4) == [(Resume,), (AddOrder, "ask", 5264, 570)]
    assert told[-2:] == [
        Resolve(market=MARKET, result="no", at_us=9_000),
        Resolve(market="BF-1.5-8", result="yes", at_us=9_000),
    ]


def test_a_runner_that_comes_back_while_all_are_suspended_waits_with_them(tmp_path: Path) -> None:
    suspended = {**OPEN, "status": "SUSPENDED"}
    told = stream(
        tmp_path,
        betfair_line(2, definition=AWAY),
        betfair_line(3, definition={**AWAY, "status": "SUSPENDED"}),
        betfair_line(4, definition=suspended),
        betfair_line(5, definition=OPEN),
        betfair_line(6, definition={**AWAY, "status": "SUSPENDED"}),
        betfair_line(7, definition=AWAY),
        betfair_line(8, definition=OPEN),
    )
    paused = {pt: [type(each) for each in told if each.at_us == pt * 1000] for pt in range(2, 9)}
    assert paused == {
        2: [Pause],
        3: [Pause],
        4: [],
        5: [Resume, Resume],
        6: [Pause, Pause],
        7: [Resume],
        8: [Resume],
    }


def test_a_runner_that_comes_back_and_is_withdrawn_again_is_void_only_then(tmp_path: Path) -> None:
    closed = definition("CLOSED", {7: "REMOVED", 8: "WINNER"})
    told = stream(
        tmp_path,
        betfair_line(2, definition=AWAY),
        betfair_line(3, definition=OPEN),
        betfair_line(4, definition=AWAY),
        betfair_line(9, definition=closed),
    )
    assert [after(told, pt) for pt in (2, 3, 4)] == [[(Pause,)], [(Resume,)], [(Void,)]]
    assert [each.market for each in told if isinstance(each, Resolve)] == ["BF-1.5-8"]


def test_two_handicaps_of_one_runner_are_two_markets(tmp_path: Path) -> None:
    runners = [{"id": 7, "hc": handicap, "status": "ACTIVE"} for handicap in (-0.5, 0.5, 0)]
    told = replayed(write(tmp_path / "s", betfair_line(0, definition={**OPEN, "runners": runners})))
    opened = [each.market for each in told if isinstance(each, OpenMarket)]
    assert opened == ["BF-1.5-7-M0.5", "BF-1.5-7-0.5", "BF-1.5-7"]


def test_handshakes_and_heartbeats_ask_for_nothing(tmp_path: Path) -> None:
    handshake = '{"op":"connection","connectionId":"1"}'
    heartbeat = json.dumps({"op": "mcm", "ct": "HEARTBEAT", "pt": 5, "clk": "a"})
    path = write(tmp_path / "s", handshake, betfair_line(0, definition=OPEN), heartbeat)
    assert len(replayed(path)) == 3


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"op":"mcm"', "Expecting"),
        ('{"op":"order"}', "not a message of the Exchange Stream API"),
        ('{"op":"mcm","mc":[]}', "'pt' is missing"),
        ('{"op":"mcm","pt":NaN}', "NaN is no number"),
        ('{"op":"mcm","pt":1,"mc":[[]]}', "unexpected structure"),
        ('{"op":"mcm","pt":1,"mc":[{"rc":[]}]}', "'id' is missing"),
        (book(1, atb=[[2]]), "not enough values to unpack"),
        (book(1, atb=[[2, -1]]), "'-1' is not a plain decimal number"),
        (book(1, atb=5), "unexpected structure"),
        (betfair_line(1, runners=[{"id": 9}]), "runner 9 is in no definition of market 1.5"),
        (betfair_line(1, definition={"status": "OPEN"}), "'runners' is missing"),
    ],
)
def test_a_bad_message_is_refused_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    path = write(tmp_path / "s", betfair_line(0, definition=OPEN), line)
    with pytest.raises(UnreadableRecording, match=f"line 2: .*{problem}"):
        open_recording(path)
