"""Small made-up recordings for the tests of their readers."""

import gzip
import json
from pathlib import Path
from typing import Any

from adapters.recordings.formats import open_recording
from application.replay.flow import Instruction

POLYMARKET_HEADER = "seq,ts_ms,op,side,price,size"
KALSHI_HEADER = "trade_id,ticker,created_time,count,yes_price,no_price,taker_side"
GJP_HEADER = (
    "batch_order_id,created_at,user_id,team_id,ifp_group,market,outcome,side,price_cents,quantity,"
    "quantity_filled"
)


def write(path: Path, *lines: str, packed: bool = False) -> Path:
    """Write lines, gzipped or plain, and return the path."""
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def replayed(path: Path) -> list[Instruction]:
    """Return all instructions of a recording."""
    return list(open_recording(path).instructions())


def betfair_line(pt: int, *, runners: Any = None, definition: Any = None, img: bool = False) -> str:
    """Return one message about market 1.5."""
    change: dict[str, Any] = {"id": "1.5", "img": img}
    if runners is not None:
        change["rc"] = runners
    if definition is not None:
        change["marketDefinition"] = definition
    return json.dumps({"op": "mcm", "pt": pt, "clk": "a", "mc": [change]})


def definition(status: str, runners: dict[int, str], *, winners: int = 1) -> dict[str, Any]:
    """Return a market definition with each runner's status."""
    return {
        "status": status,
        "numberOfWinners": winners,
        "eventName": "Derby",
        "name": "Win",
        "runners": [{"id": number, "status": state} for number, state in runners.items()],
    }
