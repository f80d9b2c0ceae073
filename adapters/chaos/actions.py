"""What experiments do: break things, mend them, and expect something of the exchange meanwhile.

Each can be repeated, and mending what is whole changes nothing. What is expected and does not come fails the
activity, which the journal tells and ``presage chaos run`` takes for a failed experiment.
"""

import time
from collections.abc import Callable

from chaoslib.exceptions import ActivityFailed

from adapters.chaos.control import stage
from adapters.chaos.proxy import TcpProxy
from adapters.chaos.reaching import readiness
from adapters.chaos.stage import CHILDREN

_READY = 200
_LOOK_EVERY_S = 0.1
_SPAN_S = 1.5
"""For how long nothing has to be acknowledged for trading to stand still."""


def kill(what: str) -> str:
    """End a process as a power cut would.

    The ``exchange``, its ``event_store``, or what it has started: a ``projector``, ``engine`` or ``http``.
    """
    if what in CHILDREN:
        process = stage().child(what)
        process.kill()
        return f"killed process {process.pid}"
    program = stage().program(what)
    program.kill()
    return f"killed the {what}"


def start(what: str) -> str:
    """Start what was killed, where it was."""
    stage().program(what).start()
    return f"the {what} runs"


def freeze(what: str) -> str:
    """Let a process stand still."""
    stage().program(what).freeze()
    return f"the {what} stands still"


def thaw(what: str) -> str:
    """Let it go on."""
    stage().program(what).thaw()
    return f"the {what} goes on"


def slow(what: str, latency_ms: int) -> str:
    """Add so much to every round trip to ``postgres`` or ``redis``."""
    _proxy(what).latency_s = latency_ms / 1_000
    return f"{latency_ms} ms more to {what}"


def cut(what: str) -> str:
    """Reset all connections to ``postgres`` or ``redis``, and refuse new ones."""
    _proxy(what).cut()
    return f"{what} is away"


def mend(what: str) -> str:
    """Let connections through as before."""
    proxy = _proxy(what)
    proxy.latency_s = 0
    proxy.mend()
    return f"{what} is there"


def wipe_redis() -> str:
    """Take away all that is in Redis."""
    from redis import Redis  # noqa: PLC0415 (only where it is needed)

    address = stage().settings.redis_url
    if address is None:
        raise ActivityFailed("there is no redis in this experiment")
    with Redis.from_url(address) as client:
        keys = client.dbsize()
        client.flushall()
    return f"{keys} keys are gone"


def fill_disk() -> str:
    """Let nothing more be written to the exchange's disk."""
    here = stage()
    if here.disk is None:
        raise ActivityFailed("there is no disk in this experiment")
    here.disk.fill(here.exchange.pid)
    return f"no room: {type(here.disk).__name__}"


def free_disk() -> str:
    """Make room again."""
    here = stage()
    if here.disk is None:
        raise ActivityFailed("there is no disk in this experiment")
    here.disk.free(here.exchange.pid)
    return "there is room"


def move_clock(seconds: float) -> str:
    """Set the exchange's clock ahead of the machine's by so much, or behind it."""
    clock = stage().clock
    if clock is None:
        raise ActivityFailed("there is no clock in this experiment")
    clock.move(seconds)
    return f"the clock is {seconds:+g} s off"


def restore() -> str:
    """Undo everything that was broken."""
    stage().restore()
    return "all is restored"


# ------------------------------------------------------------------------------------ what is expected


def expect_trading(within_s: float = 30.0) -> str:
    """Expect orders to be acknowledged again, before long."""
    trading = stage().trading
    known, begin = trading.acknowledged_count, time.monotonic()
    _until(lambda: trading.acknowledged_count > known, within_s, "no order was acknowledged")
    return f"orders were acknowledged after {time.monotonic() - begin:.1f} s"


def expect_standstill(within_s: float = 15.0) -> str:
    """Expect no order to be acknowledged any more: what cannot be kept is not promised."""
    trading = stage().trading
    known = since = 0.0

    def still() -> bool:
        nonlocal known, since
        if trading.acknowledged_count != known:
            known, since = trading.acknowledged_count, time.monotonic()
        return time.monotonic() - since >= _SPAN_S

    _until(still, within_s, "orders are acknowledged all the time")
    return f"nothing was acknowledged for {_SPAN_S} s"


def expect_recovery(within_s: float = 30.0) -> str:
    """Expect the exchange to be ready, and orders to be acknowledged, within so many seconds, by itself."""
    here, begin = stage(), time.monotonic()
    _until(lambda: readiness(here.url, within_s=1.0)[0] == _READY, within_s, "it is not ready")
    ready_s = time.monotonic() - begin
    expect_trading(max(1.0, within_s - ready_s))
    return f"ready after {ready_s:.1f} s, orders after {time.monotonic() - begin:.1f} s"


def expect_told(code: str, within_s: float = 15.0) -> str:
    """Expect readiness to say what is wrong, by its code."""
    here, begin = stage(), time.monotonic()

    def told() -> bool:
        _, said = readiness(here.url, within_s=1.0)
        return any(each["code"] == code for each in said.get("conditions", ()))

    _until(told, within_s, f"readiness does not say {code}")
    return f"readiness said {code} after {time.monotonic() - begin:.1f} s"


def _until(so: Callable[[], bool], within_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + within_s
    while not so():
        if time.monotonic() > deadline:
            raise ActivityFailed(f"{otherwise} within {within_s:g} s")
        time.sleep(_LOOK_EVERY_S)


def _proxy(what: str) -> TcpProxy:
    proxy = stage().proxies.get(what)
    if proxy is None:
        raise ActivityFailed(f"there is no {what} in this experiment")
    return proxy
