"""One example of every event of the exchange, ledgers, groups and keys."""

from application.events import DomainEvent
from domain.cluster import EngineHandedOver, EngineJoined, EngineLeft
from domain.founding import ExchangeFounded
from domain.group import events as g
from domain.identifiers import GroupId, OrderId, Ticker, TradeId
from domain.identity.aggregate import CredentialSet, KeyCreated, KeyRevoked, Scope
from domain.ledger import events as ledger
from domain.market.vocabulary import Action, Side
from domain.quantities import Money, Quantity, Ticks
from domain.quotes import events as q
from domain.quotes.vocabulary import Ending
from domain.webhooks import aggregate as w
from tests.unit.event_schemas.market_examples import (
    ALICE,
    AMENDMENT,
    BOB,
    CHILD,
    FIRST,
    MAKER,
    QUOTE,
    SECOND,
    TAKER,
)

ORDER_GROUP = "group-7"
THIRD = OrderId("6a0c1b7e-55d1-5b0f-8a38-0c9d1f2e3b44")

EXCHANGE: dict[str, DomainEvent] = {"ExchangeFounded": ExchangeFounded(partitions=4)}

LEDGER: dict[str, DomainEvent] = {
    "FundsDeposited": ledger.FundsDeposited(
        account_id=ALICE, amount=Money(100_000_000), reference="wire 2026-11-02/17"
    ),
    "FundsWithdrawn": ledger.FundsWithdrawn(
        account_id=ALICE, amount=Money(25_000_000), reference="wire 2026-11-09/3"
    ),
    "FundsReserved": ledger.FundsReserved(
        order_id=FIRST,
        account_id=ALICE,
        ticker=CHILD,
        amount=Money(4_460_000),
        request_digest="5f1d7a84db2a3c6be0c4b1aa",
        order_group_id=ORDER_GROUP,
    ),
    "ReservationIncreased": ledger.ReservationIncreased(
        order_id=FIRST, account_id=ALICE, ticker=CHILD, amount=Money(30_000), amendment_id=AMENDMENT
    ),
    "IncreaseReleased": ledger.IncreaseReleased(
        order_id=FIRST, account_id=ALICE, ticker=CHILD, amount=Money(30_000), amendment_id=AMENDMENT
    ),
    "ClientIdTaken": ledger.ClientIdTaken(
        key=THIRD,
        account_id=ALICE,
        order_id=FIRST,
        ticker=CHILD,
        request_digest="5f1d7a84db2a3c6be0c4b1aa",
        amendment_id=AMENDMENT,
    ),
    "ClientIdFreed": ledger.ClientIdFreed(key=THIRD, account_id=ALICE),
    "OrderConfirmed": ledger.OrderConfirmed(
        order_id=FIRST,
        account_id=ALICE,
        ticker=CHILD,
        released=Money(0),
        market_revision=2,
        for_sale=Quantity(300),
    ),
    "ReservationReleased": ledger.ReservationReleased(
        order_id=SECOND, account_id=BOB, ticker=CHILD, amount=Money(6_670_000), market_revision=None
    ),
    "ReservationAmended": ledger.ReservationAmended(
        order_id=FIRST,
        account_id=ALICE,
        ticker=CHILD,
        reserved=Money(1_090_000),
        extra=Money(30_000),
        released=Money(0),
        market_revision=6,
        amendment_id=AMENDMENT,
        for_sale=Quantity(250),
    ),
    "FillBooked": ledger.FillBooked(
        order_id=SECOND,
        account_id=BOB,
        ticker=CHILD,
        trade_id=TradeId(f"{CHILD}:1"),
        side=Side.YES,
        action=Action.BUY,
        price_ticks=Ticks(6_500),
        quantity=Quantity(1_000),
        value=Money(6_500_000),
        fee=Money(170_000),
        cash_delta=Money(-5_000),
        reserved_delta=Money(-6_670_000),
        locked_delta=Money(5_000),
        order_group_id=None,
        market_revision=3,
    ),
    "PayoutBooked": ledger.PayoutBooked(
        account_id=BOB,
        ticker=CHILD,
        payout=Money(10_000_000),
        fees=Money(170_000),
        fees_delta=Money(170_000),
        locked_delta=Money(-5_000),
        market_revision=12,
    ),
    "RedemptionBooked": ledger.RedemptionBooked(
        account_id=BOB,
        ticker=CHILD,
        quantity=Quantity(300),
        payout=Money(3_000_000),
        cash_delta=Money(2_995_000),
        locked_delta=Money(5_000),
        trade_id=None,
        market_revision=12,
    ),
    "UnwindBooked": ledger.UnwindBooked(
        account_id=BOB,
        ticker=CHILD,
        refund=Money(-5_000),
        fees=Money(170_000),
        cash_delta=Money(0),
        locked_delta=Money(-5_000),
        market_revision=12,
    ),
    "ProceedsUnlocked": ledger.ProceedsUnlocked(ticker=CHILD, market_revision=9),
    "FeesWithdrawn": ledger.FeesWithdrawn(amount=Money(170_000), reference="fees 2026-11"),
    "OrderGroupCreated": ledger.OrderGroupCreated(
        order_group_id=ORDER_GROUP, account_id=ALICE, limit=Quantity(5_000)
    ),
    "OrderGroupLimitChanged": ledger.OrderGroupLimitChanged(
        order_group_id=ORDER_GROUP, account_id=ALICE, limit=Quantity(7_500)
    ),
    "OrderGroupAllotted": ledger.OrderGroupAllotted(
        order_group_id=ORDER_GROUP,
        account_id=ALICE,
        ticker=Ticker("FED-26DEC-CUT"),
        round=2,
        version=5,
        closed_at=4,
        allowance=Quantity(10_000),
    ),
    "OrderGroupTriggered": ledger.OrderGroupTriggered(order_group_id=ORDER_GROUP, account_id=ALICE),
    "OrderGroupReset": ledger.OrderGroupReset(order_group_id=ORDER_GROUP, account_id=ALICE),
    "OrderGroupDeleted": ledger.OrderGroupDeleted(order_group_id=ORDER_GROUP, account_id=ALICE),
}

MEMBERS = (Ticker("FED-26DEC-CUT"), Ticker("FED-26DEC-HOLD"), Ticker("FED-26DEC-HIKE"))

GROUPS: dict[str, DomainEvent] = {
    "GroupCreated": g.GroupCreated(
        group_id=GroupId("FED-26DEC"),
        title="What will the Fed do in December?",
        category="Economics",
        series="FED",
    ),
    "MarketAdded": g.MarketAdded(ticker=MEMBERS[0]),
    "GroupDetermined": g.GroupDetermined(winner=MEMBERS[1], members=MEMBERS, evidence="FOMC statement"),
    "GroupDisputed": g.GroupDisputed(members=MEMBERS, reason="the statement was corrected"),
    "GroupFinalized": g.GroupFinalized(winner=MEMBERS[1], members=MEMBERS),
    "GroupVoided": g.GroupVoided(members=(), reason="the meeting was called off"),
}

KEYS: dict[str, DomainEvent] = {
    "KeyCreated": KeyCreated(
        key_id="7e57a0f2-3c1d-5e8b-8f7a-4d2b1c0a9e01",
        account_id=ALICE,
        name="laptop",
        public_key_pem="-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEB\n-----END PUBLIC KEY-----\n",
        scopes=(Scope.READ, Scope.TRADE),
        strict=True,
    ),
    "KeyRevoked": KeyRevoked(key_id="7e57a0f2-3c1d-5e8b-8f7a-4d2b1c0a9e01", account_id=ALICE),
    "CredentialSet": CredentialSet(
        account_id=ALICE,
        password_hash="$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
        "JLFlNPHOSEeVCvW1iH2ZFcVBKqqzRhF1VlJMzVTeGIo",
    ),
}

NOTICE = "0b6c3f0e-8a51-5d3e-9a3c-5b7f2d1e4c00"

WEBHOOKS: dict[str, DomainEvent] = {
    "WebhookSet": w.WebhookSet(
        account_id=ALICE, name="desk", url="https://example.com/presage", since_us=1_793_000_000_000_000
    ),
    "WebhookRemoved": w.WebhookRemoved(account_id=ALICE, name="desk"),
    "WebhookSuspended": w.WebhookSuspended(account_id=ALICE, name="desk"),
    "NoticeUndelivered": w.NoticeUndelivered(
        account_id=ALICE,
        name="desk",
        notice_id=NOTICE,
        ticker=Ticker("FED-26DEC-CUT"),
        revision=4,
        tries=12,
        reason="the answer was 500",
    ),
    "NoticeRetried": w.NoticeRetried(
        account_id=ALICE, name="desk", notice_id=NOTICE, ticker=Ticker("FED-26DEC-CUT"), revision=4
    ),
}

RFQ = "0193a4f2-7c1e-7b55-9a4e-2d1d8a3f6b0e-01"
THEN = 1_793_000_000_000_000

QUOTES: dict[str, DomainEvent] = {
    "AccountIntroduced": q.AccountIntroduced(
        account_id=ALICE, communications_id="5b1f6c1e-4c7e-4a55-8a4e-2d1d8a3f6b0f"
    ),
    "QuotesRequested": q.QuotesRequested(
        rfq_id=RFQ,
        account_id=ALICE,
        creator_id="5b1f6c1e-4c7e-4a55-8a4e-2d1d8a3f6b0f",
        ticker=CHILD,
        quantity=Quantity(50_000),
        target_cost=Money(0),
        rest_remainder=False,
        expires_at_us=THEN + 600_000_000,
        at_us=THEN,
    ),
    "RequestEnded": q.RequestEnded(rfq_id=RFQ, ending=Ending.EXECUTED, at_us=THEN + 9_000_000),
    "QuoteGiven": q.QuoteGiven(
        quote_id=f"{QUOTE}-01",
        rfq_id=RFQ,
        account_id=BOB,
        creator_id="6c2a7d2f-5d8f-4b66-9b5f-3e2e9b4a7c1a",
        yes_bid_ticks=Ticks(6_200),
        no_bid_ticks=Ticks(0),
        rest_remainder=False,
        expires_at_us=THEN + 302_000_000,
        at_us=THEN + 2_000_000,
    ),
    "QuoteAccepted": q.QuoteAccepted(
        quote_id=f"{QUOTE}-01",
        rfq_id=RFQ,
        side=Side.YES,
        quantity=Quantity(50_000),
        confirm_by_us=THEN + 35_000_000,
        at_us=THEN + 5_000_000,
    ),
    "QuoteConfirmed": q.QuoteConfirmed(
        quote_id=f"{QUOTE}-01",
        rfq_id=RFQ,
        ticker=CHILD,
        price_ticks=Ticks(6_200),
        quantity=Quantity(50_000),
        maker=MAKER,
        taker=TAKER,
        at_us=THEN + 8_000_000,
    ),
    "QuoteExecuted": q.QuoteExecuted(
        quote_id=f"{QUOTE}-01", rfq_id=RFQ, trade_id=TradeId(f"{CHILD}:2"), at_us=THEN + 9_000_000
    ),
    "QuoteEnded": q.QuoteEnded(
        quote_id=f"{QUOTE}-01",
        rfq_id=RFQ,
        ending=Ending.EXECUTION_FAILED,
        explanation="insufficient_funds: the asker cannot trade",
        at_us=THEN + 9_000_000,
    ),
}

CLUSTER: dict[str, DomainEvent] = {
    "EngineJoined": EngineJoined(engine="engine-2"),
    "EngineLeft": EngineLeft(engine="engine-2"),
    "EngineHandedOver": EngineHandedOver(engine="engine-1", lost=False),
}
