"""The bench of the book runs, with whichever of its peers are installed, and they fill alike."""

import pytest

from benchmarks.book import PEERS, STREAMS, run, stream


@pytest.mark.more
def test_the_bench_says_what_it_measured_and_which_peers_were_absent() -> None:
    result = run(200)
    absent = result["conditions"]["absent"]
    assert result["bench"] == "book"
    assert result["n"] == 200
    assert set(result["peers"]) == set(PEERS) - set(absent)
    assert set(result["ratios"]) == {f"{peer}_{name}" for peer in result["peers"] for name in STREAMS}
    assert all(result["ours"][f"{name}_orders_per_s"] > 0 for name in STREAMS)


def test_a_stream_is_the_same_every_time() -> None:
    assert stream(200, cancels=0.3, crossing=0.3) == stream(200, cancels=0.3, crossing=0.3)
