"""Names of markets made from the names venues and people use."""

import re
import zlib

_LONGEST_LABEL = 24
_LONGEST = 64
"""The longest name that a market can be listed under over HTTP."""

_YES = "yes"


def ticker_text(text: str) -> str:
    """Return text as part of a ticker: capitals, digits, dots and hyphens only."""
    return re.sub(r"[^A-Z0-9.]+", "-", text.upper()).strip("-.")


def fitting(ticker: str) -> str:
    """Return a ticker no longer than one may be: a longer one is cut and told apart by its checksum."""
    if len(ticker) <= _LONGEST:
        return ticker
    return f"{ticker[: _LONGEST - 9].rstrip('-.')}-{zlib.crc32(ticker.encode()):08X}"


def plain_text(text: str) -> str:
    """Return a label as it is compared: without footnote stars, doubled spaces, case and end punctuation."""
    return " ".join(text.replace("*", " ").split()).rstrip(" ?.;").casefold()


def outcome_ticker(question: str, outcome: str) -> str:
    """Return the market of one outcome of a question of the Good Judgment Project.

    The same question and outcome give the same ticker in every file, however they are punctuated. A
    label that is shortened or loses characters is told apart by a checksum of the whole.
    """
    label = plain_text(outcome)
    base = f"GJP-{ticker_text(question)}"
    if label == _YES:
        return fitting(base)
    if len(label) <= _LONGEST_LABEL and re.fullmatch(r"[a-z0-9]+( [a-z0-9]+)*", label):
        return fitting(f"{base}-{ticker_text(label)}")
    short = ticker_text(label[:_LONGEST_LABEL].replace(".", " "))
    return fitting(f"{base}-{short}-{zlib.crc32(label.encode()):08X}".replace("--", "-"))


def group_ticker(question: str) -> str:
    """Return the group of the mutually exclusive outcomes of a question."""
    return fitting(f"GJP-{ticker_text(question)}")
