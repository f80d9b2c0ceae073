"""Signed requests: every byte that is signed counts, and only keys in force, at their time, are accepted."""

import pytest

from adapters.caches.used_signatures import MemorySignatures
from adapters.http.answers.problems import Problem
from adapters.http.callers.authentication import Authenticator, Caller
from adapters.http.callers.key_ring import KeyRing
from adapters.http.settings import HttpSettings
from domain.identifiers import AccountId
from domain.identity.aggregate import KeyCreated, Scope
from tests.unit.http.keys import key_pair, signed_headers

NOW_MS = 1_700_000_000_000
PATH = "/trade-api/v2/portfolio/orders"


class Clock:
    def now_us(self) -> int:
        return NOW_MS * 1_000


class Keys:
    """The keys in force."""

    def __init__(self, *keys: KeyCreated) -> None:
        self.keys = {key.key_id: key for key in keys}

    async def find(self, key_id: str) -> KeyCreated | None:
        return self.keys.get(key_id)


def view(key_id: str = "ann-key", *, strict: bool = False) -> KeyCreated:
    return KeyCreated(
        key_id=key_id,
        account_id=AccountId("ann"),
        name="laptop",
        public_key_pem=key_pair()[1],
        scopes=(Scope.READ, Scope.TRADE),
        strict=strict,
    )


def authenticator(keys: Keys) -> Authenticator:
    return Authenticator(KeyRing(keys), MemorySignatures(), Clock(), HttpSettings())


def raw(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.lower().encode(): value.encode() for name, value in headers.items()}


async def accept(headers: dict[str, str], keys: Keys | None = None, *, method: str = "POST") -> Caller:
    checks = authenticator(keys or Keys(view()))
    return checks.verify(await checks.claim(raw(headers)), method, PATH.encode())


def headers(*, at_ms: int = NOW_MS, method: str = "POST", path: str = PATH) -> dict[str, str]:
    return signed_headers("ann-key", key_pair()[0], method, path, at_ms=at_ms)


async def refusal(changed: dict[str, str], keys: Keys | None = None) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        await accept(changed, keys)
    return refused.value.status, refused.value.code


async def test_a_signed_request_is_its_accounts_until_the_window_closes() -> None:
    caller = await accept(headers(at_ms=NOW_MS - 100))
    assert (caller.account_id, caller.key_id) == ("ann", "ann-key")
    assert caller.scopes == {Scope.READ, Scope.TRADE}
    assert caller.deadline_us == (NOW_MS - 100 + 5_000) * 1_000


async def test_the_official_clients_signature_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    auth = pytest.importorskip("kalshi_python_sync.auth")
    monkeypatch.setattr(auth.time, "time", lambda: NOW_MS / 1_000)
    signed = auth.KalshiAuth("ann-key", key_pair()[0]).create_auth_headers(
        "POST", f"http://localhost:1{PATH}?limit=5"
    )
    assert (await accept(signed)).account_id == "ann"


@pytest.mark.parametrize(
    "missing", ["KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"]
)
async def test_a_request_without_one_of_the_headers_is_not_authenticated(missing: str) -> None:
    incomplete = {name: value for name, value in headers().items() if name != missing}
    assert await refusal(incomplete) == (401, "not_authenticated")


@pytest.mark.parametrize("age_ms", [5_001, -1_001, 60_000, 3_600_000])
async def test_a_timestamp_outside_the_window_is_refused(age_ms: int) -> None:
    assert await refusal(headers(at_ms=NOW_MS - age_ms)) == (401, "stale_timestamp")


@pytest.mark.parametrize("age_ms", [5_000, 0, -1_000])
async def test_a_timestamp_at_the_edge_of_the_window_is_accepted(age_ms: int) -> None:
    assert (await accept(headers(at_ms=NOW_MS - age_ms))).account_id == "ann"


@pytest.mark.parametrize("text", ["", "now", "-1", "1.5", "1e12", "9" * 17, "\uff11\uff17"])
async def test_a_timestamp_that_is_no_number_of_milliseconds_is_refused(text: str) -> None:
    assert await refusal(headers() | {"KALSHI-ACCESS-TIMESTAMP": text}) == (401, "stale_timestamp")


async def test_a_signature_for_another_method_or_path_is_refused() -> None:
    assert await refusal(headers(method="GET")) == (401, "invalid_signature")
    assert await refusal(headers(path=PATH + "/")) == (401, "invalid_signature")


async def test_one_flipped_bit_anywhere_in_what_is_signed_is_refused() -> None:
    checks = authenticator(Keys(view()))
    claim = await checks.claim(raw(headers()))
    for at in range(len(PATH)):
        flipped = bytearray(PATH.encode())
        flipped[at] ^= 1
        with pytest.raises(Problem):
            checks.verify(claim, "POST", bytes(flipped))
    later = headers() | {"KALSHI-ACCESS-TIMESTAMP": str(NOW_MS + 1)}
    assert await refusal(later) == (401, "invalid_signature")


@pytest.mark.parametrize("signature", ["", "!", "AAAA", "A" * 344, "é"])
async def test_what_is_no_signature_at_all_is_refused(signature: str) -> None:
    assert await refusal(headers() | {"KALSHI-ACCESS-SIGNATURE": signature}) == (401, "invalid_signature")


async def test_every_byte_of_a_signature_counts() -> None:
    good = headers()["KALSHI-ACCESS-SIGNATURE"]
    for at in range(0, len(good) - 4, 37):
        other = "A" if good[at] != "A" else "B"
        changed = good[:at] + other + good[at + 1 :]
        assert (await refusal(headers() | {"KALSHI-ACCESS-SIGNATURE": changed}))[0] == 401


async def test_another_keys_signature_is_refused() -> None:
    forged = signed_headers("ann-key", key_pair(1)[0], "POST", PATH, at_ms=NOW_MS)
    assert await refusal(forged) == (401, "invalid_signature")


async def test_unknown_and_revoked_keys_are_refused() -> None:
    keys = Keys(view())
    checks = authenticator(keys)
    await checks.claim(raw(headers()))
    keys.keys.clear()
    with pytest.raises(Problem) as refused:
        await checks.claim(raw(headers()))
    assert refused.value.code == "unknown_key"
    assert await refusal(headers(), Keys()) == (401, "unknown_key")


async def test_a_strict_key_signs_query_and_body_as_well() -> None:
    checks = authenticator(Keys(view(strict=True)))
    private, body = key_pair()[0], b'{"count": 1}'
    signed = signed_headers("ann-key", private, "POST", f"{PATH}?a=1", body=body, strict=True, at_ms=NOW_MS)
    claim = await checks.claim(raw(signed))
    path = PATH.encode()
    assert checks.verify_strictly(claim, "POST", path, query=b"a=1", body=body).account_id == "ann"
    for query, sent in ((b"a=2", body), (b"", body), (b"a=1", b'{"count": 2}'), (b"a=1", b"")):
        with pytest.raises(Problem):
            checks.verify_strictly(claim, "POST", path, query=query, body=sent)
