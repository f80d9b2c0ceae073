"""A private exchange on a folder of its own, made of another one's log as it stood at a moment."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.bootstrap import SHOWN_S, make_codec, open_presage
from adapters.clock import SystemClock
from adapters.data_folder import UNFINISHED, DataFolder, HeldKey
from adapters.event_stores.opening import new_place, open_source
from adapters.event_stores.unfinished_copies import refuse_unfinished
from adapters.http.callers.signing import generate_key_pair
from adapters.settings import Settings, without_secrets
from application.founding import founding_of
from application.requests import Accepted
from application.sandbox.disguise import Disguise
from application.sandbox.log import DisguisedLog, last_moment
from application.streams import EXCHANGE_EVENTS
from application.transfer import transfer_log
from application.verification.verify import verify
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope
from domain.quantities import Money

BOT = AccountId("bot")
IN_FLIGHT = 64

Progress = Callable[[str, int, int], None]


class NoSandbox(Exception):
    """No sandbox can be made; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What was made: as of when, by how much its times are later, and the key of its bot."""

    at_us: int
    shift_us: int
    events: int
    accounts: int
    key: HeldKey


async def make_sandbox(
    source: str, settings: Settings, *, at_us: int | None, deposit: Money, progress: Progress
) -> Sandbox:
    """Make a sandbox in an empty folder. Raises :class:`NoSandbox` and the errors of copying."""
    DataFolder(settings.data).prepare(log_here=True, importing=True)
    if settings.log_file.exists():
        raise NoSandbox(f"{settings.data}: there is an exchange here already; choose an empty folder")
    mark = settings.data / f"import{UNFINISHED}"
    mark.touch()
    codec, now_us = make_codec(), SystemClock().now_us()
    async with open_source(_place(source)) as log:
        await refuse_unfinished(log, without_secrets(source))
        founding, last_us = await founding_of(log, codec), await last_moment(log, codec)
        if founding is None or last_us is None:
            raise NoSandbox(f"{without_secrets(source)}: there is no exchange here")
        as_of_us = last_us if at_us is None else at_us
        if as_of_us > now_us:
            raise NoSandbox("the moment lies in the future")
        disguise = Disguise(
            secret=secrets.token_bytes(32), partitions=founding.partitions, shift_us=now_us - as_of_us
        )
        disguised = DisguisedLog(log, codec, disguise, until_us=as_of_us)
        async with new_place(str(settings.log_file)) as store:
            done = await transfer_log(
                disguised,
                store,
                progress=lambda copied: progress("events", copied, 0),
                in_flight=IN_FLIGHT,
                matching=EXCHANGE_EVENTS,
            )
            if not done.events:
                raise NoSandbox("the exchange was not founded yet at that moment")
            checked = await verify(store, codec)
            if checked.violations:
                raise NoSandbox(f"the log does not hold up: {checked.violations[0]}")
    mark.unlink()
    return Sandbox(
        at_us=as_of_us,
        shift_us=now_us - as_of_us,
        events=done.events,
        accounts=disguise.accounts,
        key=await _equip(settings, deposit),
    )


def _place(source: str) -> str:
    """Return where the log is: a data folder has it in a file."""
    log = Path(source) / "log.db"
    return str(log) if "://" not in source and log.exists() else source


async def _equip(settings: Settings, deposit: Money) -> HeldKey:
    """Open the sandbox once, give the bot a key and money, and let everything be finished that was begun."""
    async with open_presage(settings) as presage:
        await presage.start()
        exchange = presage.exchange
        private_pem, public_pem = generate_key_pair()
        scopes = (Scope.READ, Scope.TRADE)
        key_id, answer = await exchange.keys.create(
            BOT, name="bot", public_key_pem=public_pem, scopes=scopes, strict=settings.strict_keys
        )
        if not isinstance(answer, Accepted):
            raise NoSandbox(answer.message)
        if deposit:
            await exchange.operations.deposit(BOT, deposit, "sandbox")
        await exchange.settled()
        await presage.reads.freshness.await_position(await presage.store.head(), SHOWN_S)
        return presage.folder.keep_key(
            key_id, account_id=BOT, scopes=scopes, private_pem=private_pem, strict=settings.strict_keys
        )
