"""Questions of the form "If A, will B?" and the markets to make of them.

Each group of questions has one condition. Two branches (it holds, it does not) share a parent market,
the first branch requiring yes of it and the second no; otherwise every branch has a parent of its own,
and these exclude one another. A branch whose condition held was closed with an outcome; the others were
voided. Where all were voided, so is the parent, and every branch is called off.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from application.replay.flow import Outcome
from application.replay.tickers import outcome_ticker, plain_text

_YES_NO = ("yes", "no")
_COMPLEMENTS = 2

ParentResult = Literal["yes", "no", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the Good Judgment Project asked it; ``outcome`` is a letter of ``options``."""

    question_id: str
    group: str
    kind: Literal["plain", "ordered", "conditional"]
    condition: str | None
    question: str
    rules: str
    options: Mapping[str, str]
    status: Literal["closed", "voided"]
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentMarket:
    """A market on whether a condition holds, and how it is to be resolved."""

    market: str
    title: str
    result: ParentResult


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionMarket:
    """A conditional market. ``result`` is nothing where its branch is called off."""

    market: str
    title: str
    rules: str
    result: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A question under one condition: markets that stand when ``parent`` ends as ``required``.

    Yes-or-no questions have one market and no ``option_group``; others one per option, exactly one yes.
    """

    question_id: str
    condition: str
    parent: str
    required: Outcome
    markets: tuple[OptionMarket, ...]
    option_group: str | None

    @property
    def called_off(self) -> bool:
        """Whether the condition failed, so that every trade is to be unwound."""
        return any(market.result is None for market in self.markets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalGroup:
    """All branches of one condition. More than one parent makes a group, ``parent_group``."""

    group: str
    title: str
    parents: tuple[ParentMarket, ...]
    parent_group: str | None
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalPlan:
    """What to create, and how it ends."""

    groups: tuple[ConditionalGroup, ...]

    def market_of(self, group: str, outcome: str) -> str | None:
        """Return where an order of question ``group`` goes: ``outcome`` is a condition, as it was shown.

        The readers give such orders the same ticker, so replayed orders need no translation. Nothing is
        returned for questions that are not conditional, and for branches with several options.
        """
        for planned in self.groups:
            if planned.group == group:
                for branch in planned.branches:
                    if branch.option_group is None and plain_text(branch.condition) == plain_text(outcome):
                        return branch.markets[0].market
        return None


class ContradictoryQuestions(ValueError):
    """The questions of a group cannot all be as they are said to be."""


def plan_conditionals(questions: Iterable[Question]) -> ConditionalPlan:
    """Plan the markets of all conditional questions, in the order of their groups; others are left out."""
    conditional = sorted(
        (question for question in questions if question.kind == "conditional"),
        key=lambda question: (question.group, question.question_id),
    )
    by_group = groupby(conditional, key=lambda question: question.group)
    return ConditionalPlan(groups=tuple(_plan_group(name, tuple(branches)) for name, branches in by_group))


def _plan_group(name: str, questions: Sequence[Question]) -> ConditionalGroup:
    held = [question for question in questions if question.status == "closed"]
    if len(held) > 1:
        raise ContradictoryQuestions(f"group {name}: {len(held)} conditions that exclude one another held")
    if len(questions) == _COMPLEMENTS:
        parents = [_parent(f"GJP-{name}-IF", questions[0], held)]
        links: list[tuple[ParentMarket, Outcome]] = [(parents[0], "yes"), (parents[0], "no")]
    else:
        parents = [
            _parent(f"GJP-{name}-IF-{number}", question, held)
            for number, question in enumerate(questions, start=1)
        ]
        links = [(parent, "yes") for parent in parents]
    return ConditionalGroup(
        group=name,
        title=questions[0].question,
        parents=tuple(parents),
        parent_group=f"GJP-{name}-IF" if len(parents) > 1 else None,
        branches=tuple(
            _branch(question, parent.market, required)
            for question, (parent, required) in zip(questions, links, strict=True)
        ),
    )


def _parent(market: str, question: Question, held: Sequence[Question]) -> ParentMarket:
    result: ParentResult = "void"
    if held:
        result = "yes" if held[0] is question else "no"
    return ParentMarket(market=market, title=_condition(question), result=result)


def _branch(question: Question, parent: str, required: Outcome) -> Branch:
    condition = _condition(question)
    market = outcome_ticker(question.group, condition)
    binary = tuple(plain_text(option) for option in question.options.values()) == _YES_NO
    if question.status == "closed" and question.outcome not in question.options:
        raise ContradictoryQuestions(f"question {question.question_id} closed with no outcome it offers")
    options = [next(iter(question.options))] if binary else list(question.options)
    return Branch(
        question_id=question.question_id,
        condition=condition,
        parent=parent,
        required=required,
        markets=tuple(
            OptionMarket(
                market=market if binary else f"{market}-{option.upper()}",
                title=_title(question, None if binary else question.options[option]),
                rules=question.rules,
                result=_result(question, option),
            )
            for option in options
        ),
        option_group=None if binary else market,
    )


def _condition(question: Question) -> str:
    if question.condition is None or not plain_text(question.condition):
        raise ContradictoryQuestions(f"question {question.question_id} states no condition")
    return question.condition


def _title(question: Question, option: str | None) -> str:
    asked = f"{_condition(question).rstrip(' ?.;')}: {question.question}"
    return asked if option is None else f"{asked} {option}"


def _result(question: Question, option: str) -> Outcome | None:
    if question.status != "closed":
        return None
    return "yes" if question.outcome == option else "no"
