"""When a notice is sent again."""

from application.notices.plan import RetryPlan

PLAN = RetryPlan()


def pauses(chance: float) -> list[float]:
    found: list[float] = []
    while (pause_s := PLAN.pause_s(len(found) + 1, chance)) is not None:
        found.append(pause_s)
    return found


def test_each_pause_is_twice_the_last_and_all_of_them_take_little_more_than_an_hour() -> None:
    assert pauses(0.5) == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]
    assert 60 * 60 < sum(pauses(0.5)) < 75 * 60


def test_there_are_twelve_tries() -> None:
    assert PLAN.pause_s(11, 0.5) is not None
    assert PLAN.pause_s(12, 0.5) is None


def test_a_fifth_of_each_pause_is_chance() -> None:
    assert PLAN.pause_s(3, 0.0) == 8 * 0.8
    assert abs((PLAN.pause_s(3, 0.999_999) or 0) - 8 * 1.2) < 0.001
