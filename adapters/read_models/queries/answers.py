"""All answers of one database, in one hand."""

from adapters.read_models.queries.books import BookAnswers
from adapters.read_models.queries.keys_used import OrderKeyAnswers, TransferKeyAnswers
from adapters.read_models.queries.markets import MarketAnswers
from adapters.read_models.queries.orders import OrderAnswers
from adapters.read_models.queries.portfolio import PortfolioAnswers
from adapters.read_models.queries.reader import Reader
from adapters.read_models.queries.standings import KeyAnswers, LeaderboardAnswers
from application.ports.clock import Clock


class SqlAnswers:
    """What a database of read models can be asked, by subject. ``search`` is its own way to search."""

    def __init__(self, reader: Reader, clock: Clock, search: str) -> None:
        self.markets = MarketAnswers(reader, clock, search)
        self.books = BookAnswers(reader)
        self.orders = OrderAnswers(reader)
        self.portfolio = PortfolioAnswers(reader)
        self.keys = KeyAnswers(reader)
        self.leaderboard = LeaderboardAnswers(reader, clock)
        self.order_keys = OrderKeyAnswers(reader)
        self.transfer_keys = TransferKeyAnswers(reader)
