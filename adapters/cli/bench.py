"""``presage bench``: the measurements of ``benchmarks/``."""

import tempfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

import benchmarks
from adapters.cli.failures import Failure
from adapters.cli.options import Data, Json
from adapters.cli.output import safe, show, table

app = typer.Typer()


def names() -> list[str]:
    """Return what can be measured: every module that says so by its name."""
    return [module.name for module in iter_modules(benchmarks.__path__) if not module.name.startswith("_")]


@app.command()
def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(names())}.")],
    *,
    n: Annotated[int | None, typer.Option("--n", min=1, help="How much work. [default: its own]")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Measure something on this machine, beside what it is compared with.

    Files are written to temporary folders, within --data if it is given, to measure another disk.
    """
    if name not in names():
        raise typer.BadParameter(f"there is no {name!r}; there are {', '.join(names())}")
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(data)
    result = _run(name, n)
    show(result, as_json=as_json, view=lambda: _view(result))
    if failed := result.get("failed"):
        raise Failure("bench_failed", f"{name}: measured and found wanting", details="; ".join(failed))


def _run(name: str, n: int | None) -> dict[str, Any]:
    try:
        run = import_module(f"benchmarks.{name}").run
        result: dict[str, Any] = run() if n is None else run(n)
    except ModuleNotFoundError as error:
        raise Failure(
            "missing_package", f"{error.name} is not installed", details="pip install 'presage[bench]'"
        ) from error
    return result


def _view(result: Mapping[str, Any]) -> RenderableType:
    conditions = ", ".join(f"{name} {value}" for name, value in result["conditions"].items())
    rows = [("ours", *pair) for pair in _numbers(result["ours"])]
    for peer, measured in result["peers"].items():
        rows.extend((peer, *pair) for pair in _numbers(measured))
    rows.extend(("ratio", *pair) for pair in _numbers(result["ratios"]))
    return Group(
        safe(f"{result['bench']}: n = {result['n']:,}; {conditions}"),
        table(["whose", "what~", "measured#"], rows),
    )


def _numbers(measured: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the numbers of nested objects, each with its path."""
    for name, value in measured.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{path}.")
        else:
            yield path, f"{value:,}" if isinstance(value, int | float) else str(value)
