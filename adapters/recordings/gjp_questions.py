"""The questions of the Good Judgment Project, one JSON object per line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from adapters.recordings.files import RecordingFile
from adapters.wording import first_fault
from application.replay.conditional_questions import Question


class _Record(BaseModel):
    ifp_id: str
    group: str
    kind: Literal["plain", "ordered", "conditional"]
    condition: str | None
    question: str
    rules: str
    options: dict[str, str]
    status: Literal["closed", "voided"]
    outcome: str | None


def read_questions(path: Path) -> Iterator[Question]:
    """Yield every question of a file, gzipped or plain."""
    file = RecordingFile(path)
    for number, text in file.lines():
        yield file.parsed(number, _question, text)


def _question(text: str) -> Question:
    try:
        record = _Record.model_validate_json(text)
    except ValidationError as fault:
        place, _, said = first_fault(fault)
        raise ValueError(": ".join(filter(None, (".".join(map(str, place)), said)))) from fault
    return Question(
        question_id=record.ifp_id,
        group=record.group,
        kind=record.kind,
        condition=record.condition,
        question=record.question,
        rules=record.rules,
        options=record.options,
        status=record.status,
        outcome=record.outcome,
    )
