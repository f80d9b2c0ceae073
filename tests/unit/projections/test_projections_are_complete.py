"""Every event is shown somewhere, every table belongs to one projection, the migrations end where we say."""

from pathlib import Path
from typing import get_args

from alembic.config import Config
from alembic.script import ScriptDirectory

from adapters.read_models.migrations import upgrade
from adapters.read_models.postgres.statements import in_driver_style
from adapters.read_models.sqlite.store import SqliteReadStore
from application.events import DomainEvent
from domain.cluster import ClusterEvent
from domain.identity.aggregate import CredentialSet
from domain.ledger.events import OrderGroupAllotted
from domain.market.events import AmendmentAbandoned, OrderGroupBounded, OrdersCrossed, PlacementAbandoned
from domain.quotes.events import QuotesEvent
from domain.webhooks.aggregate import WebhookEvent
from projections.catalog import TABLES, all_projections

NOT_SHOWN = {
    PlacementAbandoned,  # a promise of a market to its saga; the ledger's release is what readers see
    AmendmentAbandoned,
    OrderGroupAllotted,  # how a ledger and its markets keep to a limit; readers see the limit and what filled
    OrderGroupBounded,
    OrdersCrossed,  # readers see the orders and the trade that follow
    CredentialSet,  # read where it is written, and by nobody else
    *get_args(ClusterEvent),  # who owns what: for the processes themselves
    *get_args(QuotesEvent),  # requests and quotes are looked up where they are decided on
    *get_args(WebhookEvent),  # the same: those who tell an account of its orders follow them
}


class NoAnswers:
    orders = portfolio = leaderboard = None


def test_every_event_is_taken_in_by_some_projection() -> None:
    handled = {kind for each in all_projections(NoAnswers()) for kind in each.handlers}  # type: ignore[arg-type]
    assert set(get_args(DomainEvent)) - handled == NOT_SHOWN


def test_no_projection_looks_up_rows_for_events_it_does_not_handle() -> None:
    for projection in all_projections(NoAnswers()):  # type: ignore[arg-type]
        assert projection.wants.keys() <= projection.handlers.keys()


def test_the_catalogue_lists_every_projection_and_every_table(tmp_path: Path) -> None:
    assert [each.name for each in all_projections(NoAnswers())] == list(TABLES)  # type: ignore[arg-type]
    store = SqliteReadStore(tmp_path / "read.db")
    rows = store._reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    made = {name for (name,) in rows if not name.startswith(("sqlite_", "market_search"))}
    store._reader.close()
    store._writer.close()
    ours = {table.name for tables in TABLES.values() for table in tables}
    assert made - ours == {"alembic_version", "checkpoints", "parked_events"}


def test_the_newest_revision_is_the_one_that_is_written_down() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(upgrade.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [upgrade.HEAD]


def test_named_parameters_become_the_drivers_and_casts_stay() -> None:
    assert in_driver_style("SELECT :a::bigint, b FROM c WHERE d = :e_1") == (
        "SELECT %(a)s::bigint, b FROM c WHERE d = %(e_1)s"
    )


def test_what_money_and_orders_hang_on_stands_still_at_what_it_cannot_take_in_and_all_else_goes_on() -> None:
    standing_still = {each.name for each in all_projections(NoAnswers()) if each.halts}  # type: ignore[arg-type]
    assert standing_still == {
        "api_keys",
        "balances",
        "order_keys",
        "orders",
        "portfolio",
        "trades",
        "transfer_keys",
    }
