"""What can go wrong between a bot and the exchange."""


class ExchangeError(Exception):
    """The exchange did not do what was asked; ``code`` is stable, the message is for people."""

    def __init__(self, code: str, message: str, *, status: int = 0, details: str = "") -> None:
        super().__init__(f"{code}: {message}" + (f" ({details})" if details else ""))
        self.code = code
        self.status = status
        self.details = details


class Refused(ExchangeError):
    """Asking again would not help: something has to be asked otherwise. Nothing was done."""


class Unavailable(ExchangeError):
    """The exchange could not, and patience has run out. Nothing was done."""


class OutcomeUnknown(ExchangeError):
    """What was asked may or may not have been done, and cannot be asked twice."""
