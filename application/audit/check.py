"""Checking an audit bundle with nothing but the bundle: what was changed, taken out or moved is named."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from application.audit.chain import EVENTS, FORMAT, MANIFEST, STATES, Json, canonical, genesis, linked, sealed
from application.ports.codec import EventCodec, UnreadableEvent
from application.ports.event_store import Position, RecordedEvent
from application.streams import market_stream
from domain.identifiers import Ticker
from domain.market.aggregate import MARKET
from domain.market.invariants import market_violations
from domain.market.state import MarketState

_SAID = {
    "ticker": str,
    "stream": str,
    "files": list,
    "events": int,
    "first_revision": int,
    "last_revision": int,
    "chain_head": str,
    "states": int,
    "states_sha256": str,
    "final_state": str,
    "exported_at_us": int,
    "presage": str,
}
"""What a manifest says. When and by which version it was exported is all that nothing else shows."""


class Broken(Exception):
    """Something is wrong with a bundle; the message names where."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was checked, and what is wrong with it: nothing if it is as it was exported.

    ``chain_head`` is the last hash of the chain. Compare it with one that was published elsewhere: whoever
    makes a whole bundle anew, keeping to the rules, cannot be told by the bundle alone.
    """

    ticker: str = ""
    events: int = 0
    chain_head: str = ""
    findings: list[str] = field(default_factory=list)


def check(events: Iterable[bytes], states: bytes, manifest: bytes, codec: EventCodec) -> Verdict:
    """Check a bundle: the lines of its events, its hashes of states, its manifest."""
    verdict = Verdict()
    try:
        said = _manifest(manifest)
        verdict.ticker, verdict.chain_head = said["ticker"], genesis(said["stream"])
        market = _Market(_states(states, said), codec)
        for event, reached in _chained(iter(events), said):
            verdict.events, verdict.chain_head = event["revision"] + 1, reached
            market.apply(event)
        market.finish(said)
    except Broken as broken:
        verdict.findings.append(str(broken))
    return verdict


# -------------------------------------------------------------------------------- manifest and states


def _manifest(content: bytes) -> Json:
    said = _line(content, MANIFEST)
    if said.get("format") != FORMAT:
        raise Broken(f"{MANIFEST}: not a bundle of the format {FORMAT}")
    if sealed(said) != said:
        raise Broken(f"{MANIFEST}: was changed: it does not match its own hash")
    for name, kind in _SAID.items():
        if type(said.get(name)) is not kind:
            raise Broken(f"{MANIFEST}: was changed: it does not say {name}")
    claims = {
        "stream": market_stream(Ticker(said["ticker"])),
        "files": [EVENTS, STATES, MANIFEST],
        "first_revision": 0,
        "last_revision": said["events"] - 1,
    }
    for name, value in claims.items():
        if said[name] != value:
            raise Broken(f"{MANIFEST}: was changed: {name} is {said[name]}, not {value}")
    return said


def _states(content: bytes, said: Json) -> dict[int, str]:
    """Return the hashes of states by revision."""
    digests: dict[int, str] = {}
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        state = _line(line, f"{STATES} line {number}")
        digests[state.get("revision", -1)] = str(state.get("digest"))
    if sha256(content).hexdigest() != said["states_sha256"]:
        raise Broken(f"{STATES}: was changed: it does not match the hash in {MANIFEST}")
    if len(digests) != said["states"] or said["last_revision"] not in digests:
        raise Broken(
            f"{STATES}: has not the {said['states']} hashes that {MANIFEST} says, the last one included"
        )
    return digests


def _line(line: bytes, where: str) -> Json:
    """Return the document on a line that is written in the one way it can be."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise Broken(f"{where}: was changed: it is not JSON any more") from None
    if not isinstance(document, dict) or canonical(document) + b"\n" != line:
        raise Broken(f"{where}: was changed: it is not written as it was exported")
    return document


# ---------------------------------------------------------------------------------------- the events


def _chained(lines: Iterator[bytes], said: Json) -> Iterator[tuple[Json, str]]:
    """Yield every event and its hash, as long as each follows from the one before."""
    reached, count = genesis(said["stream"]), 0
    for line in lines:
        where = f"{EVENTS} line {count + 1}"
        document = _line(line, where)
        event = document.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("revision"), int):
            raise Broken(f"{where}: was changed: it holds no event")
        revision = event["revision"]
        if revision != count:
            raise Broken(f"{where}: event {count} {_fate(count, count + 1, lines)}; event {revision} is here")
        reached = linked(reached, event)
        if document.get("chain") != reached:
            raise Broken(f"{where}: event {revision} was changed: it does not match its hash")
        if event.get("stream") != said["stream"]:
            raise Broken(f"{where}: event {revision} is of another stream, {event.get('stream')}")
        yield event, reached
        count += 1
    if count != said["events"]:
        raise Broken(
            f"{EVENTS}: ends after event {count - 1}; event {said['events'] - 1} should be the last: "
            "the end was cut off"
        )
    if reached != said["chain_head"]:
        raise Broken(f"{EVENTS}: the chain ends in another hash than {MANIFEST} says")


def _fate(revision: int, read: int, rest: Iterator[bytes]) -> str:
    """Return what became of an event that is not where it belongs."""
    for number, line in enumerate(rest, read + 1):
        try:
            event = _line(line, "").get("event")
        except Broken:
            continue
        if isinstance(event, dict) and event.get("revision") == revision:
            return f"was moved to line {number}"
    return "was taken out"


class _Market:
    """The market that the events make, compared with the hashes of states on the way."""

    def __init__(self, digests: dict[int, str], codec: EventCodec) -> None:
        self._digests = digests
        self._codec = codec
        self._state = MarketState()

    def apply(self, event: Json) -> None:
        """Apply the next event."""
        revision = event["revision"]
        try:
            decoded: Any = self._codec.decode(_recorded(event)).event
            MARKET.evolve(self._state, decoded)
        except (UnreadableEvent, KeyError, ValueError, TypeError, AssertionError) as error:
            raise Broken(
                f"{EVENTS} line {revision + 1}: event {revision} cannot follow those before it "
                f"({type(error).__name__}: {error})"
            ) from error
        expected = self._digests.pop(revision, None)
        if expected is not None and self._state.digest() != expected:
            raise Broken(f"{STATES}: the state after event {revision} has another hash")

    def finish(self, said: Json) -> None:
        """Check what the whole comes to."""
        if self._state.ticker != said["ticker"]:
            raise Broken(
                f"{MANIFEST}: the events are of the market {self._state.ticker}, not of {said['ticker']}"
            )
        if self._digests:
            raise Broken(f"{STATES}: has hashes after events that are not there: {sorted(self._digests)[:3]}")
        if self._state.digest() != said["final_state"]:
            raise Broken(f"{MANIFEST}: the final state has another hash")
        for violation in market_violations(self._state):
            raise Broken(f"{EVENTS}: the events lead to a state that cannot be: {violation}")


def _recorded(event: Json) -> RecordedEvent:
    return RecordedEvent(
        id=UUID(event["id"]),
        type=event["type"],
        data=canonical(event["data"]),
        metadata=canonical(event["metadata"]),
        stream=event["stream"],
        revision=event["revision"],
        position=Position(event["position"]),
        recorded_at_us=event["recorded_at_us"],
    )
