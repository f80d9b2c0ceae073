"""Markets that have a name in the metrics."""

from itertools import pairwise
from random import Random

from application.watching.busiest import OTHER, Busiest
from application.watching.work import Work


def busy(work: Work, commands: int) -> None:
    for _ in range(commands):
        work.decided(1, 0.001)


def commands(shown: dict[str, Work]) -> dict[str, float]:
    return {name: work.commands.total for name, work in shown.items()}


def test_there_are_never_more_names_than_places_and_one() -> None:
    busiest = Busiest(places=3)
    markets = {f"M-{number}": Work() for number in range(50)}
    for number, work in enumerate(markets.values()):
        busy(work, number)
    assert len(busiest.look(markets)) == 4


def test_the_busiest_have_a_name() -> None:
    busiest = Busiest(places=2)
    markets = {name: Work() for name in "ABCD"}
    busiest.look(markets)
    for name, orders in (("A", 1), ("B", 50), ("C", 2), ("D", 40)):
        busy(markets[name], orders)
    assert set(busiest.look(markets)) == {"B", "D", OTHER}


def test_a_market_that_becomes_hot_takes_the_place_of_one_that_cooled_down() -> None:
    busiest = Busiest(places=1)
    markets = {"COLD": Work(), "HOT": Work()}
    busy(markets["COLD"], 10)
    busiest.look(markets)
    busy(markets["HOT"], 100)
    assert set(busiest.look(markets)) == {"HOT", OTHER}
    busy(markets["HOT"], 7)
    assert commands(dict(busiest.look(markets)))["HOT"] == 7


def test_names_do_not_come_and_go_between_markets_that_are_about_as_busy() -> None:
    busiest, random = Busiest(places=1), Random(7)
    markets = {"A": Work(), "B": Work()}
    busy(markets["A"], 10)
    names = set(busiest.look(markets))
    for _ in range(200):
        for work in markets.values():
            busy(work, random.randint(9, 11))
        assert set(busiest.look(markets)) == names


def test_no_figure_falls_while_it_has_its_name_and_nothing_is_lost_or_counted_twice() -> None:
    busiest, random = Busiest(places=3), Random(33)
    markets = {f"M-{number}": Work() for number in range(12)}
    looks: list[dict[str, float]] = []
    done = 0
    told = 0.0
    for _ in range(300):
        hot = random.choice(list(markets))
        for name, work in markets.items():
            orders = random.randint(20, 60) if name == hot else random.randint(0, 2)
            busy(work, orders)
            done += orders
        looks.append(commands(dict(busiest.look(markets))))
    for before, after in pairwise([{}, *looks]):
        for name, figure in after.items():
            assert figure >= before.get(name, 0.0), name
            told += figure - before.get(name, 0.0)
    assert told == done


def test_a_market_that_comes_back_into_memory_begins_at_nothing_and_its_figure_goes_on() -> None:
    busiest = Busiest(places=1)
    first = Work()
    busiest.look({"A": first})
    busy(first, 5)
    busiest.look({"A": first})
    busy(first, 1)
    assert commands(dict(busiest.look({"A": first})))["A"] == 1
    again = Work()
    busy(again, 2)
    assert commands(dict(busiest.look({"A": again})))["A"] == 3


def test_a_market_that_is_over_loses_its_name() -> None:
    busiest = Busiest(places=1)
    over = Work()
    busy(over, 1)
    busiest.look({"OVER": over})
    for _ in range(60):
        shown = busiest.look({})
    assert set(shown) == {OTHER}
