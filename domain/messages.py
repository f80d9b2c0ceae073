"""What commands and events are made of."""

from msgspec import Struct


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A command, an event or a part of one: named fields that never change.

    It holds values and other messages only, so it is never part of a circle and the collector need not look
    at it. Its annotations are its schema: where a message comes from outside they are checked as it is read.
    """
