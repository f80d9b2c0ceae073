"""Whatever is wrong with what somebody sent or wrote is said in words of our own."""

import re
from collections.abc import Iterator, Mapping

import pytest
from pydantic import BaseModel, ValidationError

from adapters.http.app import OPERATIONS
from adapters.http.firewall.rules import Rule, Rules
from adapters.settings import Settings
from adapters.wording import faults

OF_THE_LIBRARY = re.compile(
    r"Input should|Extra inputs|Field required|Value error|Unable to|should (have|be|match)|valid (str|int)"
)
ODD: Mapping[str, object] = {
    "nothing": None,
    "empty": "",
    "long": "x" * 100_000,
    "odd characters": "\0 \ud800 ' ",
    "negative": -1,
    "huge": 10**40,
    "a fraction": 0.5,
    "infinite": float("inf"),
    "yes": True,
    "a list": [],
    "a list of anything": [None, 1, "x", {}] * 1_000,
    "a table": {},
    "a table of anything": {"x": 1},
    "bytes": b"\xff",
}


def models() -> Iterator[type[BaseModel]]:
    for operation in OPERATIONS:
        yield operation.query
        if operation.body is not None:
            yield operation.body
    yield from (Settings, Rules, Rule)


@pytest.mark.parametrize("model", dict.fromkeys(models()), ids=lambda model: model.__name__)
def test_no_fault_of_a_model_is_told_as_the_library_says_it(model: type[BaseModel]) -> None:
    documents: list[object] = [{"no such field": 1}, {}, *ODD.values()]
    documents += [{field: value} for field in model.model_fields for value in ODD.values()]
    told: list[tuple[object, str, str]] = []
    for document in documents:
        try:
            model.model_validate(document)
        except ValidationError as error:
            told += [(document, fault.kind, fault.said) for fault in faults(error)]
    assert told
    assert not [each for each in told if OF_THE_LIBRARY.search(each[2])]
