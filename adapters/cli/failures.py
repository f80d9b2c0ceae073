"""What can go wrong with a command, each with a stable code and a sentence, never with a traceback."""

import json
import os
import sys
from typing import Any

import typer

from adapters.cli.output import visible
from adapters.redaction import redacted
from adapters.settings import without_secrets

SERVICE = "presage"


class Failure(Exception):
    """A command cannot be carried out; the message says why and what to do."""

    def __init__(self, code: str, message: str, *, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def failure_of(error: BaseException) -> Failure:
    """Return how a fault is told."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, typer.TyperException):
        return Failure("usage", error.format_message(), details=_hint(error))
    kind = type(error).__name__
    # By name, so that what is not in use need not be imported.
    if kind == "MembershipRefused":
        return Failure(getattr(error, "code", kind), str(error))
    if kind in _CODES:
        return Failure(_CODES[kind], str(error))
    if kind == "ValidationError":
        return _settings(error)
    if isinstance(error, OSError):
        return Failure("file_error", f"{error.filename or 'the system'}: {error.strerror or error}")
    return Failure("internal_error", f"{kind}: {error}", details=f"raised in {_place(error)}")


_CODES = {
    "UnusableLog": "unusable_data",
    "UnusableRules": "invalid_setting",
    "UnsafeDatabase": "invalid_setting",
    "TracingNotInstalled": "missing_package",
    "UnusableFolder": "unusable_data",
    "BadObjective": "invalid_setting",
    "MeasurementsDamaged": "unusable_data",
    "MeasurementsUnkept": "unusable_data",
    "UnusableBundle": "unusable_bundle",
    "ReadModelDamaged": "unusable_read_model",
    "ReadModelOutdated": "unusable_read_model",
    "StoreUnavailable": "store_unavailable",
    "AppendOutcomeUnknown": "outcome_unknown",
    "EventStoreError": "store_failed",
    "StoreMisconfigured": "invalid_setting",
    "Overloaded": "overloaded",
    "NameTaken": "engine_name_taken",
    "QueueFull": "overloaded",
    "QueueUnavailable": "queue_unavailable",
    "UnusableQueue": "unusable_queue",
    "UnreadableEvent": "unreadable_event",
    "TransferRefused": "transfer_refused",
    "UnknownProjection": "unknown_projection",
    "RebuildHalted": "rebuild_halted",
    "RebuildRunning": "rebuild_running",
    "ReadModelOfAnotherLog": "unusable_read_model",
    "UnusableSession": "unusable_session",
    "UnreadableRecording": "unreadable_recording",
    "ReadModelUnavailable": "read_model_unavailable",
}


def _hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context is not None else ""


def _settings(error: Any) -> Failure:
    from adapters.wording import first_fault  # noqa: PLC0415 (only where something is wrong)

    place, _, said = first_fault(error)
    given = error.errors(include_url=False, include_context=False)[0]["input"]
    return Failure(
        "invalid_setting",
        ": ".join(filter(None, (".".join(map(str, place)), said))),
        details=without_secrets(f"it is {given!r}"),
    )


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{os.path.relpath(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def report(failure: Failure, *, as_json: bool) -> None:
    """Print a failure: an object on standard output for scripts, a sentence on standard error for people."""
    message, details = (visible(redacted(text)) for text in (failure.message, failure.details))
    if as_json:
        error = {
            "code": failure.code,
            "message": message,
            "details": details,
            "service": SERVICE,
        }
        sys.stdout.write(json.dumps({"error": error}, ensure_ascii=False) + "\n")
        return
    sys.stderr.write(f"Error ({failure.code}): {message}\n")
    if details:
        sys.stderr.write(f"  {details}\n")
