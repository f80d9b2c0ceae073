"""Traders who go on whatever happens to the exchange, in a thread of their own, and what they were told."""

import asyncio
import random
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.chaos.reaching import client
from adapters.data_folder import DataFolder
from adapters.http.callers.signing import generate_key_pair
from adapters.load.measured import Measurements
from adapters.load.profiles import STEADY, Profile, arrivals
from adapters.load.running import missing, prepare
from adapters.load.sender import Sender, Traders
from presage.signing import Signer

PROFILE = Profile(
    about="a few traders, all the time",
    orders_per_s=25,
    reads_per_s=0,
    markets=4,
    hot_markets=1,
    hot_share=0.5,
    traders=4,
    shape=STEADY,
)
_LONGEST_S = 3_600.0
_CONNECTIONS = 16
_SEED = 29


class Trading:
    """Orders that are sent when they are due, as by ``presage load``, and looked at while they are sent."""

    def __init__(self, url: str, folder: Path, keys_folder: Path) -> None:
        self._url = url
        self._folder = DataFolder(folder)
        self._private_key = keys_folder / "traders.pem"
        self._keys: dict[str, str] = {}
        self._sender: Sender | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()), name="trading")

    def start(self) -> None:
        """Make markets and traders, and begin."""
        private_pem, public_pem = generate_key_pair()
        self._private_key.write_text(private_pem, encoding="ascii")
        with client(self._url, self._folder) as exchange:
            keys, markets = asyncio.run(prepare(exchange, PROFILE, public_pem))
        self._keys = dict(keys)
        traders = Traders(
            keys=[(account, Signer(key_id, private_pem.encode())) for account, key_id in keys],
            markets=markets,
            hot_markets=PROFILE.hot_markets,
            hot_share=PROFILE.hot_share,
            chance=random.Random(_SEED),  # noqa: S311 (a seeded stream, not a secret)
        )
        self._sender = Sender(self._url, traders, _CONNECTIONS)
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def found(self) -> Measurements:
        """What was measured up to now."""
        assert self._sender is not None
        return self._sender.found

    @property
    def acknowledged(self) -> Mapping[str, Sequence[str]]:
        """The orders that were acknowledged up to now, by account."""
        return {account: tuple(orders) for account, orders in list(self.found.acknowledged.items())}

    @property
    def acknowledged_count(self) -> int:
        """How many orders were acknowledged up to now."""
        return sum(map(len, self.acknowledged.values()))

    def latencies_us_since(self, second: int) -> Sequence[int]:
        """Return how long whatever was due since then took, the second after it on."""
        seconds = list(self.found.seconds.items())
        return [taken for at, each in seconds if at > second for taken in tuple(each.latencies_us)]

    @property
    def second(self) -> int:
        """The latest second in which something was due that has been answered, or given up."""
        return max(list(self.found.seconds), default=0)

    def not_there_once(self) -> int:
        """Return how many acknowledged orders the exchange does not know, or has twice."""
        with client(self._url, self._folder) as exchange:
            lost, doubled = asyncio.run(missing(exchange, self.acknowledged, self._keys, self._private_key))
        return len(lost) + len(doubled)

    async def _send(self) -> None:
        assert self._sender is not None
        due = list(arrivals(PROFILE, scale=1, duration_s=_LONGEST_S, seed=_SEED))
        sending = asyncio.ensure_future(self._sender.send(due))
        while not self._stop.is_set() and not sending.done():  # noqa: ASYNC110 (it is set by another thread)
            await asyncio.sleep(0.05)
        sending.cancel()
        await asyncio.wait([sending])
