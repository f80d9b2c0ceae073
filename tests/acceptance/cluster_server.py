"""A cluster that stands where a test starts a server."""

import signal
from pathlib import Path
from typing import Any

from adapters.data_folder import DataFolder
from adapters.settings import ProjectorPlace
from tests.acceptance.cluster_of_engines import Cluster
from tests.acceptance.in_a_cluster import beside, environment_of, shared_redis
from tests.acceptance.presage_process import Server, presage, start_process


class ClusterServer(Server):
    """A running cluster: its first API, which ends with all others."""

    def __init__(self, cluster: Cluster, ready: dict[str, Any]) -> None:
        process = cluster.apis[0].process
        assert process is not None
        super().__init__(process, ready)
        self.cluster = cluster

    def kill(self) -> None:
        """End all of it as a power cut would."""
        self.cluster.close()

    def stop(self, *signals: signal.Signals) -> int:
        """Ask all of it to end, and return the worst exit status."""
        cluster = self.cluster
        roles = [*cluster.apis, *cluster.engines, *cluster.projectors]
        return max(role.stop() for role in roles)


def start_cluster(data: Path, *options: str) -> ClusterServer:
    """Start a cluster on the exchange of a folder, founding it if it is new.

    Where it projects is not to be chosen: it has projectors.
    """
    demo = "--demo" in options
    rest = [each for each in options if each != "--demo"]
    named = dict(zip(rest[::2], rest[1::2], strict=True))
    port, _ = named.pop("--port", "0"), named.pop("--projector", "")
    assert not named, f"a cluster has no {named}"
    keys: dict[str, Any] = {}
    if demo:
        keys = _furnished_for_a_demonstration(data)
    elif DataFolder(data).operator() is None:
        founded = presage("market", "list", "--data", data)
        assert founded.status == 0, founded.stderr
    environment = environment_of(data) | {"PRESAGE_PROJECTOR": ProjectorPlace.ELSEWHERE.value}
    if demo:
        environment["PRESAGE_SIGN_UP"] = "true"
    cluster = Cluster(beside(data), shared_redis(), operator=data, environment=environment)
    cluster.apis[0].at_port(port)
    try:
        cluster.start_founded()
    except BaseException:
        cluster.close()
        raise
    return ClusterServer(cluster, {**cluster.apis[0].ready, **keys})


def _furnished_for_a_demonstration(data: Path) -> dict[str, Any]:
    """Have `presage serve` list the markets of a demonstration; return the keys to try it with."""
    served = start_process(data, "--demo", environment=environment_of(data))
    assert served.stop() == 0
    return {name: served.ready[name] for name in ("demo_key", "operator_key")}
