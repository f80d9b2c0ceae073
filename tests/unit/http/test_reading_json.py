"""JSON is read so that every number is seen as it was written, and within bounds."""

from decimal import Decimal

import pytest

from adapters.http.answers.problems import Problem
from adapters.http.requests.json import read_json

DEPTH = 4


def read(text: str | bytes) -> object:
    return read_json(text if isinstance(text, bytes) else text.encode(), depth_max=DEPTH)


def test_numbers_keep_the_digits_they_were_written_with() -> None:
    assert read('{"a": 0.65, "b": 1, "c": 0.10}') == {"a": Decimal("0.65"), "b": 1, "c": Decimal("0.10")}
    assert repr(read("0.65000000000000000001")) == "Decimal('0.65000000000000000001')"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 1',
        '{"a": 1} x',
        "{'a': 1}",
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        "1e2",
        "1E-2",
        '{"a": 1, "a": 2}',
        "9" * 41,
        "0." + "9" * 41,
        b"\xff\xfe",
        b'{"a": "\xff"}',
        "[" * 5 + "]" * 5,
        '{"a":' * 5 + "1" + "}" * 5,
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
    ],
)
def test_what_is_not_acceptable_json_is_refused_as_malformed(text: str | bytes) -> None:
    with pytest.raises(Problem) as refused:
        read(text)
    assert (refused.value.status, refused.value.code) == (400, "malformed_body")


def test_a_document_of_the_greatest_depth_and_any_width_is_read() -> None:
    assert read("[" * DEPTH + "]" * DEPTH) == [[[[]]]]
    assert len(read("[" + ",".join(["[]"] * 1_000) + "]")) == 1_000  # type: ignore[arg-type]
