"""Rules against market manipulation from a file in TOML, read as the firewall's are."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapters.rule_files import UnusableRules, parse_rules, read_rules_file
from application.surveillance.rules import (
    PARAMETERS,
    Action,
    Exemption,
    Pattern,
    Rule,
    Severity,
    SurveillanceRules,
)

OFF, ON = "off", "on"

_Because = Annotated[str, Field(min_length=10)]
_Whole = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _RuleForm(_Form):
    id: str = Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")
    pattern: Pattern
    threshold: _Whole
    window_s: int = Field(ge=1, le=86_400, strict=True)
    action: Action
    severity: Severity
    rationale: _Because
    parameters: dict[str, _Whole] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _knows_all_it_needs(self) -> Self:
        needed = PARAMETERS[self.pattern]
        for name in sorted(needed ^ self.parameters.keys()):
            what = "is missing" if name in needed else f"is no parameter of {self.pattern}"
            raise ValueError(f"{name} {what}")
        for name, value in self.parameters.items():
            if name.endswith("_percent") and value > 100:
                raise ValueError(f"{name} is {value}: it is at most 100")
        return self


class _ExemptionForm(_Form):
    accounts: tuple[str, ...] = Field(min_length=1)
    rules: tuple[str, ...] = Field(min_length=1)
    rationale: _Because


class _RulesForm(_Form):
    rules: tuple[_RuleForm, ...] = ()
    exceptions: tuple[_ExemptionForm, ...] = ()
    without: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [rule.id for rule in self.rules]
        for twice in {rule_id for rule_id in ids if ids.count(rule_id) > 1}:
            raise ValueError(f"there are two rules {twice}")
        return self


def surveillance_rules(wanted: str) -> SurveillanceRules:
    """Return the usual rules (``on``), none (``off``), or the usual ones and those of a file.

    Raises :class:`adapters.rule_files.UnusableRules` that says where the file is wrong.
    """
    if wanted == OFF:
        return SurveillanceRules(rules=())
    usual = parse_rules(
        files("adapters.surveillance").joinpath("usual.toml").read_text("utf-8"), _RulesForm, "usual.toml"
    )
    if wanted == ON:
        return _in_force(usual)
    path = Path(wanted)
    own = read_rules_file(path, _RulesForm)
    _refuse_what_is_not_there(path, usual, own)
    return _in_force(
        own.model_copy(
            update={
                "rules": (*(rule for rule in usual.rules if rule.id not in own.without), *own.rules),
                "without": (),
            }
        )
    )


def _refuse_what_is_not_there(path: Path, usual: _RulesForm, own: _RulesForm) -> None:
    known = {rule.id for rule in usual.rules}
    for rule in own.rules:
        if rule.id in known - set(own.without):
            raise UnusableRules(
                f"{path}: rules.{rule.id}: there is one of that name already; leave it out first"
            )
    for rule_id in own.without:
        if rule_id not in known:
            raise UnusableRules(f"{path}: without: there is no rule {rule_id}")
    for exemption in own.exceptions:
        for rule_id in exemption.rules:
            if rule_id not in known | {rule.id for rule in own.rules}:
                raise UnusableRules(f"{path}: exceptions: there is no rule {rule_id}")


def _in_force(form: _RulesForm) -> SurveillanceRules:
    return SurveillanceRules(
        rules=tuple(Rule(**rule.model_dump()) for rule in form.rules),
        exceptions=tuple(
            Exemption(accounts=frozenset(each.accounts), rules=frozenset(each.rules))
            for each in form.exceptions
        ),
    )
