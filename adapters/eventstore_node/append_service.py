"""The calls that write: Append, BatchAppend, Delete, Tombstone."""

import asyncio
import time
from typing import Any

from adapters.event_stores.append_rules import MAX_APPEND_BYTES, append_size_bytes
from adapters.eventstore_node import messages
from adapters.eventstore_node.appender import (
    COMMIT_TIMEOUT_S,
    Appender,
    AppendTimedOut,
    NotWritten,
    StreamIsDeleted,
    Written,
    WrongStreamVersion,
)
from adapters.eventstore_node.batches import Batch, Batches
from adapters.eventstore_node.calls import Call, CallRefused, Status
from adapters.eventstore_node.positions import shown
from adapters.eventstore_node.refusals import told_to_the_client
from adapters.eventstore_node.requests import expected_revision, new_events, only_message, stream_name
from adapters.eventstore_node.versioning import ANY, EXISTS
from application.ports.event_store import AppendTooLarge, EventStoreError, NewEvent

IN_HAND_BYTES = 64 * 1024 * 1024
"""What all calls together may have sent in whole batches that are not answered yet, about."""

_TYPE_URL = "type.googleapis.com/"


class AppendService:
    """Serves the writing calls of ``event_store.client.streams.Streams``."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender
        self._in_hand_bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    async def append(self, call: Call) -> None:
        """Take options and then events, one a message, until the client has sent all; answer once."""
        request = await only_message(call, messages.AppendReq)
        options = request.options
        events: list[NewEvent] = []
        size_bytes = 0
        while (raw := await call.receive()) is not None:
            events += new_events([messages.AppendReq.FromString(raw).proposed_message])
            size_bytes += append_size_bytes(events[-1:])
            if size_bytes > MAX_APPEND_BYTES:
                break  # so that it is refused, and nothing more is kept of it
        name = stream_name(options.stream_identifier)
        expected = expected_revision(options, "expected_stream_revision", "revision")
        with told_to_the_client():
            try:
                written = await self._appender.append(name, events, expected)
            except WrongStreamVersion as error:
                await call.send(_wrong_version_response(error).SerializeToString())
                return
        await call.send(_success_response(written).SerializeToString())

    async def batch_append(self, call: Call) -> None:
        """Take batches, which may come in pieces; answer each when it is durable, in any order.

        While much waits for the disk, or for clients to take their answers, no more is taken.
        """
        batches = Batches()
        try:
            async with asyncio.TaskGroup() as answers:
                while (raw := await call.receive()) is not None:
                    whole = batches.take(messages.BatchAppendReq.FromString(raw), len(raw))
                    if whole is not None:
                        self._take_in_hand(whole.held_bytes)
                        answers.create_task(self._answer_batch(call, whole))
                        await self._room.wait()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def delete(self, call: Call) -> None:
        """Delete a stream softly."""
        request = await only_message(call, messages.DeleteReq)
        await self._remove(call, request.options, self._appender.delete)

    async def tombstone(self, call: Call) -> None:
        """Delete a stream for good."""
        request = await only_message(call, messages.DeleteReq)
        await self._remove(call, request.options, self._appender.tombstone)

    async def _remove(self, call: Call, options: Any, remove: Any) -> None:
        name = stream_name(options.stream_identifier)
        expected = expected_revision(options, "expected_stream_revision", "revision")
        with told_to_the_client():
            written = await remove(name, expected)
        response = messages.DeleteResp()
        response.position.commit_position = response.position.prepare_position = shown(written.position)
        await call.send(response.SerializeToString())

    def _take_in_hand(self, size_bytes: int) -> None:
        """Count what is in hand, or with a size below zero is no more."""
        self._in_hand_bytes += size_bytes
        if self._in_hand_bytes < IN_HAND_BYTES:
            self._room.set()
        else:
            self._room.clear()

    async def _answer_batch(self, call: Call, batch: Batch) -> None:
        try:
            await self._answered(call, batch)
        finally:
            self._take_in_hand(-batch.held_bytes)

    async def _answered(self, call: Call, batch: Batch) -> None:
        options = batch.options
        response = messages.BatchAppendResp(
            correlation_id=batch.correlation_id, stream_identifier=options.stream_identifier
        )
        try:
            written = await self._append_batch(batch)
        except (NotWritten, AppendTooLarge) as error:
            _tell_error(response.error, error)
        else:
            _tell_success(response.success, written)
        await call.send(response.SerializeToString())

    async def _append_batch(self, batch: Batch) -> Written:
        options = batch.options
        name = stream_name(options.stream_identifier)
        expected = expected_revision(options, "expected_stream_position", "stream_position")
        if batch.too_large:
            raise AppendTooLarge(f"at most {MAX_APPEND_BYTES} bytes in one append")
        try:
            return await self._appender.append(name, batch.events, expected, _timeout_s(options))
        except AppendTooLarge:
            raise
        except EventStoreError as error:
            raise CallRefused(Status.UNAVAILABLE, str(error)) from None


def _timeout_s(options: Any) -> float:
    """Return how long the client waits: so many seconds, or until a moment, as older clients say it."""
    kind = options.WhichOneof("deadline_option")
    if kind is None:
        return COMMIT_TIMEOUT_S
    deadline = getattr(options, kind)
    seconds = float(deadline.seconds + deadline.nanos / 1e9)
    return seconds if kind == "deadline" else seconds - time.time()


def _success_response(written: Written) -> Any:
    response = messages.AppendResp()
    _tell_success(response.success, written)
    return response


def _tell_success(success: Any, written: Written) -> None:
    if written.revision < 0:
        success.no_stream.SetInParent()
    else:
        success.current_revision = written.revision
    if written.position is None:
        success.no_position.SetInParent()
    else:
        success.position.commit_position = success.position.prepare_position = shown(written.position)


def _wrong_version_response(error: WrongStreamVersion) -> Any:
    response = messages.AppendResp()
    refusal = response.wrong_expected_version
    if error.current < 0:
        refusal.current_no_stream.SetInParent()
    else:
        refusal.current_revision = error.current
    _tell_expected(refusal, error.expected, "expected_revision")
    return response


def _tell_error(status: Any, error: Exception) -> None:
    status.message = "Timeout" if isinstance(error, AppendTimedOut) else str(error)
    if isinstance(error, WrongStreamVersion):
        status.code, details = Status.FAILED_PRECONDITION.value[0], messages.WrongExpectedVersion()
        if error.current < 0:
            details.current_no_stream.SetInParent()
        else:
            details.current_stream_revision = error.current
        _tell_expected(details, error.expected, "expected_stream_position")
    elif isinstance(error, StreamIsDeleted):
        status.code, details = Status.FAILED_PRECONDITION.value[0], messages.StreamDeleted()
        details.stream_identifier.stream_name = error.stream.encode()
    elif isinstance(error, AppendTooLarge):
        status.code = Status.INVALID_ARGUMENT.value[0]
        details = messages.MaximumAppendSizeExceeded(maxAppendSize=MAX_APPEND_BYTES)
    else:
        status.code, details = Status.DEADLINE_EXCEEDED.value[0], messages.Timeout()
    status.details.type_url = _TYPE_URL + details.DESCRIPTOR.full_name
    status.details.value = details.SerializeToString()


def _tell_expected(refusal: Any, expected: int, revision_field: str) -> None:
    if expected >= 0:
        setattr(refusal, revision_field, expected)
    elif expected == ANY:
        refusal.expected_any.SetInParent()
    elif expected == EXISTS:
        refusal.expected_stream_exists.SetInParent()
    else:
        refusal.expected_no_stream.SetInParent()
