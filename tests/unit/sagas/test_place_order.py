"""The place-order saga as a table of moves, and its picture in the documents."""

from adapters.place_order_picture import PAGE, drawn
from application.sagas.place_order import STEPS, TRANSITIONS, Outcome, SagaState, advance


def reachable(state: SagaState) -> set[SagaState]:
    found = {state}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in found} - found:
        found |= more
    return found


def test_the_document_shows_the_saga_as_it_is() -> None:
    page = PAGE.read_text()
    assert page == drawn(page), "run: python -m adapters.place_order_picture"
    assert all(f"| `{state}` |" in page for state in SagaState)


def test_every_state_is_reached_and_every_one_that_is_no_end_has_a_step() -> None:
    assert reachable(SagaState.STARTED) == set(SagaState)
    assert {state for state, _ in TRANSITIONS} == set(STEPS)


def test_no_notice_that_fails_can_undo_an_order() -> None:
    assert reachable(SagaState.PLACED) == {
        SagaState.PLACED,
        SagaState.NOTIFYING,
        SagaState.NOTIFIED,
        SagaState.UNDELIVERED,
    }


def test_whoever_placed_an_order_is_answered_before_anybody_is_told() -> None:
    assert {state for state in SagaState if state.answered} == {
        SagaState.PLACED,
        SagaState.RELEASED,
        SagaState.REFUSED,
    }


def test_a_notice_is_told_sent_again_or_given_up_and_asked_for() -> None:
    assert advance(SagaState.NOTIFYING, Outcome.DONE) is SagaState.NOTIFIED
    assert advance(SagaState.NOTIFYING, Outcome.FAILED) is SagaState.NOTIFYING
    assert advance(SagaState.NOTIFYING, Outcome.GIVEN_UP) is SagaState.UNDELIVERED
    assert advance(SagaState.UNDELIVERED, Outcome.RETRIED) is SagaState.NOTIFYING
