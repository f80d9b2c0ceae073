"""Bringing events of older versions up to date, one version at a time, as they are read.

An upcaster is a pure function from payload to payload that leaves a payload alone that has been brought up
already. It also gets the id of the event, from which it may derive names that older versions did not have.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError

from adapters.event_schemas.amendments import (
    IncreaseReleasedV1,
    OrderAmendedV1,
    ReservationAmendedV1,
    ReservationIncreasedV1,
    amendment_1_to_2,
)
from adapters.event_schemas.order_canceled import (
    OrderCanceledV1,
    OrderCanceledV2,
    order_canceled_1_to_2,
    order_canceled_2_to_3,
)
from adapters.event_schemas.order_placed import (
    OrderPlacedV1,
    OrderPlacedV2,
    Payload,
    order_placed_1_to_2,
    order_placed_2_to_3,
)
from adapters.event_schemas.sales import (
    OrderConfirmedV1,
    ReservationAmendedV2,
    ReservationReleasedV1,
    without_sales_to_with,
)

Upcaster = Callable[[Payload, UUID], Payload]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("OrderCanceled", 1): order_canceled_1_to_2,
    ("OrderCanceled", 2): order_canceled_2_to_3,
    ("OrderPlaced", 1): order_placed_1_to_2,
    ("OrderPlaced", 2): order_placed_2_to_3,
    ("OrderAmended", 1): amendment_1_to_2,
    ("ReservationIncreased", 1): amendment_1_to_2,
    ("IncreaseReleased", 1): amendment_1_to_2,
    ("ReservationAmended", 1): amendment_1_to_2,
    ("ReservationAmended", 2): without_sales_to_with,
    ("OrderConfirmed", 1): without_sales_to_with,
    ("ReservationReleased", 1): without_sales_to_with,
}
"""By stored name and version, the way to the next version."""

OLD_FORMS: Mapping[tuple[str, int], type[BaseModel]] = {
    ("OrderCanceled", 1): OrderCanceledV1,
    ("OrderCanceled", 2): OrderCanceledV2,
    ("OrderPlaced", 1): OrderPlacedV1,
    ("OrderPlaced", 2): OrderPlacedV2,
    ("OrderAmended", 1): OrderAmendedV1,
    ("ReservationIncreased", 1): ReservationIncreasedV1,
    ("IncreaseReleased", 1): IncreaseReleasedV1,
    ("ReservationAmended", 1): ReservationAmendedV1,
    ("ReservationAmended", 2): ReservationAmendedV2,
    ("OrderConfirmed", 1): OrderConfirmedV1,
    ("ReservationReleased", 1): ReservationReleasedV1,
}
"""By stored name and version, what events looked like."""

READ_AS_THEY_ARE = frozenset(
    {
        ("OrderCanceled", 1),
        ("OrderCanceled", 2),
        ("OrderConfirmed", 1),
        ("ReservationReleased", 1),
        ("ReservationAmended", 2),
    }
)
"""Old versions that are good in the present one: where the present one only allows for more."""


def upcast(
    name: str,
    version: int,
    payload: Payload,
    event_id: UUID,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Payload:
    """Return the payload in the present version, applying every step from ``version`` on in order."""
    while (step := upcasters.get((name, version))) is not None:
        payload = step(payload, event_id)
        version += 1
    return payload


def up_to_date(name: str, version: int, data: bytes, event_id: UUID) -> bytes:
    """Return the JSON of an event of an older version in the present one.

    ``version`` is the oldest it can be: an event that was brought up in place is taken as what it is, and
    one that is in no older form is left for the present form to judge. Raises ``ValueError``.
    """
    payload = json.loads(data, parse_float=Decimal, parse_int=Decimal)
    form = _form(name, version, payload)
    return data if form is None else orjson.dumps(upcast(name, form, payload, event_id))


def _form(name: str, oldest: int, payload: Payload) -> int | None:
    """Return the oldest version whose form a payload has, if it is one before the present."""
    for (known, version), form in OLD_FORMS.items():
        if known == name and version >= oldest:
            try:
                form.model_validate(payload)
            except ValidationError:
                continue
            return version
    return None
