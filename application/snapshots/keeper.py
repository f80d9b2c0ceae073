"""Keeping snapshots of one stream: sealed with the hash of the state, and no more of them than needed."""

from collections.abc import Generator

from application.ports.snapshots import Document, Snapshot, Snapshots
from application.snapshots.form import Form, State, digesting
from application.snapshots.policy import superseded
from application.snapshots.standing import Tip
from application.snapshots.steps import gently


class SnapshotKeeper:
    """Keeps the snapshots of one stream."""

    def __init__(self, stream: str, form: Form[State], snapshots: Snapshots) -> None:
        self._stream = stream
        self._schema = form.schema
        self._history = form.history
        self._facts = form.facts
        self._snapshots = snapshots

    def digesting(self, document: Document) -> Generator[None, None, str]:
        """Return the hash of the state that was put down, working in steps."""
        return digesting(self._facts(document))

    async def keep(self, document: Document, tip: Tip, digest: str | None = None) -> None:
        """Keep the state after the event at ``tip``."""
        await self._snapshots.save(
            Snapshot(
                stream=self._stream,
                revision=tip.revision,
                position=tip.position,
                event_id=tip.event_id,
                at_us=tip.at_us,
                schema=self._schema,
                digest=await gently(self.digesting(document)) if digest is None else digest,
                document=document,
            )
        )
        known = await self._snapshots.revisions(self._stream, schema=self._schema)
        for revision in superseded(known, history=self._history):
            await self._snapshots.drop(self._stream, revision)
