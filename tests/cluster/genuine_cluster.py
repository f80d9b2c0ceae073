"""Three genuine servers on loopback, handled like the cluster that stands in for them."""

import signal
import threading
from pathlib import Path
from time import monotonic, sleep

from tests.cluster.board import MEMBERS
from tests.cluster.program import LOOK_S, START_S, Program, free_ports


class GenuineCluster:
    """What :class:`tests.cluster.cluster.Cluster` does, as far as it can be done from outside."""

    stands_in = False

    def __init__(self, folder: Path) -> None:
        nodes, replications = free_ports(MEMBERS), free_ports(MEMBERS)
        self.addresses = [f"127.0.0.1:{port}" for port in nodes]
        self._members = [
            Program(
                folder / str(number),
                ports=(nodes[number], replications[number]),
                seeds=tuple(each for each in self.addresses if each != self.addresses[number]),
            )
            for number in range(MEMBERS)
        ]
        self._wanted: set[int] = set()
        self._frozen: set[int] = set()
        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._start_again, daemon=True)

    @property
    def uri(self) -> str:
        return f"esdb://{','.join(self.addresses)}?Tls=false"

    def uri_of(self, member: int) -> str:
        return self._members[member].uri

    def leader(self) -> int:
        return self.wait_for_leader()

    def up(self) -> list[int]:
        return sorted(self._wanted - self._frozen)

    def down(self) -> list[int]:
        return sorted(set(range(MEMBERS)) - self._wanted)

    def frozen(self) -> list[int]:
        return sorted(self._frozen)

    def followers(self) -> list[int]:
        return [member for member in self.up() if self._members[member].state() == "follower"]

    def wait_for_leader(self) -> int:
        deadline = monotonic() + START_S
        while monotonic() < deadline:
            for member in self.up():
                if self._members[member].state() == "leader":
                    return member
            sleep(LOOK_S)
        raise TimeoutError("nobody leads the cluster")

    def wait_until_leaderless(self) -> None:
        deadline = monotonic() + START_S
        while any(self._members[member].state() == "leader" for member in self.up()):
            assert monotonic() < deadline, "somebody leads"
            sleep(LOOK_S)

    def wait_until_whole(self) -> int:
        for member in self._members:
            member.wait_until_it_serves()
        return self.wait_for_leader()

    def start(self, member: int) -> None:
        self._members[member].launch()
        self._wanted.add(member)

    def stop(self, member: int) -> None:
        self._end(member, signal.SIGTERM)

    def kill(self, member: int) -> None:
        self._end(member, signal.SIGKILL)

    def freeze(self, member: int) -> None:
        self._send(member, signal.SIGSTOP)
        self._frozen.add(member)

    def thaw(self, member: int) -> None:
        self._frozen.discard(member)
        self._send(member, signal.SIGCONT)

    def lose_quorum(self) -> list[int]:
        leader = self.wait_for_leader()
        followers = [member for member in self.up() if member != leader]
        for member in followers:
            self.freeze(member)
        return followers

    def open(self) -> None:
        for member in range(MEMBERS):
            self.start(member)
        self._watching.start()
        self.wait_until_whole()

    def close(self) -> None:
        self._closing.set()
        if self._watching.ident is not None:
            self._watching.join()
        for member in self._members:
            if member.process is not None:
                member.end(signal.SIGKILL)

    def _end(self, member: int, number: signal.Signals) -> None:
        self._wanted.discard(member)
        self._frozen.discard(member)
        self._members[member].end(number)

    def _send(self, member: int, number: signal.Signals) -> None:
        process = self._members[member].process
        assert process is not None
        process.send_signal(number)

    def _start_again(self) -> None:
        """Start members that have ended themselves, as a supervisor would."""
        while not self._closing.wait(LOOK_S):
            for member in list(self._wanted):
                if member in self._wanted:
                    self._members[member].launch_again()
