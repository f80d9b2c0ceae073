"""Conditional questions become parents, branches and results that fit together."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.recordings.gjp_questions import read_questions
from application.replay.conditional_questions import (
    Branch,
    ContradictoryQuestions,
    OptionMarket,
    ParentMarket,
    Question,
    plan_conditionals,
)
from application.replay.recording import UnreadableRecording
from tests.unit.recording_samples import write

RAIN = Question(
    question_id="90-1",
    group="90",
    kind="conditional",
    condition="If it *rains?",
    question="Will the match be played?",
    rules="By sight.",
    options={"a": "Yes", "b": "No"},
    status="voided",
    outcome=None,
)
DRY = replace(RAIN, question_id="90-2", condition="If it does not rain.", status="closed", outcome="a")


def test_two_branches_share_a_parent_and_require_opposite_results() -> None:
    (group,) = plan_conditionals([DRY, RAIN]).groups
    assert group.title == "Will the match be played?"
    assert group.parent_group is None
    assert group.parents == (ParentMarket(market="GJP-90-IF", title="If it *rains?", result="no"),)
    assert group.branches == (
        Branch(
            question_id="90-1",
            condition="If it *rains?",
            parent="GJP-90-IF",
            required="yes",
            markets=(
                OptionMarket(
                    market="GJP-90-IF-IT-RAINS",
                    title="If it *rains: Will the match be played?",
                    rules="By sight.",
                    result=None,
                ),
            ),
            option_group=None,
        ),
        Branch(
            question_id="90-2",
            condition="If it does not rain.",
            parent="GJP-90-IF",
            required="no",
            markets=(
                OptionMarket(
                    market="GJP-90-IF-IT-DOES-NOT-RAIN",
                    title="If it does not rain: Will the match be played?",
                    rules="By sight.",
                    result="yes",
                ),
            ),
            option_group=None,
        ),
    )
    assert [branch.called_off for branch in group.branches] == [True, False]


def test_a_condition_nobody_decided_voids_the_parent_and_calls_every_branch_off() -> None:
    (group,) = plan_conditionals([RAIN, replace(DRY, status="voided", outcome=None)]).groups
    assert [parent.result for parent in group.parents] == ["void"]
    assert all(branch.called_off for branch in group.branches)


def test_more_branches_have_a_parent_each_that_exclude_one_another() -> None:
    snow = replace(RAIN, question_id="90-3", condition="If it snows")
    (group,) = plan_conditionals([RAIN, DRY, snow]).groups
    assert group.parent_group == "GJP-90-IF"
    assert [(parent.market, parent.result) for parent in group.parents] == [
        ("GJP-90-IF-1", "no"),
        ("GJP-90-IF-2", "yes"),
        ("GJP-90-IF-3", "no"),
    ]
    assert [(branch.parent, branch.required) for branch in group.branches] == [
        ("GJP-90-IF-1", "yes"),
        ("GJP-90-IF-2", "yes"),
        ("GJP-90-IF-3", "yes"),
    ]


def test_several_options_make_a_group_of_markets_of_which_one_is_yes() -> None:
    options = {"a": "Reds", "b": "Blues", "c": "Nobody"}
    (group,) = plan_conditionals([replace(RAIN, options=options), replace(DRY, options=options)]).groups
    called_off, held = group.branches
    assert called_off.option_group == "GJP-90-IF-IT-RAINS"
    assert [market.result for market in called_off.markets] == [None, None, None]
    assert [(market.market, market.result) for market in held.markets] == [
        ("GJP-90-IF-IT-DOES-NOT-RAIN-A", "yes"),
        ("GJP-90-IF-IT-DOES-NOT-RAIN-B", "no"),
        ("GJP-90-IF-IT-DOES-NOT-RAIN-C", "no"),
    ]


def test_an_order_finds_its_market_however_its_condition_is_punctuated() -> None:
    plan = plan_conditionals([RAIN, DRY])
    assert plan.market_of("90", "if it rains") == "GJP-90-IF-IT-RAINS"
    assert plan.market_of("90", "If it **does not  rain") == "GJP-90-IF-IT-DOES-NOT-RAIN"
    assert plan.market_of("90", "If it snows") is None
    assert plan.market_of("91", "If it rains") is None


def test_questions_that_are_not_conditional_are_left_out() -> None:
    assert plan_conditionals([replace(RAIN, kind="plain", condition=None)]).groups == ()


@pytest.mark.parametrize(
    ("questions", "problem"),
    [
        ([replace(RAIN, status="closed", outcome="a"), DRY], "2 conditions that exclude one another held"),
        ([RAIN, replace(DRY, outcome="z")], "question 90-2 closed with no outcome it offers"),
        ([RAIN, replace(DRY, condition=None)], "question 90-2 states no condition"),
    ],
)
def test_questions_that_contradict_each_other_are_refused(questions: list[Question], problem: str) -> None:
    with pytest.raises(ContradictoryQuestions, match=problem):
        plan_conditionals(questions)


def test_questions_are_read_a_line_each(tmp_path: Path) -> None:
    line = (
        '{"ifp_id":"90-1","group":"90","kind":"conditional","condition":"If it *rains?",'
        '"question":"Will the match be played?","rules":"By sight.","options":{"a":"Yes","b":"No"},'
        '"status":"voided","outcome":null,"n_opts":2}'
    )
    assert list(read_questions(write(tmp_path / "q.gz", line, packed=True))) == [RAIN]


@pytest.mark.parametrize(
    ("line", "problem"),
    [("{", "is no JSON"), ("{}", "ifp_id: is missing"), ("[]", "must have fields of its own")],
)
def test_a_bad_question_is_refused_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(UnreadableRecording, match=f"line 1: .*{problem}"):
        list(read_questions(write(tmp_path / "q", line)))
