"""From the domain's dataclasses and the table of rules to validators that build the domain's own objects.

One call reads the JSON, checks every field and makes the frozen dataclass, all outside Python.
"""

import dataclasses
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from adapters.event_schemas.registry import EVENT_TYPES
from adapters.event_schemas.rules import CHOICES, rule_for


@cache
def validators() -> dict[str, SchemaValidator]:
    """Return, by stored name, what reads an event's JSON in its present version.

    They raise ``pydantic.ValidationError`` on anything unfit.
    """
    return {known.name: SchemaValidator(dataclass_schema(known.event_class)) for known in EVENT_TYPES}


def dataclass_schema(owner: type) -> CoreSchema:
    """Return the schema of a frozen, slotted dataclass: every field named, none unknown."""
    hints = get_type_hints(owner)
    names = [field.name for field in dataclasses.fields(owner)]
    fields = [
        core_schema.dataclass_field(name, _schema(owner, name, hints[name]), kw_only=True) for name in names
    ]
    arguments = core_schema.dataclass_args_schema(owner.__name__, fields, extra_behavior="forbid")
    return core_schema.dataclass_schema(owner, arguments, names, strict=True, slots=True, frozen=True)


def _schema(owner: type, name: str, hint: Any) -> CoreSchema:
    if get_origin(hint) in (Union, UnionType):
        return core_schema.nullable_schema(_schema(owner, name, _without_none(hint)))
    if get_origin(hint) is tuple:
        item = _schema(owner, name, get_args(hint)[0])
        return core_schema.tuple_schema([item], variadic_item_index=0, strict=True)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return dataclass_schema(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        if (owner, name) in CHOICES:
            return core_schema.literal_schema(CHOICES[owner, name])
        return core_schema.enum_schema(hint, list(hint), sub_type="str", strict=True)
    leaf: Any = Annotated[_plain(hint), rule_for(owner, name, hint)]
    return TypeAdapter(leaf).core_schema


def _without_none(hint: Any) -> Any:
    (wanted,) = (choice for choice in get_args(hint) if choice is not type(None))
    return wanted


def _plain(hint: Any) -> Any:
    """Return what a new type stands for."""
    return getattr(hint, "__supertype__", hint)
