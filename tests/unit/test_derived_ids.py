"""Ids made faster than the standard library makes them are the same ids; those that are new are in order."""

import time
from itertools import islice
from uuid import NAMESPACE_URL, RFC_4122, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.clock import TimeOrderedIds
from application.ids import derived_id, event_ids, uuid_of


@given(st.uuids(), st.text())
def test_a_derived_id_is_the_standard_one(namespace: UUID, name: str) -> None:
    made, standard = derived_id(namespace, name), uuid5(namespace, name)
    assert (made, hash(made), str(made), made.is_safe) == (
        standard,
        hash(standard),
        str(standard),
        standard.is_safe,
    )
    assert (made.version, made.variant) == (standard.version, standard.variant)


def test_an_id_is_made_of_its_number() -> None:
    assert uuid_of(NAMESPACE_URL.int) == NAMESPACE_URL


@given(st.uuids())
def test_a_commands_events_have_ids_of_their_own(command_id: UUID) -> None:
    ids = list(islice(event_ids(command_id), 1_000))
    assert ids[0] == uuid5(command_id, "0")
    assert len(set(ids)) == 1_000
    assert {(each.version, each.variant) for each in ids} == {(5, RFC_4122)}


def test_ids_are_of_version_7_and_sort_by_when_they_were_made() -> None:
    ids = TimeOrderedIds()
    before_ms = time.time_ns() // 1_000_000
    given_out = [ids.new() for _ in range(1_000)]
    after_ms = time.time_ns() // 1_000_000
    assert {(each.version, each.variant) for each in given_out} == {(7, RFC_4122)}
    assert given_out == sorted(set(given_out))
    assert sorted(map(str, given_out)) == list(map(str, given_out))
    assert before_ms <= given_out[0].int >> 80 <= given_out[-1].int >> 80 <= after_ms


def test_ids_go_on_although_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = TimeOrderedIds()
    earlier = ids.new()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert earlier < ids.new() < ids.new()


def test_two_processes_at_one_moment_give_different_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    one, other = TimeOrderedIds(), TimeOrderedIds()
    assert not {one.new() for _ in range(1_000)} & {other.new() for _ in range(1_000)}
