"""What is left out where the acceptance tests run in a cluster is there, and is left out for a reason."""

from pathlib import Path

import pytest

from tests.acceptance.in_a_cluster import LEFT_OUT, why_left_out

ACCEPTANCE = Path(__file__).parents[1] / "acceptance"


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_what_is_left_out_is_there(left_out: str) -> None:
    file, _, case = left_out.partition("[")[0].partition("::")
    assert f"def {case}(" in (ACCEPTANCE / file).read_text() if case else (ACCEPTANCE / file).exists()
    assert LEFT_OUT[left_out]


def test_a_case_is_known_by_its_file_or_its_name_whatever_it_is_given() -> None:
    for case in (
        "test_folders.py::test_any[a/b::c]",
        "test_serve.py::test_the_house_goes_on_trading",
        "test_serve.py::test_a_damaged_folder_is_refused_and_the_file_named[x/y]",
        "test_documentation.py::test_the_examples_of_a_document_work[docs/command-line.md]",
    ):
        assert why_left_out(f"tests/acceptance/{case}")
    for case in (
        "test_serve.py::test_the_ready_line_says_where_it_is_and_which_keys_to_use",
        "test_documentation.py::test_the_examples_of_a_document_work[docs/feed.md]",
    ):
        assert why_left_out(f"tests/acceptance/{case}") is None
