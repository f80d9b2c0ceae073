"""The OpenAPI document, made from the table of routes and the models of what they take and give."""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from adapters.http.answers.problems import Code, status_of
from adapters.http.callers.sessions import COOKIE
from adapters.http.operations import Access, NoQuery, Operation
from domain.identity.aggregate import Scope
from domain.rejections import Reason

Json = dict[str, Any]

_REFERENCES = "#/components/schemas/{model}"
_IN_PATH = re.compile(r"{(\w+)}")

_CODES = {code.code: code.status for code in Code} | {reason.value: status_of(reason) for reason in Reason}
"""Every code of an error and its status."""

_SIGNED: list[Json] = [{"key": [], "timestamp": [], "signature": []}]
_IN_SESSION: Json = {"session": []}
_WITH_TOKEN: Json = {"monitoring": []}


def openapi_document(operations: Sequence[Operation]) -> Json:
    """Return the document that describes ``operations``."""
    bodies = {operation.body for operation in operations if operation.body is not None}
    queries = {operation.query for operation in operations}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in sorted(bodies | queries, key=lambda model: model.__name__)
    ]
    references, definitions = models_json_schema(models, ref_template=_REFERENCES)
    schemas: Json = definitions.get("$defs", {})
    paths: dict[str, Json] = {}
    for operation in operations:
        entry = _entry(operation, schemas)
        if operation.body is not None:
            reference = references[operation.body, "validation"]
            entry["requestBody"] = {"content": {"application/json": {"schema": reference}}}
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    schemas["Error"] = _error_schema()
    for query in queries:
        schemas.pop(query.__name__, None)
    document: Json = _tidy(_document(paths, schemas))
    return document


def _document(paths: Json, schemas: Json) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Presage",
            "version": version("presage"),
            "description": "An exchange for prediction markets, by the conventions of Kalshi's Trade API v2.",
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": _security_schemes()},
    }


def _entry(operation: Operation, schemas: Json) -> Json:
    entry: Json = {
        "operationId": _operation_id(operation),
        "summary": operation.summary,
        "tags": [tag_of(operation)],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {
            str(operation.status): _answer(operation, schemas),
            **{str(status): _refusal(status) for status in _refusals(operation)},
            **{str(status): _answer(operation, schemas) for status in operation.also},
        },
    }
    if operation.access is not Access.PUBLIC:
        scope = operation.access.value
        by_session = scope is not Scope.ADMIN
        entry["security"] = [*_SIGNED, _IN_SESSION] if by_session else _SIGNED
        entry["description"] = (
            f"Needs a key with the scope `{scope.value}`{', or a session' if by_session else ''}."
        )
    if operation.scrapers:
        entry["security"] = [*_SIGNED, _WITH_TOKEN]
        entry["description"] = "Needs a key with the scope `admin`, or the token of monitoring."
    return entry


def _refusals(operation: Operation) -> list[int]:
    """Return every status that a route refuses requests with."""
    statuses = {400, 401, 403, 413, 429, 503}
    if operation.needs_exchange:
        statuses.add(425)
    if "{" in operation.path or operation.query is not NoQuery:
        statuses.add(404)
    if operation.method != "GET":
        statuses |= {404, 409, 422}
    if operation.access is Access.ADMIN and "{" in operation.path:
        statuses |= {409, 422}  # a preview is refused as the command would be
    return sorted(statuses)


def _refusal(status: int) -> Json:
    codes = [code for code, of in _CODES.items() if of == status]
    schema = {"$ref": "#/components/schemas/Error"}
    return {
        "description": f"Refused: {', '.join(f'`{code}`' for code in codes)}",
        "content": {"application/json": {"schema": schema}},
    }


def _operation_id(operation: Operation) -> str:
    words = re.sub(r"\W+", "_", operation.path.replace("/trade-api/v2", "")).strip("_")
    return f"{operation.method.lower()}_{words}"


def tag_of(operation: Operation) -> str:
    """Return the heading that a route stands under."""
    if operation.path.startswith("/admin/"):
        return "operators"
    parts = [part for part in operation.path.removeprefix("/trade-api/v2").split("/") if part]
    known = ("exchange", "markets", "events", "series", "portfolio", "api_keys", "account")
    return parts[0] if parts[0] in known else "service"


def _answer(operation: Operation, schemas: Json) -> Json:
    if operation.answer is None:
        return {"description": "Done"}
    schema = TypeAdapter(operation.answer).json_schema(ref_template=_REFERENCES, mode="serialization")
    schemas.update(schema.pop("$defs", {}))
    name = schema.get("title")
    if schema.get("properties") and name:
        schemas[name] = schema
        schema = {"$ref": _REFERENCES.format(model=name)}
    return {"description": "Done", "content": {operation.media_type.split(";")[0]: {"schema": schema}}}


def _path_parameters(operation: Operation) -> Iterator[Json]:
    for name in _IN_PATH.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(operation: Operation) -> Iterable[Json]:
    schema = operation.query.model_json_schema(ref_template=_REFERENCES)
    needed = schema.get("required", [])
    for name, described in schema.get("properties", {}).items():
        reference = described.get("$ref") or described.get("anyOf", [{}])[0].get("$ref")
        said = schema["$defs"][reference.rsplit("/", 1)[1]] if reference else _present(described)
        yield {"name": name, "in": "query", "required": name in needed, "schema": said}


def _present(schema: Json) -> Json:
    """Return the schema of a parameter that is there: one that is not has no value at all."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    said = choices[0] if len(choices) == 1 else schema
    return {name: value for name, value in said.items() if name != "default" or value not in ([], None)}


def _tidy(part: Any) -> Any:
    """Leave out the titles that only repeat a field's name."""
    if isinstance(part, list):
        return [_tidy(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    schema = "type" in part or "anyOf" in part or "$ref" in part
    return {
        name: _tidy(value)
        for name, value in part.items()
        if not (schema and name == "title" and isinstance(value, str))
    }


def _error_schema() -> Json:
    text: Json = {"type": "string"}
    told: Json = {
        "code": {"type": "string", "enum": list(_CODES)},
        "message": text,
        "details": text,
        "service": text,
    }
    error: Json = {"type": "object", "required": list(told), "properties": told}
    both: Json = {"error": error, **told}  # flat too, as the official client reads it
    return {"type": "object", "required": list(both), "properties": both}


def _security_schemes() -> Json:
    headers = {
        "key": "KALSHI-ACCESS-KEY",
        "timestamp": "KALSHI-ACCESS-TIMESTAMP",
        "signature": "KALSHI-ACCESS-SIGNATURE",
    }
    signed = {name: {"type": "apiKey", "in": "header", "name": header} for name, header in headers.items()}
    others: Json = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "monitoring": {"type": "http", "scheme": "bearer"},
    }
    return signed | others
