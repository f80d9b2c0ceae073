"""Every command shows texts of the log that were made to be obeyed, and shows them as they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest

from adapters.bootstrap import open_presage
from adapters.cli import eventstore, main
from adapters.cli.event_view import EventPrinter, StoredEvent
from adapters.cli.output import say
from adapters.cli.process import Stopping
from adapters.cli.progress import Steps
from adapters.cli.projector import _line
from adapters.cli.replay_views import replay_view
from adapters.cli.welcome import welcome
from adapters.data_folder import HeldKey
from adapters.settings import Settings
from application.ports.event_store import Position, RecordedEvent
from application.replay.report import FileReport, ReplayReport
from domain.group.commands import CreateGroup
from domain.identifiers import AccountId, GroupId, Ticker
from domain.market.commands import CreateMarket
from tests.unit.cli.test_commands_are_documented import every_command
from tests.unit.cli.test_shown_safely import HOSTILE, OBEYED

PATH = "data [bold] [red] \u202e\u2066\x9b31m"
"""The name of a folder can be as hostile as a title."""

TYPED = "".join(char for char in HOSTILE if char not in "\x1b\x9b\x07").replace(" ", "_")
"""What requests take of it."""

STORY = """
keys create ann --name {typed}
keys create bob
keys list ann
deposit ann 100 --reference {typed}
deposit bob 100
withdraw bob 1
group list
market list
market search gone
market show RAIN
order place RAIN --side yes --count 9 --price 0.40 --account ann
order place RAIN --side no --count 2 --price 0.60 --account bob
market most-traded
order list --account ann
order amend {order} --price 0.41 --account ann
order decrease {order} --to 5 --account ann
why order {order} --account ann
why entry 0 --account ann
rfq create RAIN --count 5 --account ann
rfq list --account bob
rfq quote {hostile} --yes 0.40 --no 0.50 --account bob
rfq quotes --account ann
rfq accept {hostile} --side no --account ann
rfq confirm {hostile} --account bob
rfq withdraw {hostile} --account bob
rfq cancel {hostile} --account ann
portfolio --account ann
leaderboard
order cancel --all --account ann
price-at RAIN 2100-01-01
market pause RAIN --reason {typed}
market resume RAIN
market create HAIL --title {typed} --rules {typed} --category {typed} --no-activate
market link HAIL --if RAIN
market activate HAIL
market preview RAIN
what-if RAIN
what-if RAIN --remove {hostile}
sandbox --from {here}/none{hostile}
market close RAIN
market determine RAIN --result yes --evidence {typed}
market dispute RAIN --reason {typed}
market finalize RAIN
market resolve SNOW --result no --evidence {typed}
market void HAIL --reason {typed}
group create CUP --title {typed}
group determine CUP --winner NONE --evidence {typed}
group dispute CUP --reason {hostile}
group finalize CUP
group resolve CUP --winner NONE --evidence {typed}
group void CUP --reason {typed}
keys revoke {hostile}
inspect --all
audit export RAIN --out {here}/bundle{hostile}
audit verify {here}/bundle{hostile}
verify
export {here}/copy[red]{hostile}.db
import {here}/none{hostile}
rebuild --all
alerts
surveil --market {hostile}
slo status
slo report --out {here}/week{hostile}
simulate --seeds 1 --commands 20
load
replay {here}/{hostile}
partitions
capacity cache --minutes 1
capacity plan
capacity pool
ring show {hostile} engine=2
ring plan {hostile} --add engine
webhook set bob hook https://example.com/{typed}
webhook list bob
webhook dead bob
webhook retry bob {hostile}
webhook remove bob {hostile}
cluster status
cluster add {hostile}
cluster remove {hostile}
queue list
queue dead {hostile}
queue retry {hostile} {hostile}
queue discard {hostile} {hostile}
chaos list
chaos run {hostile}
eventstore-user
bench pool --n {hostile}
"""
"""Every command that comes to an end. Most are carried out; the rest is refused, and says why."""

NEED_NO_FOLDER = {
    "partitions", "capacity", "replay", "bench", "queue", "simulate", "chaos", "eventstore-user",
    "record", "mock",
}  # fmt: skip

CARRIED_OUT = [
    line for line in STORY.splitlines() if "{typed}" in line and "NONE" not in line and "webhook" not in line
]
"""These end well, so that what they were given stands in the log."""

RUN_ON = {"serve", "projector", "eventstore", "engine", "api", "record", "mock"}
"""What these say is looked at below."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exchange whose markets, group and keys have hostile names."""
    folder = tmp_path_factory.mktemp("hostile") / PATH
    asyncio.run(_made(folder))
    return folder


async def _made(folder: Path) -> None:
    async with open_presage(Settings(data=folder)) as presage:
        await presage.start()
        operations = presage.exchange.operations
        await operations.create_group(
            CreateGroup(group_id=GroupId("EVIL"), title=HOSTILE, category=HOSTILE, series=HOSTILE)
        )
        for ticker in ("RAIN", "SNOW"):
            made = CreateMarket(ticker=Ticker(ticker), title=HOSTILE, rules=HOSTILE, category=HOSTILE)
            await operations.create_market(made)
            await operations.activate(Ticker(ticker))
        await presage.exchange.keys.create(AccountId("ann"), name=HOSTILE, public_key_pem="none", scopes=())
        await presage.exchange.settled()


def test_every_command_has_its_part_in_the_story() -> None:
    lines = [line.split() for line in STORY.splitlines()]
    names = {name for name, _ in every_command()}
    assert {
        name for name in names if not any(line[: len(name.split())] == name.split() for line in lines)
    } == RUN_ON


def test_no_command_obeys_what_it_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown: dict[str, str] = {}
    order = "none"
    for line in filter(None, STORY.splitlines()):
        words = [
            word.format(hostile=HOSTILE, typed=TYPED, here=folder.parent, order=order)
            for word in line.split()
        ]
        data = [] if words[0] in NEED_NO_FOLDER else ["--data", str(folder)]
        main.run([*words, *data])
        said = capsys.readouterr()
        shown[line] = said.out + said.err
        assert shown[line], line
        assert not OBEYED & set(shown[line]), line
        assert "internal_error" not in shown[line], shown[line]
        if "--side yes" in line:
            order = shown[line].split("\n")[3].split()[0]
    assert {line: text for line, text in shown.items() if line in CARRIED_OUT and "Error" in text} == {}
    for line in ("market list", "market show RAIN", "group list", "keys list ann"):
        assert "[/] [bold red]loud[/]" in shown[line], shown[line]


def test_what_runs_on_is_as_careful(capsys: pytest.CaptureFixture[str]) -> None:
    key = HeldKey(key_id=HOSTILE, account_id=HOSTILE, scopes=(), private_key_path=Path(HOSTILE))
    settings = Settings(data=Path(HOSTILE))
    welcome(settings, f"http://{HOSTILE}", key)
    welcome(settings, f"http://{HOSTILE}", None)
    known = {"caught_up": False, "position": 1, "events": 1, "events_per_s": 1.0}
    say(_line({**known, "halted": {"markets": HOSTILE}, "unavailable": HOSTILE}))
    with Steps() as steps:
        steps.reached(HOSTILE, 1, 2)
    assert not OBEYED & set("".join(capsys.readouterr()))


@pytest.mark.parametrize("as_json", [True, False])
async def test_the_event_store_is_as_careful(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    @asynccontextmanager
    async def running(*_: object, **__: object) -> AsyncIterator[object]:
        yield SimpleNamespace(uri=HOSTILE, end_calls=None)

    monkeypatch.setattr(eventstore, "running_node", running)
    serving = asyncio.create_task(
        eventstore._serve(Path(HOSTILE), HOSTILE, 0, None, None, Stopping(), as_json=as_json)
    )
    shown = ""
    while not shown:
        await asyncio.sleep(0)
        shown = "".join(capsys.readouterr())
    serving.cancel()
    assert not OBEYED & set(shown)
    assert "loud" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "--host", HOSTILE),
        ("eventstore", "--port", "0", "--host", HOSTILE),
        ("eventstore", "--users", f"/{HOSTILE}"),
        ("eventstore", "--certificate", f"/{HOSTILE}", "--key", f"/{HOSTILE}"),
        ("projector", HOSTILE),
        ("record", f"/none/{HOSTILE}"),
        ("mock", f"/none/{HOSTILE}"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_cannot_run_on_says_so_as_carefully(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], form: tuple[str, ...]
) -> None:
    data = [] if words[0] in NEED_NO_FOLDER else ["--data", str(tmp_path / PATH)]
    assert main.run([*words, *form, *data]) in (1, 2)
    shown = "".join(capsys.readouterr())
    assert not OBEYED & set(shown)
    assert "loud" in shown
    assert "internal_error" not in shown


def test_a_terminal_is_shown_events_and_recordings_as_carefully(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")  # no colours, so that every escape sequence is the text's
    monkeypatch.setenv("COLUMNS", "300")
    stored = RecordedEvent(
        id=UUID(int=1),
        type=HOSTILE,
        data=HOSTILE.encode(),
        metadata=b"{}",
        stream=HOSTILE,
        revision=0,
        position=Position(1),
        recorded_at_us=0,
    )
    EventPrinter(as_json=False).print(StoredEvent(stored))
    report = FileReport(file=HOSTILE)
    report.skipped[HOSTILE] = HOSTILE
    say(replay_view(ReplayReport(files=[report], invariants=HOSTILE, events=0, elapsed_s=1.0)))
    shown = capsys.readouterr().out
    assert not OBEYED & set(shown)
    assert "[/]" in shown
