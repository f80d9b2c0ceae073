"""docs/api.md is true: its examples run as they stand, and its table of errors is the program's own."""

import asyncio
import re
from pathlib import Path

import pytest

from adapters.http.answers.problems import Code, status_of
from adapters.http.app import OPERATIONS
from adapters.http.serving.serving import serving
from domain.rejections import Reason
from tests.integration.http.world import Person, World

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


async def test_the_examples_run_in_order(world: World, market: str, ann: Person) -> None:
    pytest.importorskip("kalshi_python_sync")
    examples = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(examples) >= 4
    async with serving(world.presage.app, "127.0.0.1", 0) as served:
        names = {
            "URL": served.url,
            "KEY_ID": ann.key_id,
            "PRIVATE_KEY": ann.private_pem,
            "TICKER": market,
        }

        def run() -> None:
            for example in examples:
                exec(compile(example, "docs/api.md", "exec"), names)
            names["client"].close()  # type: ignore[attr-defined]

        await asyncio.to_thread(run)


def test_the_table_of_errors_lists_every_code_with_its_status() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", DOCUMENT.partition("## Errors")[2], re.MULTILINE))
    codes = {code.code: code.status for code in Code} | {reason.value: status_of(reason) for reason in Reason}
    assert {code: int(status) for code, status in table.items()} == codes


def test_every_operators_route_is_in_the_document() -> None:
    for operation in OPERATIONS:
        if operation.path.startswith("/admin/"):
            assert f"`{operation.path}`" in DOCUMENT or operation.path.rsplit("/", 1)[1] in DOCUMENT
            assert operation.path.rsplit("/", 1)[0] in DOCUMENT
