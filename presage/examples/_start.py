"""What every example begins with: where the exchange is, and with which key."""

import argparse
from pathlib import Path

from presage.client import Exchange, read_key

USUAL_URL = "http://127.0.0.1:8000"


def options(what: str) -> argparse.ArgumentParser:
    """Return the options that all have."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("ticker")
    parser.add_argument("--url", default=USUAL_URL)
    parser.add_argument("--key-id", help="of `presage keys create`")
    parser.add_argument("--private-key", type=Path, help="the file of its private half")
    return parser


def opened(chosen: argparse.Namespace) -> Exchange:
    """Return the exchange that was chosen."""
    key = read_key(chosen.key_id, chosen.private_key) if chosen.key_id else None
    return Exchange(chosen.url, key)
