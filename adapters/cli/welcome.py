"""What ``presage serve`` says to people once it is open."""

import shlex

from adapters.cli.output import safe, say
from adapters.data_folder import HeldKey
from adapters.settings import Settings, default_data

TICKER = "FED-27MAR-CUT"

PYTHON = """\
import kalshi_python_sync as kalshi

configuration = kalshi.Configuration(host="{url}/trade-api/v2")
configuration.api_key_id = "{key_id}"
configuration.private_key_pem = open("{private_key_path}").read()
client = kalshi.KalshiClient(configuration)
answer = client.create_order(ticker="{ticker}", side="yes", action="buy", count=10, yes_price=45)
print(answer.order.status, answer.order.order_id)
"""


def welcome(settings: Settings, url: str, trader: HeldKey | None) -> None:
    """Say where the exchange is, and what to try first."""
    say(f"[bold green]Presage is open[/] at [bold]{safe(url)}[/] - reference at {safe(url)}/docs")
    say(f"[dim]data in {safe(str(settings.data.absolute()))}; Ctrl-C closes[/]\n")
    data = "" if settings.data == default_data() else f" --data {shlex.quote(str(settings.data.absolute()))}"
    if trader is None:
        _say_code("Make a market and a trader, in another terminal:", _first_steps(data))
        return
    _say_code("A first order to try, in another terminal:", _first_order(data))
    code = PYTHON.format(
        url=url, key_id=trader.key_id, private_key_path=trader.private_key_path, ticker=TICKER
    )
    _say_code("The same from Python, with Kalshi's own SDK (pip install kalshi_python_sync):", code)


def _first_steps(data: str) -> str:
    return (
        f"presage market create RAIN-TOMORROW --title 'Will it rain tomorrow?'{data}\n"
        f"presage keys create alice{data}\n"
        f"presage deposit alice 1000{data}\n"
        f"presage order place RAIN-TOMORROW --side yes --count 10 --price 0.40{data}\n"
    )


def _first_order(data: str) -> str:
    return (
        f"presage order place {TICKER} --side yes --count 10 --price 0.45{data}\n"
        f"presage market show {TICKER}{data}\n"
        f"presage portfolio{data}\n"
        f"presage inspect market-{TICKER} --follow{data}\n"
    )


def _say_code(title: str, code: str) -> None:
    """Print something to be copied: line by line as it is."""
    say(f"[bold]{title}[/]\n")
    for line in code.splitlines():
        say(f"  [cyan]{safe(line)}[/]" if line else "")
    say("")
