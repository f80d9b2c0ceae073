"""What is settled once and for ever when an exchange is set up."""

from domain.fields import Partitions
from domain.messages import Message


class ExchangeFounded(Message, frozen=True, kw_only=True):
    """The first event of every log. ``partitions`` says into how many ledgers the accounts are spread."""

    partitions: Partitions
