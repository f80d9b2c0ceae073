"""JSON Schema of every event in every version, made from what reads them."""

import re
from copy import deepcopy
from functools import cache
from inspect import cleandoc
from typing import Any

import msgspec
from pydantic.json_schema import GenerateJsonSchema

from adapters.event_schemas.metadata import Metadata
from adapters.event_schemas.registry import EVENT_TYPES, EventType
from adapters.event_schemas.rules import RULES
from adapters.event_schemas.upcasters import OLD_FORMS

DIALECT = GenerateJsonSchema.schema_dialect

JsonSchema = dict[str, Any]


def event_schemas() -> JsonSchema:
    """Return the JSON Schemas of all events, and of the metadata that stands beside them.

    The shape is ``{"events": {name: {"stream", "version", "versions": {number: schema}}}, "metadata"}``,
    where ``version`` is the present one and versions are counted from ``"1"``. ``rules`` of a schema are
    sentences about several fields, which JSON Schema has no words for.
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
    return {"events": events, "metadata": _described("metadata", _of(Metadata))}


def _schema(known: EventType, version: int) -> JsonSchema:
    name = f"{known.name}.v{version}"
    if version < known.version:
        return _described(name, OLD_FORMS[known.name, version].model_json_schema())
    rules = [rule.says for rule in RULES.get(known.event_class, ())]
    return _described(name, {**_of(known.event_class), **({"rules": rules} if rules else {})})


def _of(kind: type) -> JsonSchema:
    return msgspec.json.schema(kind)


def _described(name: str, schema: JsonSchema) -> JsonSchema:
    shared = schema.pop("$defs", {})
    return {"$schema": DIALECT, "$id": f"{name}.json", **_whole(schema, shared), "title": name}


def _whole(schema: JsonSchema, shared: JsonSchema) -> JsonSchema:
    """Return a schema with its parts in their places, without titles that repeat a field's name."""
    if "$ref" in schema:
        reference = schema["$ref"].rpartition("/")[2]
        return _whole({**shared[reference], **{key: schema[key] for key in schema if key != "$ref"}}, shared)
    whole = {key: value for key, value in schema.items() if key != "title"}
    if "description" in whole:
        whole["description"] = _markdown(whole["description"])
    if "enum" in whole:
        whole["type"] = "string"
    if "properties" in whole:
        whole["properties"] = {name: _whole(field, shared) for name, field in whole["properties"].items()}
    if "items" in whole:
        whole["items"] = _whole(whole["items"], shared)
    if "anyOf" in whole:
        whole["anyOf"] = [_whole(choice, shared) for choice in whole["anyOf"]]
    return whole


def _markdown(docstring: str) -> str:
    text = " ".join(cleandoc(docstring).split())
    return re.sub(r"(?::\w+:)?`{1,2}~?([^`]+)`{1,2}", r"`\1`", text)
