"""The options and arguments that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. [default: $PRESAGE_DATA, or the user's data folder]"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Account = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT", help="Whose. [default: the one account with a trader's key in the data folder]"
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="As it stood at this time, in ISO 8601 or seconds since the Unix epoch.",
    ),
]
