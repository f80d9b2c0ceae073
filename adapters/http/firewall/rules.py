"""Rules of the firewall as data: what is looked for, where, what is done, and why."""

import re
from collections.abc import Sequence
from enum import StrEnum
from fnmatch import translate
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

import re2  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapters.rule_files import UnusableRules, parse_rules, read_rules_file


class Action(StrEnum):
    """What a rule does."""

    BLOCK = "block"
    """Its score counts; a request that reaches the threshold is refused."""
    CHALLENGE = "challenge"
    """As well, and whoever reads without having signed is asked to."""
    LOG = "log"
    """It is counted and logged, and does nothing: for a rule on trial."""


class Severity(StrEnum):
    """How sure a rule is that nobody means well by what it finds."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


MEMORY_BYTES = 64 * 1024 * 1024
"""What the states of one set of patterns may take, before they are worked out anew."""

SCORES = {Severity.CRITICAL: 5, Severity.ERROR: 4, Severity.WARNING: 3, Severity.NOTICE: 2}


class Where(StrEnum):
    """A part of a request."""

    PATH = "path"
    QUERY = "query"
    RAW = "raw"
    """Path and query as they were sent, in lower case."""
    HEADERS = "headers"
    """The values of all headers but those that hold secrets or signatures, and the next."""
    AGENT = "agent"
    BODY = "body"
    """The texts of a JSON document, or the body as it is if it is none."""


class Measured(StrEnum):
    """What can be counted of a request."""

    PATH_BYTES = "path_bytes"
    QUERY_BYTES = "query_bytes"
    HEADERS = "headers"
    HEADER_BYTES = "header_bytes"
    AGENT_BYTES = "agent_bytes"
    MALFORMED = "malformed"
    ENCODINGS = "encodings"


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Because = Annotated[str, Field(min_length=10)]


class Rule(_Form):
    """One rule: a pattern in some parts of a request, or a measure beyond a bound."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")
    pattern: str | None = None
    where: tuple[Where, ...] = ()
    measure: Measured | None = None
    above: int | None = None
    below: int | None = None
    action: Action
    severity: Severity
    paranoia: int = Field(default=1, ge=1, le=4)
    rationale: _Because

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        if (self.pattern is None) == (self.measure is None):
            raise ValueError("a rule has either a pattern or a measure")
        if self.pattern is not None:
            if not self.where:
                raise ValueError("a pattern needs where it is looked for")
            try:
                re2.compile(self.pattern, _options())
            except re2.error as error:
                raise ValueError(f"the pattern is not one of RE2's: {_said(error)}") from None
        elif (self.above is None) == (self.below is None):
            raise ValueError("a measure needs either above or below")
        return self

    @property
    def score(self) -> int:
        """What a finding adds to the score of a request."""
        return 0 if self.action is Action.LOG else SCORES[self.severity]


class Exemption(_Form):
    """Rules that do not count on some routes, for some parts. Rules and route may hold ``*``."""

    route: str = Field(pattern=r"^(\*|[A-Z]+) /\S*$")
    rules: tuple[str, ...] = Field(min_length=1)
    where: tuple[Where, ...] = tuple(Where)
    rationale: _Because

    @cached_property
    def _pattern(self) -> "re.Pattern[str]":
        return re.compile(translate(self.route))

    @cached_property
    def _ids(self) -> "re.Pattern[str]":
        return re.compile("|".join(map(translate, self.rules)))

    def spares(self, route: str, rule: Rule, where: Where | None) -> bool:
        """Return whether a finding does not count. What is measured is in no part."""
        here = where is None or where in self.where
        return here and bool(self._pattern.match(route)) and bool(self._ids.match(rule.id))


class Rules(_Form):
    """All rules, those to leave out, how suspicious to be, and from which score on a request is refused."""

    rules: tuple[Rule, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    without: tuple[str, ...] = ()
    paranoia: int = Field(default=1, ge=1, le=4)
    threshold: int = Field(default=5, ge=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [rule.id for rule in self.rules]
        for twice in {rule_id for rule_id in ids if ids.count(rule_id) > 1}:
            raise ValueError(f"there are two rules {twice}")
        return self

    @property
    def in_force(self) -> Sequence[Rule]:
        """The rules that count at this level."""
        return [rule for rule in self.rules if rule.paranoia <= self.paranoia and rule.id not in self.without]


def usual_rules() -> Rules:
    """Return the rules that come with Presage."""
    text = files("adapters.http.firewall").joinpath("usual.toml").read_text("utf-8")
    return parse_rules(text, Rules, "usual.toml")


def read_rules(path: Path) -> Rules:
    """Return the usual rules and those of a file, which may leave out some of the usual ones.

    Raises :class:`UnusableRules` that says where the file is wrong.
    """
    usual = usual_rules()
    own = read_rules_file(path, Rules)
    known = {rule.id for rule in (*usual.rules, *own.rules)}
    for rule in own.rules:
        if any(rule.id == other.id for other in usual.rules):
            raise UnusableRules(
                f"{path}: rules.{rule.id}: there is one of that name already; leave it out first"
            )
    for rule_id in own.without:
        if rule_id not in known:
            raise UnusableRules(f"{path}: without: there is no rule {rule_id}")
    return own.model_copy(
        update={
            "rules": (*usual.rules, *own.rules),
            "exceptions": (*usual.exceptions, *own.exceptions),
        }
    )


def _options() -> "re2.Options":
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = MEMORY_BYTES
    return options


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def pattern_set(patterns: Sequence[str]) -> "re2.Set":
    """Return patterns as one, which says of a text which of them it holds."""
    found = re2.Set.SearchSet(_options())
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return found
