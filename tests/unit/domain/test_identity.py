"""API keys."""

from domain.identity.aggregate import (
    IDENTITY,
    CreateKey,
    CredentialSet,
    KeyCreated,
    KeyRevoked,
    RevokeKey,
    Scope,
    SetPassword,
)
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


def password(hashed: str, *, replaces: str = "", opens: bool = False) -> SetPassword:
    return SetPassword(account_id=ANN, password_hash=hashed, replaces=replaces, opens=opens)


def test_a_name_that_ever_had_a_key_or_a_password_cannot_be_opened() -> None:
    Given(IDENTITY).and_then(password("$a", opens=True)).when(password("$b", opens=True)).then(
        Reason.ACCOUNT_EXISTS
    )
    revoked = Given(IDENTITY).and_then(CREATE).and_then(RevokeKey(key_id="k1", account_id=ANN))
    revoked.when(password("$a", opens=True)).then(Reason.ACCOUNT_EXISTS)


def test_a_password_is_changed_only_from_the_one_it_was() -> None:
    known = Given(IDENTITY).and_then(password("$a"))
    known.when(password("$b")).then(Reason.PASSWORD_CHANGED)
    known.when(password("$b", replaces="$c")).then(Reason.PASSWORD_CHANGED)
    known.when(password("$b", replaces="$a")).then(CredentialSet(account_id=ANN, password_hash="$b"))
    assert known.state.passwords == {ANN: "$b"}
