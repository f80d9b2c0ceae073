"""Turning the exchange's answers into replies or problems."""

from typing import TypeVar

from adapters.http.answers.exchange import WriteAnswer
from adapters.http.answers.problems import Problem
from adapters.http.operations import Reply
from application.requests import Accepted
from domain.rejections import Rejected

A = TypeVar("A")


def accepted(answer: A | Rejected) -> A:
    """Return an answer that is no refusal. Raises :class:`Problem` for one that is."""
    if isinstance(answer, Rejected):
        raise Problem.refused(answer)
    return answer


def written(answer: Accepted | Rejected) -> Reply:
    """Return the reply to a command of which there is nothing to tell but that it was carried out."""
    position = accepted(answer).position
    return Reply(content=WriteAnswer(position=position), position=position)
