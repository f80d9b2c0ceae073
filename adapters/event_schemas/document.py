"""Writes the reference of all events: ``python -m adapters.event_schemas.document``."""

import json
from collections.abc import Iterator
from pathlib import Path

from adapters.event_schemas.json_schemas import JsonSchema, event_schemas
from domain.fields import LARGEST

FOLDER = Path(__file__).parents[2] / "docs" / "events"

INTRODUCTION = """\
# Reference of events

Every event in every version: its fields, their types, units and rules. The same is kept as JSON Schema in
the files beside this page and served at `GET /schemas/events`; what is said below a table stands there as
`rules`, sentences about several fields that are checked as well. [About events](../events.md) says how they
fit together.

All of this is generated from the code that validates events; after a change there, run
`python -m adapters.event_schemas.document`.

Every field must be there and may be null only where it says so, and no others are allowed. Numbers are
whole numbers, never text, unless stated otherwise.
"""


def documents() -> dict[str, str]:
    """Return the content of every file of the reference, by file name."""
    schemas = event_schemas()
    files = {f"{schema['title']}.json": schema for _, schema in _versions(schemas)}
    files["metadata.json"] = schemas["metadata"]
    pages = {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in files.items()}
    return {"README.md": _page(schemas), **pages}


def write(folder: Path = FOLDER) -> None:
    """Bring the folder up to date, taking out what is not part of the reference any more."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = documents()
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, content in pages.items():
        (folder / name).write_text(content, encoding="utf-8")


def _versions(schemas: JsonSchema) -> Iterator[tuple[JsonSchema, JsonSchema]]:
    """Yield what is known of an event, and each version of it, latest first."""
    for event in schemas["events"].values():
        for version in sorted(event["versions"], key=int, reverse=True):
            yield event, event["versions"][version]


def _page(schemas: JsonSchema) -> str:
    lines = [INTRODUCTION, "| event | version | stream | meaning |", "|---|---|---|---|"]
    for name, event in schemas["events"].items():
        latest = event["versions"][str(event["version"])]
        link = f"[{name}](#{name.lower()}v{event['version']})"
        lines.append(f"| {link} | {event['version']} | {event['stream']} | {latest['description']} |")
    for _, schema in _versions(schemas):
        lines += _section(schema)
    lines += _section(schemas["metadata"])
    return "\n".join(lines) + "\n"


def _section(schema: JsonSchema) -> Iterator[str]:
    name = schema["title"]
    yield f"\n## {name}\n"
    yield f"{schema['description']} ([JSON Schema]({name}.json))"
    rows = list(_rows(schema))
    if rows:
        yield "\n| field | type | unit | rules | meaning |\n|---|---|---|---|---|"
        yield from rows
    else:
        yield "\nNo fields."
    for number, rule in enumerate(schema.get("rules", ())):
        yield f"{'' if number else chr(10)}- {rule}"


def _rows(schema: JsonSchema, path: str = "") -> Iterator[str]:
    for name, field in schema["properties"].items():
        kind, optional = _unwrapped(field)
        if "properties" in kind:
            yield from _rows(kind, f"{path}{name}.")
        else:
            cells = (f"`{path}{name}`", _type(kind, optional=optional), *_cells(kind))
            yield f"| {' | '.join(cells)} |"


def _unwrapped(field: JsonSchema) -> tuple[JsonSchema, bool]:
    """Return what a field holds, and whether it may be null."""
    if "anyOf" in field:
        return field["anyOf"][0], True
    return field, False


def _type(kind: JsonSchema, *, optional: bool) -> str:
    name = f"list of {kind['items']['type']}" if kind["type"] == "array" else kind["type"]
    return f"{name} or null" if optional else name


def _cells(kind: JsonSchema) -> tuple[str, str, str]:
    kind = kind.get("items", kind)
    return kind.get("unit", ""), _rules(kind), kind.get("description", "")


def _rules(kind: JsonSchema) -> str:
    """Return the limits of a field as a person would say them."""
    said = []
    for keyword, words in _WORDS.items():
        if keyword in kind:
            limit = kind[keyword]
            said.append(words.format("2^63 - 1" if limit == LARGEST else limit))
    if "enum" in kind:
        said.append("one of " + ", ".join(f"`{value}`" for value in kind["enum"]))
    return ", ".join(said)


_WORDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matches `{}`",
    "default": "`{}` if missing",
    "format": "{}",
}

if __name__ == "__main__":
    write()
