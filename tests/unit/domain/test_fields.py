"""The limits of every field of every event, as they were published: logs and clients rely on them."""

from typing import Annotated, get_args, get_origin

import pytest
from msgspec import Meta

from domain import fields

LIMITS = {
    "Price": (1, 9999, None, None, None, "ticks of $0.0001"),
    "TickSize": (1, 10_000, None, None, None, "ticks of $0.0001"),
    "VoidPrice": (0, 10_000, None, None, None, "ticks of $0.0001"),
    "Bid": (0, 9999, None, None, None, "ticks of $0.0001"),
    "Contracts": (0, 9_223_372_036_854_775_807, None, None, None, "hundredths of a contract"),
    "Traded": (1, 9_223_372_036_854_775_807, None, None, None, "hundredths of a contract"),
    "OrderSize": (1, 100_000_000_000, None, None, None, "hundredths of a contract"),
    "SmallestOrder": (1, 9_223_372_036_854_775_807, None, None, None, "hundredths of a contract"),
    "OrderStep": (1, 9_223_372_036_854_775_807, None, None, None, "hundredths of a contract"),
    "GroupLimit": (1, 9_223_372_036_854_775_807, None, None, None, "hundredths of a contract"),
    "Allowance": (0, 9_223_372_036_854_775_807, None, None, None, "hundredths of a contract"),
    "Amount": (0, 9_223_372_036_854_775_807, None, None, None, "millionths of a dollar"),
    "Transferred": (1, 9_223_372_036_854_775_807, None, None, None, "millionths of a dollar"),
    "Refund": (
        -9_223_372_036_854_775_807,
        9_223_372_036_854_775_807,
        None,
        None,
        None,
        "millionths of a dollar",
    ),
    "CashDelta": (
        -9_223_372_036_854_775_807,
        9_223_372_036_854_775_807,
        None,
        None,
        None,
        "millionths of a dollar",
    ),
    "ReservedDelta": (
        -9_223_372_036_854_775_807,
        9_223_372_036_854_775_807,
        None,
        None,
        None,
        "millionths of a dollar",
    ),
    "LockedDelta": (
        -9_223_372_036_854_775_807,
        9_223_372_036_854_775_807,
        None,
        None,
        None,
        "millionths of a dollar",
    ),
    "Grain": (1, 9_223_372_036_854_775_807, None, None, None, "millionths of a dollar"),
    "QuadraticBps": (0, 10_000, None, None, None, "basis points"),
    "FlatTicks": (0, 10_000, None, None, None, "ticks of $0.0001"),
    "FeeAccrued": (0, None, None, None, None, "millionths of a dollar / 10^8"),
    "CloseTime": (0, 9_223_372_036_854_775_807, None, None, None, "microseconds since the Unix epoch, UTC"),
    "Moment": (0, 9_223_372_036_854_775_807, None, None, None, "microseconds since the Unix epoch, UTC"),
    "SetTime": (0, 9_223_372_036_854_775_807, None, None, None, "microseconds since the Unix epoch, UTC"),
    "ExpiryTime": (0, 9_223_372_036_854_775_807, None, None, None, "microseconds since the Unix epoch, UTC"),
    "MarketRevision": (0, 9_223_372_036_854_775_807, None, None, None, "revision of the market's stream"),
    "RulesVersion": (1, 9_223_372_036_854_775_807, None, None, None, "version of the rules text"),
    "Tries": (0, 9_223_372_036_854_775_807, None, None, None, "requests"),
    "GroupRound": (0, 9_223_372_036_854_775_807, None, None, None, "rounds"),
    "GroupVersion": (0, 9_223_372_036_854_775_807, None, None, None, "version of the order group"),
    "ClosedAt": (0, 9_223_372_036_854_775_807, None, None, None, "version of the order group"),
    "Partitions": (1, 100, None, None, None, "ledgers"),
    "OrderGroupId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "AmendmentId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "RequestId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "QuoteId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "CommunicationsId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "KeyId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "NoticeId": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "WebhookName": (None, None, None, None, r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?!\n)$", None),
    "WebhookUrl": (None, None, None, None, r"^https?://[!-~]{1,1000}(?!\n)$", None),
    "RequestDigest": (None, None, None, None, r"^[!-~]{1,128}(?!\n)$", None),
    "ClientOrderId": (None, None, None, None, r"^[A-Za-z0-9_:+=/-]{0,64}(?!\n)$", None),
    "Title": (None, None, None, 2000, None, None),
    "RulesText": (None, None, None, 100_000, None, None),
    "Category": (None, None, None, 200, None, None),
    "Series": (None, None, None, 200, None, None),
    "Explanation": (None, None, None, 2000, None, None),
    "Evidence": (None, None, None, 10_000, None, None),
    "Reference": (None, None, 1, 200, None, None),
    "KeyName": (None, None, None, 200, None, None),
    "PasswordHash": (None, None, None, None, r"^\$[!-~]{1,255}(?!\n)$", None),
    "PublicKeyPem": (None, None, 1, 20_000, None, None),
    "PostOnly": (None, None, None, None, None, None),
    "ReduceOnly": (None, None, None, None, None, None),
    "CancelOnPause": (None, None, None, None, None, None),
    "RestRemainder": (None, None, None, None, None, None),
    "FeesReturned": (None, None, None, None, None, None),
    "Strict": (None, None, None, None, None, None),
    "EngineName": (None, None, None, None, r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?!\n)$", None),
    "EngineLost": (None, None, None, None, None, None),
}
"""Least, most, shortest, longest, pattern, unit."""


def meta(name: str) -> Meta:
    [found] = [each for each in get_args(getattr(fields, name))[1:] if isinstance(each, Meta)]
    return found


@pytest.mark.parametrize("name", LIMITS)
def test_a_field_holds_what_was_published(name: str) -> None:
    of = meta(name)
    unit = (of.extra_json_schema or {}).get("unit")
    assert (of.ge, of.le, of.min_length, of.max_length, of.pattern, unit) == LIMITS[name]
    assert of.description


def test_there_are_no_others() -> None:
    assert {name for name, kind in vars(fields).items() if get_origin(kind) is Annotated} == LIMITS.keys()
