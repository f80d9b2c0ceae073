"""What the page works out before an order is sent is what the exchange charges."""

import json
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from domain.fees import fee_rate, fee_schedule
from domain.quantities import Money, Quantity, Ticks

pytestmark = pytest.mark.more

PAGE = Path(__file__).parents[2] / "adapters/web/page"

ASK = """
const {{ cost, fee }} = await import({module!r});
let text = "";
for await (const piece of process.stdin) text += piece;
const answers = JSON.parse(text).map(([rate, grain, fills]) => [
  fee(rate, grain, fills),
  fills.reduce((sum, [price, size]) => sum + cost(price, size), 0),
]);
console.log(JSON.stringify(answers));
"""


def answered(questions: list[object], folder: Path) -> list[list[int]]:
    node, esbuild = shutil.which("node"), PAGE / "node_modules/.bin/esbuild"
    if node is None or not esbuild.exists():
        pytest.skip("no node on PATH, or the page was not built: `make page`")
    module = folder / "money.mjs"
    subprocess.run([esbuild, PAGE / "src/money.ts", f"--outfile={module}"], check=True, capture_output=True)
    done = subprocess.run(
        [node, "--input-type=module", "--eval", ASK.format(module=module.as_uri())],
        input=json.dumps(questions), capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers: list[list[int]] = json.loads(done.stdout)
    return answers


def test_fees_and_costs_are_those_of_the_exchange(tmp_path: Path) -> None:
    chance, questions, expected = Random(5), [], []
    for _ in range(2_000):
        rate = fee_rate(quadratic_bps=chance.choice([0, 700, 10_000]), flat_ticks=chance.choice([0, 1, 333]))
        schedule = fee_schedule(taker=rate, grain=Money(chance.choice([1, 100, 10_000])))
        fills = [
            (chance.randint(1, 9_999), chance.choice([1, 99, 10**9, chance.randint(1, 10**6)]))
            for _ in range(chance.randint(0, 4))
        ]
        exact = sum(rate.exact(Ticks(price), Quantity(size)) for price, size in fills)
        expected.append([schedule.rounded(exact), sum(price * size for price, size in fills)])
        told = {"quadratic_bps": rate.quadratic_bps, "flat_ticks": rate.flat_ticks}
        questions.append([told, schedule.grain, fills])
    assert answered(questions, tmp_path) == expected
