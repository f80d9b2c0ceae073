"""A cluster of three for the tests: members that lead, follow, stop, freeze and die, in front of one log.

    with running_cluster(tmp_path) as cluster:          # all three are up, and one leads
        store = await EventStoreDBStore.connect(cluster.uri)    # names all three
        cluster.kill(cluster.leader())                  # SIGKILL; another leads after about 1.7 s
        cluster.wait_for_leader()
        cluster.start(0)                                # comes back and follows

``kill``, ``stop`` (SIGTERM: it first answers that it is not ready), ``freeze`` and ``thaw`` act on one member
by its number. ``lose_quorum`` takes the followers away: the leader keeps what it is sent, shows nothing and
tells of timeouts; ``thaw`` or ``start`` one of them and what it kept becomes visible, unless
``cluster.next_leader`` names another, in which case it is gone and the old leader ends itself and is started
again. ``busy`` has a member answer that it is. Who leads is decided here, by a thread, after the times that
were measured on a genuine cluster; every method is synchronous and may be called from any thread. In a test
that runs an event loop use ``asyncio.to_thread`` for the two that wait, ``start`` and ``wait_for_leader``.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import log_process, member_process
from tests.cluster.board import MEMBERS, Board, Gate, Role
from tests.cluster.genuine_cluster import GenuineCluster
from tests.cluster.program import PROGRAM, free_ports

TICK_S = 0.02
PATIENCE_S = 30
ALONE_S = 3.0
ELECTION_S = 0.8
"""How long it takes once a majority is there."""

DROPPING_S = 0.2
RESTARTED_AFTER_S = 0.5
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Absence:
    """Why a leader is away: when the others notice, and when one of them leads."""

    noticed_after_s: float
    replaced_after_s: float


STOPPED = Absence(0.0, 0.8)
KILLED = Absence(0.5, 1.7)
FROZEN = Absence(3.0, 5.5)


class _Member:
    def __init__(self, number: int) -> None:
        self.number = number
        self.process: subprocess.Popen[str] | None = None
        self.absence: Absence | None = KILLED
        self.absent_since = 0.0
        self.busy = False

    def away(self, absence: Absence | None) -> None:
        self.absence = absence
        self.absent_since = time.monotonic()


class Cluster:
    """Three members and the log behind them. Make it with :func:`running_cluster`."""

    stands_in = True

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.addresses = [f"127.0.0.1:{port}" for port in free_ports(MEMBERS)]
        self.next_leader: int | None = None
        """Who is to lead next, if it is up; otherwise whoever led last, or the one after it."""
        self.alone_s = ALONE_S
        """How long a leader without followers goes on to lead."""
        self._board_path = folder / "board"
        self._board = Board(self._board_path)
        self._members = [_Member(number) for number in range(MEMBERS)]
        self._leader: int | None = None
        self._led_last = MEMBERS - 1
        self._elect_at = 0.0
        self._alone_since: float | None = None
        self._majority_since: float | None = None
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._log: subprocess.Popen[str]
        self._log_address = ""
        self._thread = threading.Thread(target=self._supervise, daemon=True)

    @property
    def uri(self) -> str:
        """The connection string that names all members."""
        return f"esdb://{','.join(self.addresses)}?Tls=false"

    def uri_of(self, member: int) -> str:
        """Return the connection string of one member."""
        return f"esdb://{self.addresses[member]}?Tls=false"

    def leader(self) -> int:
        """Return who leads, waiting for an election if there is one."""
        return self.wait_for_leader()

    def followers(self) -> list[int]:
        """Return who is up and does not lead."""
        with self._lock:
            return [m.number for m in self._members if m.absence is None and m.number != self._leader]

    def up(self) -> list[int]:
        """Return who is neither down nor frozen."""
        with self._lock:
            return [m.number for m in self._members if m.absence is None]

    def down(self) -> list[int]:
        """Return whose process has ended."""
        with self._lock:
            return [m.number for m in self._members if m.process is None]

    def frozen(self) -> list[int]:
        """Return who is frozen, or was and has yet to end itself."""
        with self._lock:
            return [m.number for m in self._members if m.process is not None and m.absence is FROZEN]

    def wait_until_whole(self) -> int:
        """Return who leads once all members are up."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.up()) < MEMBERS:
            assert time.monotonic() < deadline, f"only {self.up()} are up"
            time.sleep(TICK_S)
        return self.wait_for_leader()

    def wait_until_leaderless(self) -> None:
        """Wait until nobody leads."""
        deadline = time.monotonic() + PATIENCE_S
        while self._leader is not None:
            assert time.monotonic() < deadline, f"member {self._leader} leads"
            time.sleep(TICK_S)

    def wait_for_leader(self) -> int:
        """Return who leads once somebody does."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with self._lock:
                leader = self._leader
                if leader is not None and self._members[leader].absence is None:
                    return leader
            time.sleep(TICK_S)
        raise TimeoutError("nobody leads the cluster")

    def start(self, member: int) -> None:
        """Start a member that has ended; it follows, or stands for election."""
        with self._lock:
            each = self._members[member]
            assert each.process is None, f"member {member} runs"
            if member == self._leader:  # it may come back before the others have noticed
                self._nobody_leads(0)
            each.process = self._run(
                member_process, str(member), str(self._board_path), self._log_address, *self.addresses
            )
            self._board.set_role(member, Role.LEADERLESS)
        _first_line(each.process)
        with self._lock:
            each.away(None)

    def stop(self, member: int) -> None:
        """Ask a member to end, and wait until it has."""
        with self._lock:
            each = self._members[member]
            assert each.process is not None
            self._board.set_role(member, Role.LEADERLESS)
            each.away(STOPPED)
            each.process.send_signal(signal.SIGTERM)
        each.process.wait(PATIENCE_S)
        with self._lock:
            self._ended(each)

    def kill(self, member: int) -> None:
        """End a member as a power cut would."""
        with self._lock:
            each = self._members[member]
            assert each.process is not None
            each.process.kill()
            each.process.wait(PATIENCE_S)
            each.away(KILLED)
            self._ended(each)

    def freeze(self, member: int) -> None:
        """Stop a member with its sockets open."""
        self._signal(member, signal.SIGSTOP)
        with self._lock:
            self._members[member].away(FROZEN)

    def thaw(self, member: int) -> None:
        """Let a frozen member go on. One that led and was replaced ends itself and is started again."""
        with self._lock:
            if self._board.role(member) is not Role.TRUNCATES:
                self._members[member].away(None)
        self._signal(member, signal.SIGCONT)

    def busy(self, member: int, *, busy: bool = True) -> None:
        """Have a member that leads answer appends that it is too busy."""
        with self._lock:
            self._members[member].busy = busy
            self._tell_roles()

    def lose_quorum(self) -> list[int]:
        """Freeze all members but the one that leads, and return them."""
        leader = self.wait_for_leader()
        with self._lock:
            self._board.gate = Gate.HELD
            followers = [m for m in self.up() if m != leader]
        for member in followers:
            self.freeze(member)
        return followers

    def open(self) -> None:
        """Start everything and wait until somebody leads."""
        (self.folder / "log").mkdir(exist_ok=True)
        self._log = self._run(log_process, str(self.folder / "log"), str(self._board_path))
        self._log_address = _first_line(self._log).strip().removeprefix("esdb://").partition("?")[0]
        for member in range(MEMBERS):
            self.start(member)
        self._thread.start()
        self.wait_for_leader()

    def close(self) -> None:
        """End everything at once."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        for process in [*(m.process for m in self._members if m.process is not None), self._log]:
            process.kill()
            process.wait(PATIENCE_S)
            assert process.stdout is not None
            process.stdout.close()

    def _run(self, program: object, *arguments: str) -> subprocess.Popen[str]:
        module = str(program.__name__)  # type: ignore[attr-defined]
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"GRPC_VERBOSITY": "NONE"},
        )

    def _signal(self, member: int, number: signal.Signals) -> None:
        process = self._members[member].process
        assert process is not None, f"member {member} is down"
        process.send_signal(number)

    def _ended(self, member: _Member) -> None:
        assert member.process is not None
        assert member.process.stdout is not None
        member.process.stdout.close()
        member.process = None
        if member.number != self._leader:
            self._board.set_role(member.number, Role.GONE)

    def _supervise(self) -> None:
        while not self._closing.wait(TICK_S):
            with self._lock:
                self._look(time.monotonic())
            self._start_again()

    def _look(self, now: float) -> None:
        up = self.up()
        if self._leader is None:
            self._majority_since = (self._majority_since or now) if len(up) > MEMBERS // 2 else None
            since = self._majority_since
            if since is not None and now >= max(self._elect_at, since + ELECTION_S):
                self._elect(up)
        else:
            self._check_leader(self._members[self._leader], up, now)
        self._tell_roles()

    def _check_leader(self, leader: _Member, up: list[int], now: float) -> None:
        if leader.absence is not None:
            self._board.gate = Gate.HELD
            if now >= leader.absent_since + leader.absence.noticed_after_s:
                self._nobody_leads(leader.absent_since + leader.absence.replaced_after_s)
        elif len(up) <= MEMBERS // 2:
            self._board.gate = Gate.HELD
            self._alone_since = self._alone_since or now
            if now >= self._alone_since + self.alone_s:
                self._nobody_leads(0)
        else:
            self._alone_since = None
            self._board.gate = Gate.OPEN

    def _nobody_leads(self, elect_at: float) -> None:
        assert self._leader is not None
        self._led_last, self._leader = self._leader, None
        self._alone_since = self._majority_since = None
        self._elect_at = elect_at

    def _elect(self, up: list[int]) -> None:
        leader = self._chosen(up)
        if leader != self._led_last:
            self._drop_what_was_held()
        self.next_leader = None
        self._leader = leader
        self._board.gate = Gate.OPEN

    def _chosen(self, up: list[int]) -> int:
        if self.next_leader in up:
            return self.next_leader
        # What holds most of the log leads.
        return self._led_last if self._led_last in up else up[self._led_last % len(up)]

    def _drop_what_was_held(self) -> None:
        old = self._members[self._led_last]
        held = self._board.gate is Gate.HELD
        if old.process is not None and old.absence is not STOPPED:
            self._board.set_role(old.number, Role.TRUNCATES)
            if old.absence is None:
                old.away(KILLED)
                old.process.wait(PATIENCE_S)
        if held:
            self._board.gate = Gate.DROPPED
            time.sleep(DROPPING_S)

    def _tell_roles(self) -> None:
        for member in self._members:
            if member.process is None and member.number != self._leader:
                role = Role.GONE
            elif self._board.role(member.number) is Role.TRUNCATES:
                continue
            elif member.absence is STOPPED or self._leader is None:
                role = Role.LEADERLESS
            elif member.number != self._leader:
                role = Role.FOLLOWS
            else:
                role = Role.BUSY if member.busy else Role.LEADS
            self._board.set_role(member.number, role)

    def _start_again(self) -> None:
        """Start members that have ended themselves, as a supervisor would."""
        for member in self._members:
            process = member.process
            if process is not None and process.poll() == member_process.TRUNCATED:
                time.sleep(RESTARTED_AFTER_S)
                with self._lock:
                    self._ended(member)
                    self._board.set_role(member.number, Role.GONE)
                self.start(member.number)


@contextmanager
def running_cluster(folder: Path) -> Iterator[Any]:
    """Run a cluster with its files in a folder; a genuine one where ``EVENTSTOREDB_PROGRAM`` names a server.

    What only the stand-in does, ``next_leader``, ``busy`` and ``alone_s``, is there if ``cluster.stands_in``.
    """
    cluster = GenuineCluster(folder) if PROGRAM else Cluster(folder)
    try:
        cluster.open()
        yield cluster
    finally:
        cluster.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process did not start"
    return line
