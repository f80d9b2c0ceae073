"""What an order id was used for, and what becomes of the note when it is free again."""

from domain.identifiers import AccountId, OrderId
from domain.ledger.events import ClientIdFreed
from projections.order_keys import OrderKeyRow, OrderKeysProjection
from tests.unit.projections.events import Log

KEY, OTHER = OrderId("key"), OrderId("other")


def test_a_client_id_that_is_free_again_stands_for_nothing() -> None:
    projection = OrderKeysProjection()
    for key in (KEY, OTHER):
        projection._keys.put(OrderKeyRow(key, "M", "digest", 1, "order"))
    freed = Log().add("ledger-0", ClientIdFreed(key=KEY, account_id=AccountId("ann")))
    projection.handlers[ClientIdFreed](freed)
    assert [row.order_id for row in projection._keys.at_hand()] == [OTHER]
