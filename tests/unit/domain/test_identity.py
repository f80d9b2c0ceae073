"""API keys."""

from domain.identity.aggregate import IDENTITY, CreateKey, KeyCreated, KeyRevoked, RevokeKey, Scope
from domain.rejections import Reason
from tests.unit.domain.specification import Given
from tests.unit.domain.trading_words import ANN, BOB

CREATE = CreateKey(
    key_id="k1", account_id=ANN, name="laptop", public_key_pem="PEM", scopes=(Scope.READ, Scope.TRADE)
)


def test_a_key_acts_for_an_account() -> None:
    keys = Given(IDENTITY)
    created = KeyCreated(
        key_id="k1",
        account_id=ANN,
        name="laptop",
        public_key_pem="PEM",
        scopes=(Scope.READ, Scope.TRADE),
        strict=False,
    )
    keys.when(CREATE).then(created)
    assert keys.state.keys == {"k1": created}


def test_a_key_id_is_taken_once() -> None:
    Given(IDENTITY).and_then(CREATE).when(CREATE).then(Reason.KEY_EXISTS)


def test_a_revoked_key_no_longer_acts() -> None:
    keys = Given(IDENTITY).and_then(CREATE)
    keys.when(RevokeKey(key_id="k1", account_id=ANN)).then(KeyRevoked(key_id="k1", account_id=ANN))
    assert keys.state.keys == {}
    keys.when(RevokeKey(key_id="k1", account_id=ANN)).then(Reason.KEY_NOT_FOUND)


def test_only_the_owner_revokes_a_key() -> None:
    keys = Given(IDENTITY).and_then(CREATE)
    keys.when(RevokeKey(key_id="k1", account_id=BOB)).then(Reason.KEY_NOT_FOUND)
