"""Ids made faster than the standard library makes them are the same ids."""

from uuid import NAMESPACE_URL, RFC_4122, UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from adapters.clock import RandomIds
from application.derived_ids import derived_id, uuid_of


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


def test_random_ids_are_of_version_4_and_never_come_twice() -> None:
    ids = RandomIds()
    given_out = [ids.new() for _ in range(1_000)]
    assert len(set(given_out)) == 1_000
    assert {(each.version, each.variant) for each in given_out} == {(4, RFC_4122)}
