"""Describes a group the way its clients expect."""

from typing import Any

from adapters.eventstore_node import messages
from adapters.eventstore_node.persistent.dispatch import Consumer
from adapters.eventstore_node.persistent.group import Group
from adapters.eventstore_node.persistent.settings import ALL
from adapters.eventstore_node.positions import shown


async def describe(group: Group) -> Any:
    """Return a subscription info message."""
    dispatcher, settings = group.dispatcher, group.settings
    low_water = dispatcher.low_water()
    measured, dispatcher.measured = dispatcher.measured, dispatcher.handled
    info = messages.SubscriptionInfo(
        event_source=group.key.source,
        group_name=group.key.name,
        status="Live" if group.live else "Behind",
        average_per_second=round(dispatcher.handled / group.running_s),
        total_items=dispatcher.handled,
        count_since_last_measurement=dispatcher.handled - measured,
        last_checkpointed_event_position=_place(group, group.checkpoint),
        last_known_event_position=_place(group, low_water if group.last_known is None else group.last_known),
        resolve_link_tos=settings.resolve_links,
        start_from=_start(group),
        message_timeout_milliseconds=settings.message_timeout_ms,
        extra_statistics=settings.extra_statistics,
        max_retry_count=settings.max_retry_count,
        live_buffer_size=settings.live_buffer_size,
        buffer_size=settings.history_buffer_size,
        read_batch_size=settings.read_batch_size,
        check_point_after_milliseconds=settings.checkpoint_after_ms,
        min_check_point_count=settings.min_checkpoint_count,
        max_check_point_count=settings.max_checkpoint_count,
        read_buffer_count=len(dispatcher.pending),
        live_buffer_count=len(dispatcher.pending),
        retry_buffer_count=len(dispatcher.retrying),
        total_in_flight_messages=dispatcher.outstanding,
        outstanding_messages_count=dispatcher.outstanding,
        named_consumer_strategy=settings.strategy,
        max_subscriber_count=settings.max_subscriber_count,
        parked_message_count=await group.parked_count(),
    )
    for consumer in dispatcher.consumers:
        _describe_consumer(info.connections.add(), consumer, group)
    return info


def _describe_consumer(connection: Any, consumer: Consumer, group: Group) -> None:
    setattr(connection, "from", consumer.peer)
    connection.connection_name = consumer.name
    connection.username = consumer.user
    connection.total_items = consumer.handled
    connection.average_items_per_second = round(consumer.handled / group.running_s)
    connection.count_since_last_measurement = consumer.handled - consumer.measured
    consumer.measured = consumer.handled
    connection.in_flight_messages = len(consumer.in_flight)
    connection.available_slots = consumer.slots - len(consumer.in_flight)


def _start(group: Group) -> str:
    start = group.settings.start_from
    return _position(start) if group.key.source == ALL else str(start)


def _place(group: Group, cursor: int | None) -> str:
    if cursor is None:
        return ""
    return _position(cursor) if group.key.source == ALL else str(cursor)


def _position(position: int) -> str:
    position = position if position < 0 else shown(position)
    return f"C:{position}/P:{position}"
