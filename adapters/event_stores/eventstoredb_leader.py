"""Which member of a cluster calls go to, and whether it can be reached."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from adapters.event_stores.eventstoredb_client import (
    Client,
    ClientError,
    NodeIsNotLeader,
    leader_named_in,
)
from adapters.event_stores.eventstoredb_errors import elsewhere, read_errors, said
from adapters.event_stores.eventstoredb_tls import explained
from adapters.event_stores.eventstoredb_versions import refuse_faulty
from application.ports.event_store import StoreUnavailable

PROBE_TIMEOUT_S = 1.0
"""How long a member may take to answer something harmless."""

PATIENCE_S = 2.0
"""How long a call waits for a member to be found before it is refused: an election after a clean stop of the
leader takes one second, after a kill two."""

PAUSE_S = 0.1

_log = logging.getLogger(__name__)


class Leader:
    """Finds the member that calls go to, and finds it again when there are signs that it is another.

    Only an append that was never sent is known not to be recorded. So after such a sign a member has to prove
    itself with something harmless before it is sent another; reads wait for that too: one that is sent to a
    frozen server would hang until the connection is given up. One call looks, the others wait for it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._members: tuple[str, ...] = ()
        self._proved = False
        self._proofs = 0
        self.losses = 0
        self._missed = False
        self._search: asyncio.Task[None] | None = None

    async def reached(self, patience_s: float | None = None) -> int:
        """Wait until the member that calls go to has proved itself, and return the number of the proof.

        Raises :class:`StoreUnavailable`.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + (PATIENCE_S if patience_s is None else patience_s)
        while not self._proved:
            if self._search is None:
                self._search = asyncio.create_task(self._find())
                self._search.add_done_callback(self._found)
            try:
                await asyncio.shield(self._search)
            except StoreUnavailable:
                if loop.time() + PAUSE_S >= until:
                    raise
                await asyncio.sleep(PAUSE_S)
        return self._proofs

    def lost(self, why: BaseException, proof: int) -> None:
        """Take note of a sign that the leader is elsewhere, or gone, unless there was a proof since."""
        if proof != self._proofs:
            return
        self.losses += self._proved
        self._proved = False
        if not self._missed:
            self._missed = True
            _log.warning("EventStoreDB at %s does not answer as it should (%s)", self._target, said(why))

    async def close(self) -> None:
        """Give up looking."""
        if self._search is not None:
            self._search.cancel()
            await asyncio.wait([self._search])

    @property
    def _target(self) -> str:
        return str(self._client.connection.grpc_target)

    def _found(self, search: asyncio.Task[None]) -> None:
        self._search = None
        self._proved = not search.cancelled() and search.exception() is None
        self._proofs += self._proved
        if self._proved and self._missed:
            self._missed = False
            _log.warning("EventStoreDB answers again, at %s", self._target)

    async def _find(self) -> None:
        with read_errors():
            try:
                connection = await self._first_to_answer(await self._candidates())
            except ClientError as error:
                if elsewhere(error) and not self._proofs:
                    await explained(self._client, error)
                raise
            try:
                await self._get_to_know(connection)
            except BaseException:
                if connection is not self._client.connection:
                    self._client.retire(connection)
                raise
        self._client.move(connection)

    async def _candidates(self) -> tuple[str, ...]:
        """Return which addresses to ask: all that are known, or the one that the members say is preferred."""
        known = tuple(dict.fromkeys((self._target, *self._client.named_targets, *self._members)))
        if self._client.wants_leader:
            return known
        preferred = await self._client.preferred(known, timeout_s=PROBE_TIMEOUT_S)
        return (preferred,) if preferred else known

    async def _first_to_answer(self, targets: tuple[str, ...]) -> Any:
        """Ask all at once and return a connection to the first that answers, or that the others say leads."""
        asked = {self._asked(target) for target in targets}
        known, failure = set(targets), None
        try:
            while asked:
                done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    error = each.exception()
                    if error is None:
                        asked |= done - {each}
                        return each.result()
                    leader = leader_named_in(error) if isinstance(error, NodeIsNotLeader) else None
                    if leader is not None and leader not in known:
                        known.add(leader)
                        asked.add(self._asked(leader))
                    if failure is None or not elsewhere(error) or isinstance(error, NodeIsNotLeader):
                        failure = error
            assert failure is not None
            raise failure
        finally:
            for each in asked:
                each.cancel()
                each.add_done_callback(self._not_needed)

    def _asked(self, target: str) -> asyncio.Task[Any]:
        return asyncio.create_task(self._ask(target), name=f"probe of {target}")

    def _not_needed(self, answer: asyncio.Task[Any]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            return
        if answer.result() is not self._client.connection:
            self._client.retire(answer.result())

    async def _ask(self, target: str) -> Any:
        current = self._client.connection
        connection = current if target == self._target else self._client.opened(target)
        try:
            await self._client.through(connection).head(timeout_s=PROBE_TIMEOUT_S)
        except BaseException:
            if connection is not current:
                self._client.retire(connection)
            raise
        return connection

    async def _get_to_know(self, connection: Any) -> None:
        """Ask a member for its version and for the others."""
        refuse_faulty(await self._client.version(connection, timeout_s=PROBE_TIMEOUT_S))
        with suppress(ClientError):
            self._members = await self._client.members(connection, timeout_s=PROBE_TIMEOUT_S)
