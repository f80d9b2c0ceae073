import doctest
from collections.abc import Iterator
from pathlib import Path

from adapters.event_schemas.document import FOLDER, documents, write
from adapters.event_schemas.json_schemas import JsonSchema, event_schemas
from adapters.event_schemas.registry import EVENT_TYPES


def test_the_reference_of_events_is_current() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert kept == documents(), "run: python -m adapters.event_schemas.document"


def test_the_examples_in_the_page_about_events_work() -> None:
    assert doctest.testfile(str(FOLDER.parent / "events.md"), module_relative=False).failed == 0


def test_writing_the_reference_takes_out_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "OrderForgotten.v1.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(documents())


def test_every_event_has_a_schema_for_every_version() -> None:
    events = event_schemas()["events"]
    assert {name: list(event["versions"]) for name, event in events.items()} == {
        known.name: [str(version) for version in range(1, known.version + 1)] for known in EVENT_TYPES
    }


def test_a_schema_says_type_unit_limits_and_meaning() -> None:
    schema = event_schemas()["events"]["OrderPlaced"]["versions"]["3"]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    assert schema["properties"]["terms"]["properties"]["price_ticks"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9_999,
        "unit": "ticks of $0.0001",
        "description": "a price",
    }


def test_every_number_has_a_unit_and_every_field_a_meaning() -> None:
    for schema in fields():
        if schema.get("type") in ("integer", "number"):
            assert "unit" in schema, schema
        if schema.get("type") in ("string", "integer", "number", "boolean") and "enum" not in schema:
            assert schema["description"]


def test_callers_may_keep_and_change_what_they_are_given() -> None:
    event_schemas()["events"].clear()
    assert event_schemas()["events"]


def fields() -> Iterator[JsonSchema]:
    pending = [
        version for event in event_schemas()["events"].values() for version in event["versions"].values()
    ]
    while pending:
        schema = pending.pop()
        for field in schema.get("properties", {}).values():
            yield from (choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null")
            pending.append(field)
