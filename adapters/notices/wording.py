"""What a notice says: the JSON that is sent."""

import orjson

from adapters.http.answers.display import contracts, price_dollars, timestamp
from application.notices.notice import Notice

CONFIRMED = "order.confirmed"


def worded(notice: Notice) -> bytes:
    """Return the body of a notice, the same bytes whenever it is asked for."""
    order, event = notice.order, notice.order.event
    return orjson.dumps(
        {
            "type": CONFIRMED,
            "timestamp": timestamp(order.cause.at_us),
            "data": {
                "order_id": event.order_id,
                "client_order_id": event.client_order_id,
                "ticker": notice.ticker,
                "side": event.side,
                "action": event.action,
                "type": event.order_type,
                "price_dollars": price_dollars(event.terms.price_ticks),
                "count_fp": contracts(event.terms.quantity),
                "position": order.position,
            },
        }
    )
