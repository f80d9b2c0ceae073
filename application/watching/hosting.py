"""The owners of streams as those who watch them see them: what waits, and how long deciding takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from application.hosting.directory import Directory
from application.hosting.owner import StreamOwner
from application.ports.measures import Labels, Measure, gauge, histogram
from application.watching.busiest import Busiest


class Hosting:
    """Measures the owners of this process."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._busiest = Busiest()

    def measures(self) -> Iterator[Measure]:
        """Yield streams, queues and matching."""
        kinds = self._kinds()
        yield gauge(
            "presage_streams_owned",
            "Streams whose commands this process decides.",
            {(kind,): len(owners) for kind, owners in kinds.items()},
            "kind",
        )
        waiting: dict[Labels, list[int]] = {
            (kind,): [owner.waiting for owner in owners] for kind, owners in kinds.items()
        }
        yield gauge(
            "presage_commands_waiting",
            "Commands in the mailboxes of all streams of a kind.",
            {kind: sum(mailboxes) for kind, mailboxes in waiting.items()},
            "kind",
        )
        yield gauge(
            "presage_commands_waiting_longest",
            "Commands in the fullest mailbox of a kind.",
            {kind: max(mailboxes, default=0) for kind, mailboxes in waiting.items()},
            "kind",
        )
        yield from self._matching()

    def _matching(self) -> Iterator[Measure]:
        markets = {str(ticker): owner.work for ticker, owner in self._directory.markets.items()}
        shown = self._busiest.look(markets)
        yield histogram(
            "presage_matching_seconds",
            "How long a batch of commands took to decide, by market: the busiest by name.",
            {(market,): work.seconds for market, work in shown.items()},
            "market",
        )
        yield histogram(
            "presage_matching_batch_commands",
            "How many commands were decided together, by market: the busiest by name.",
            {(market,): work.commands for market, work in shown.items()},
            "market",
        )

    def _kinds(self) -> Mapping[str, list[StreamOwner[Any, Any, Any]]]:
        directory = self._directory
        return {
            "market": list(directory.markets.values()),
            "ledger": list(directory.ledgers),
            "group": list(directory.groups.values()),
            "identity": list(directory.identities),
            "webhooks": list(directory.webhooks),
            "quotes": list(directory.quotes),
        }
