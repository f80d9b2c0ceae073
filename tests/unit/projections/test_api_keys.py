"""A key is known for ever, and when it was withdrawn."""

from typing import Any

from msgspec.structs import replace

from projections.api_keys import ApiKeysProjection
from tests.unit.event_schemas.other_examples import KEYS
from tests.unit.projections.events import Log


def test_a_key_that_is_withdrawn_stays_with_the_time_of_that() -> None:
    log, projection = Log(), ApiKeysProjection()
    created: Any = KEYS["KeyCreated"]
    for at_us, event in ((5, created), (6, replace(created, key_id="other")), (9, KEYS["KeyRevoked"])):
        projection.handlers[type(event)](log.add("keys-ann", event, at_us=at_us))
    keys = {row.key_id: row for row in projection._keys.at_hand()}
    assert (keys[created.key_id].created_at_us, keys[created.key_id].revoked_at_us) == (5, 9)
    assert (keys["other"].created_at_us, keys["other"].revoked_at_us) == (6, None)
    assert keys["other"].scopes == "read trade"
