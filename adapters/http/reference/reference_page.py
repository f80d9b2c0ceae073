"""The reference as one page of HTML that needs nothing from anywhere else."""

from html import escape
from typing import Any

Json = dict[str, Any]

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --mark: #2563eb; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem 1.5rem 6rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 3rem; text-transform: capitalize; }
nav a { margin-right: 1rem; } a { color: var(--mark); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } code { font: 13px/1.5 ui-monospace, monospace; }
.method { display: inline-block; font-weight: 600; width: 4.5rem; } .says { opacity: .75; }
table { border-collapse: collapse; margin: .5rem 0 1rem; width: 100%; }
th, td { border-bottom: 1px solid var(--soft); padding: .25rem .6rem .25rem 0; text-align: left;
  vertical-align: top; }
th { font-weight: 600; }
"""


def reference_page(document: Json) -> str:
    """Return the page for an OpenAPI document."""
    info = document["info"]
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            tags.setdefault(entry["tags"][0], []).append(_operation(method, path, entry))
    links = " ".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in tags)
    sections = "".join(
        f'<h2 id="{escape(tag)}">{escape(tag.replace("_", " "))}</h2>{"".join(entries)}'
        for tag, entries in tags.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])} "
        f'The same for machines: <a href="/openapi.json">openapi.json</a>, and the '
        f'<a href="/schemas/events">schemas of all events</a>.</p>'
        f'<nav>{links} <a href="#objects">objects</a></nav>{sections}<h2 id="objects">objects</h2>{schemas}'
        "</body></html>"
    )


def _operation(method: str, path: str, entry: Json) -> str:
    parameters = "".join(_parameter(parameter) for parameter in entry["parameters"])
    body = entry.get("requestBody")
    takes = f"<p>Takes {_type(_content(body))}</p>" if body else ""
    status, answer = next(iter(entry["responses"].items()))
    gives = _type(_content(answer)) if "content" in answer else "nothing"
    return (
        f'<details id="{escape(entry["operationId"])}"><summary><span class="method">{method.upper()}</span>'
        f'<code>{escape(path)}</code> <span class="says">{escape(entry["summary"])}</span></summary>'
        f"<p>{escape(entry.get('description', 'Open to everybody.'))}</p>"
        f"{_table(parameters)}{takes}<p>Gives {status}: {gives}</p></details>"
    )


def _content(part: Json) -> Json:
    content: Json = next(iter(part["content"].values()))["schema"]
    return content


def _parameter(parameter: Json) -> str:
    where = parameter["in"] + (", required" if parameter["required"] else "")
    return _row(parameter["name"], parameter["schema"], where)


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", [])
    rows = "".join(
        _row(field, described, "required" if field in required else "")
        for field, described in schema.get("properties", {}).items()
    )
    words = ", ".join(map(str, schema.get("enum", ())))
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code> '
        f'<span class="says">{escape(schema.get("description", ""))}</span></summary>'
        f"<p>{escape(words)}</p>{_table(rows)}</details>"
    )


def _table(rows: str) -> str:
    return f"<table><tr><th>name</th><th>type</th><th></th></tr>{rows}</table>" if rows else ""


def _row(name: str, schema: Json, note: str) -> str:
    says = " ".join(filter(None, (note, escape(schema.get("description", "")))))
    return f"<tr><td><code>{escape(name)}</code></td><td>{_type(schema)}</td><td>{says}</td></tr>"


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    if schema.get("type") == "array":
        inner = schema.get("items") or {
            "type": " and ".join(choice.get("type", "any") for choice in schema.get("prefixItems", ()))
        }
        return f"list of {_type(inner)}"
    kind = schema.get("type", "any")
    return escape(" or ".join(kind) if isinstance(kind, list) else kind)
