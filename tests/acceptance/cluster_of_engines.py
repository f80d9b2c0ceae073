"""A cluster as it is run: APIs, engines, projectors, a node, a real Redis and a real PostgreSQL."""

import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from adapters.data_folder import DataFolder
from presage.signing import Signer
from tests.acceptance.event_stores import running_node
from tests.acceptance.presage_process import PRESAGE, presage
from tests.databases import fresh_postgres
from tests.redis_server import RedisServer, running_redis

OPEN_S = 180.0


class Role:
    """A process of the cluster that can be killed and started again at the same address."""

    def __init__(
        self, folder: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.folder = folder
        self._arguments = arguments
        self._environment = environment
        self._port = "0"
        self.ready: dict[str, Any] = {}
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    def begin(self) -> None:
        """Start it; :meth:`wait` until it is open."""
        command = [PRESAGE, *self._arguments, "--data", self.folder, "--json"]
        if self._arguments[0] != "projector":
            command += ["--port", self._port]
        environment = {**os.environ, **self._environment}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    def at_port(self, port: str) -> None:
        """Have it listen there from its next start on."""
        self._port = port

    def wait(self) -> None:
        """Wait until it is open, starting it again, as whoever runs it does, where the log is too busy."""
        until = time.monotonic() + OPEN_S
        self.ready = self._said(until)
        while self.ready.get("error", {}).get("code") == "store_unavailable":
            self._end(signal.SIGKILL)
            self.begin()
            self.ready = self._said(until)
        assert "error" not in self.ready, self.ready
        if "url" in self.ready:
            self._port = self.url.rpartition(":")[2]

    def _said(self, until: float) -> dict[str, Any]:
        process = self.process
        assert process is not None
        assert process.stdout is not None
        seen, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        assert seen, f"{self._arguments} is not open after {OPEN_S} s"
        return dict(json.loads(process.stdout.readline()))

    def start(self) -> None:
        self.begin()
        self.wait()

    def freeze(self, seconds: float) -> None:
        """Have it stand still for a while."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process = self.process
        if process is None:
            return 0
        process.send_signal(number)
        status = process.wait(60)
        assert process.stdout is not None
        process.stdout.close()
        self.process = None
        return status


class Cluster:
    """All of it. ``operator`` is a data folder from which commands act as the operator: the first API's."""

    def __init__(
        self,
        folder: Path,
        redis: RedisServer,
        *,
        engines: int = 2,
        operator: Path | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.redis = redis
        self.operator = operator or folder / "api1"
        self._environment = environment
        self.engines = [self.engine(f"E{number + 1}") for number in range(engines)]
        self.apis = [self._role(each, "api") for each in (self.operator, folder / "api2")]
        self.projectors = [self._role(folder / f"projector{number + 1}", "projector") for number in range(2)]
        self.extra: list[Role] = []

    def engine(self, name: str) -> Role:
        return self._role(self.folder / name, "engine", "--name", name)

    def _role(self, folder: Path, *arguments: str) -> Role:
        return Role(folder, *arguments, environment=self._environment)

    def more(self, name: str) -> Role:
        """Return another engine, which ends with the others."""
        role = self.engine(name)
        self.extra.append(role)
        return role

    def start(self) -> None:
        """Start a new exchange, which its first engine founds."""
        for role in [self.engines[0], *self.projectors]:
            role.begin()
        self.engines[0].wait()
        for engine in self.engines[1:]:
            engine.start()
        [made] = [engine.folder for engine in self.engines if DataFolder(engine.folder).operator()]
        self._share_keys(made, self.apis)
        self._start(self.apis)

    def start_founded(self) -> None:
        """Start all processes at once; the operator's folder has the keys of an exchange that there is."""
        self._share_keys(self.operator, [*self.engines, *self.apis])
        self._start([*self.engines, *self.projectors, *self.apis])

    def _start(self, roles: Sequence[Role]) -> None:
        for role in roles:
            role.begin()
        for role in roles:
            role.wait()
        for api in self.apis:
            self.wait_whole(api)

    def wait_whole(self, api: Role) -> None:
        """Wait until an API reaches everybody that it needs, and not only some of them."""
        until = time.monotonic() + OPEN_S
        while (told := httpx.get(f"{api.url}/readyz").json())["conditions"] or told["status"] != "ready":
            assert time.monotonic() < until, told
            time.sleep(0.05)

    def wait_ready(self, role: Role, within_s: float = 30.0) -> None:
        until = time.monotonic() + within_s
        while True:
            try:
                if httpx.get(f"{role.url}/readyz").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            assert time.monotonic() < until, httpx.get(f"{role.url}/readyz").text
            time.sleep(0.05)

    def _share_keys(self, made: Path, roles: Sequence[Role]) -> None:
        """Do what the secret does in a deployment."""
        for role in roles:
            if role.folder == made:
                continue
            role.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy(made / "webhooks.key", role.folder)
            folder, key = DataFolder(role.folder), DataFolder(made).operator()
            assert key is not None
            shutil.copytree(made / "keys", role.folder / "keys", dirs_exist_ok=True)
            folder.appoint_operator(key)

    def status(self) -> dict[str, Any]:
        """Return what `presage cluster status` says; a node that is busy is asked again."""
        for _ in range(5):
            answer = presage("cluster", "status", "--data", self.operator, "--json")
            if answer.status == 0:
                return dict(answer.json)
            assert answer.json["error"]["code"] == "store_unavailable", answer.stdout
        raise AssertionError(answer.stdout)

    def close(self) -> None:
        for role in [*self.apis, *self.projectors, *self.engines, *self.extra]:
            role.kill()


@contextmanager
def running_cluster(folder: Path, *, engines: int = 2) -> Iterator[Cluster]:
    """Run a cluster on services of its own."""
    with ExitStack() as stack:
        node = stack.enter_context(running_node(folder))
        redis = stack.enter_context(running_redis())
        database = stack.enter_context(fresh_postgres())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {
            "PRESAGE_EVENT_STORE": node.uri,
            "REDIS_URL": redis.url,
            "DATABASE_URL": database,
            "PRESAGE_PROJECTOR": "elsewhere",
            "PRESAGE_PARTITIONS": "8",
            "PRESAGE_RATE_LIMITS": "off",
        }.items():
            patch.setenv(name, value)
        cluster = Cluster(folder, redis, engines=engines)
        stack.callback(cluster.close)
        cluster.start()
        yield cluster


def signed(
    url: str, signer: Signer, method: str, path: str, body: Any = None, timeout_s: float = 30.0
) -> httpx.Response:
    """Send a signed request."""
    headers = signer.headers(method, path)
    return httpx.request(method, f"{url}{path}", headers=headers, json=body, timeout=timeout_s)


def everyone(cluster: Cluster) -> Sequence[Role]:
    """Return all processes that take part in trading."""
    return [*cluster.engines, *cluster.apis, *cluster.projectors]
