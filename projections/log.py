"""The log as read models need it."""

from typing import Protocol

from application.ports.event_store import LogReader, LogSubscriber, StreamReader


class Log(StreamReader, LogReader, LogSubscriber, Protocol):
    """A log that can be read as it is and followed."""
