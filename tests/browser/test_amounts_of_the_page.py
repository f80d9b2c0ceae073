"""What the page works out is what the exchange charges and pays."""

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.fees import fee_rate, fee_schedule
from domain.quantities import Money, Quantity, Ticks

pytestmark = pytest.mark.more

PAGE = Path(__file__).parents[2] / "adapters/web/page"

ASK = """
const page = await import({module!r});
let text = "";
for await (const piece of process.stdin) text += piece;
const answer = ({answer});
console.log(JSON.stringify(JSON.parse(text).map((question) => answer(...question))));
"""


def answered(source: str, answer: str, questions: list[Any], folder: Path) -> list[Any]:
    """Return what a function of the page's source, such as ``(a, b) => page.f(a, b)``, gives for each."""
    node, esbuild = shutil.which("node"), PAGE / "node_modules/.bin/esbuild"
    if node is None or not esbuild.exists():
        pytest.skip("no node on PATH, or the page was not built: `make page`")
    module = folder / "source.mjs"
    build = (esbuild, PAGE / "src" / source, "--bundle", "--format=esm", f"--outfile={module}")
    subprocess.run(build, check=True, capture_output=True)
    done = subprocess.run(
        [node, "--input-type=module", "--eval", ASK.format(module=module.as_uri(), answer=answer)],
        input=json.dumps(questions), capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers: list[Any] = json.loads(done.stdout)
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
    worked_out = """(rate, grain, fills) => [
        page.fee(rate, grain, fills),
        fills.reduce((sum, [price, size]) => sum + page.cost(price, size), 0),
    ]"""
    assert answered("money.ts", worked_out, questions, tmp_path) == expected


def fill(at: str, side: str, action: str, price: str, redeemed: str = "0.00") -> dict[str, str]:
    other = f"{1 - Decimal(price):.4f}"
    yes, no = (price, other) if side == "yes" else (other, price)
    return {
        "created_time": f"2026-01-01T00:00:{at}Z",
        "ticker": "RAIN",
        "side": side,
        "action": action,
        "yes_price_dollars": yes,
        "no_price_dollars": no,
        "count_fp": "10.00",
        "redeemed_count_fp": redeemed,
        "fee_cost": "0.010000",
    }


def test_profit_counts_what_was_redeemed_sold_and_paid_once(tmp_path: Path) -> None:
    fills = [  # as they come: newest first
        fill("04", "yes", "buy", "0.3000"),
        fill("03", "yes", "sell", "0.7000"),
        fill("02", "no", "buy", "0.5000", redeemed="10.00"),
        fill("01", "yes", "buy", "0.4000"),
        fill("01", "yes", "buy", "0.4000"),
    ]
    paid = {"ticker": "RAIN", "revenue_dollars": "10.00", "settled_time": "2026-01-01T00:00:05Z"}
    [gains] = answered("gains.ts", "(...all) => page.gainsOver(...all)", [[fills, [paid]]], tmp_path)
    # Ten each time: bought twice at 40, ten redeemed, ten sold at 70, ten bought at 30 and paid.
    assert [gain for _, gain in gains] == [-10_000, -20_000, 1_970_000, 3_960_000, 3_950_000, 10_950_000]
