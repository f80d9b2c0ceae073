"""The desk of requests as a decider."""

from domain.decider import Decider
from domain.quotes.commands import QuotesCommand
from domain.quotes.decide import decide, react
from domain.quotes.events import QuotesEvent
from domain.quotes.evolve import evolve
from domain.quotes.state import QuotesState

QUOTES: Decider[QuotesState, QuotesCommand, QuotesEvent] = Decider(
    initial=QuotesState, decide=decide, evolve=evolve, react=react
)
