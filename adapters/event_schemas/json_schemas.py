"""JSON Schema of every event in every version, made from what validates them."""

import re
from copy import deepcopy
from functools import cache
from inspect import cleandoc
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from adapters.event_schemas.metadata import METADATA
from adapters.event_schemas.registry import EVENT_TYPES, EventType
from adapters.event_schemas.upcasters import OLD_FORMS
from adapters.event_schemas.validators import dataclass_schema

DIALECT = GenerateJsonSchema.schema_dialect

JsonSchema = dict[str, Any]


def event_schemas() -> JsonSchema:
    """Return the JSON Schemas of all events, and of the metadata that stands beside them.

    The shape is ``{"events": {name: {"stream", "version", "versions": {number: schema}}}, "metadata"}``,
    where ``version`` is the present one and versions are counted from ``"1"``.
    """
    return deepcopy(_event_schemas())


@cache
def _event_schemas() -> JsonSchema:
    events = {
        known.name: {
            "stream": known.stream,
            "version": known.version,
            "versions": {str(version): _schema(known, version) for version in range(1, known.version + 1)},
        }
        for known in EVENT_TYPES
    }
    return {
        "events": events,
        "metadata": _described("metadata", METADATA.json_schema(schema_generator=_Generator)),
    }


def _schema(known: EventType, version: int) -> JsonSchema:
    name = f"{known.name}.v{version}"
    if version == known.version:
        return _described(name, _Generator().generate(dataclass_schema(known.event_class)))
    return _described(name, OLD_FORMS[known.name, version].model_json_schema(schema_generator=_Generator))


def _described(name: str, schema: JsonSchema) -> JsonSchema:
    return {"$schema": DIALECT, "$id": f"{name}.json", **schema, "title": name}


class _Generator(GenerateJsonSchema):
    """Leaves out titles that repeat a field's name, and says in Markdown what docstrings say."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # names need no title
        return False

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return {**super().dataclass_schema(schema), "additionalProperties": False}

    def generate_inner(self, schema: CoreSchema) -> JsonSchemaValue:
        generated = super().generate_inner(schema)
        if "description" in generated:
            generated["description"] = _markdown(generated["description"])
        return generated


def _markdown(docstring: str) -> str:
    text = " ".join(cleandoc(docstring).split())
    return re.sub(r"(?::\w+:)?`{1,2}~?([^`]+)`{1,2}", r"`\1`", text)
