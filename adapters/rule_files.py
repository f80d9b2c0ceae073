"""Files of rules in TOML: where one is wrong is said by its name and the place in it."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from adapters.wording import first_fault

Form = TypeVar("Form", bound=BaseModel)


class UnusableRules(ValueError):
    """A file of rules that cannot be used; the message names the file and the place in it."""


def read_rules_file(path: Path, form: type[Form]) -> Form:
    """Return what a file states. Raises :class:`UnusableRules` that says where it is wrong."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UnusableRules(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnusableRules(f"{path}: {error}") from error
    return parse_rules(text, form, str(path))


def parse_rules(text: str, form: type[Form], name: str) -> Form:
    """Return what a text states. Raises :class:`UnusableRules` that says where it is wrong."""
    document: dict[str, Any] = {}
    try:
        document = tomllib.loads(text)
        return form.model_validate(document)
    except tomllib.TOMLDecodeError as error:
        raise UnusableRules(f"{name}: {error}") from error
    except ValidationError as error:
        raise UnusableRules(f"{name}: {_place(error, document)}") from error


def _place(error: ValidationError, document: dict[str, Any]) -> str:
    fault = first_fault(error)
    where = list(fault.place)
    if len(where) > 1 and where[0] == "rules" and isinstance(where[1], int):
        rule = document["rules"][where[1]]
        where[1] = str(rule.get("id", where[1])) if isinstance(rule, dict) else where[1]
    return ": ".join(filter(None, (".".join(map(str, where)), fault.said)))
