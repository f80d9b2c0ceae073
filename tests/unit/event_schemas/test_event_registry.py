from typing import get_args

from adapters.event_schemas.registry import EVENT_TYPES, STORED_NAMES
from adapters.event_schemas.upcasters import OLD_FORMS, UPCASTERS
from application.events import DomainEvent
from tests.unit.event_schemas.events import EXAMPLES, GOLDEN


def test_every_event_of_the_domain_has_one_stored_name() -> None:
    registered = [known.event_class for known in EVENT_TYPES]
    assert len(registered) == len(set(registered))
    assert set(registered) == set(get_args(DomainEvent))


def test_no_name_is_used_in_two_kinds_of_stream() -> None:
    names = [name for stream in STORED_NAMES.values() for name in stream]
    assert len(names) == len(set(names))


def test_every_version_but_the_last_has_a_form_and_a_way_up() -> None:
    older = {(known.name, version) for known in EVENT_TYPES for version in range(1, known.version)}
    assert set(UPCASTERS) == older
    assert set(OLD_FORMS) == older


def test_every_version_of_every_event_has_a_golden_file() -> None:
    names = {
        f"{known.name}.v{version}.json" for known in EVENT_TYPES for version in range(1, known.version + 1)
    }
    assert {path.name for path in GOLDEN.iterdir()} == names
    assert set(EXAMPLES) == {known.name for known in EVENT_TYPES}
