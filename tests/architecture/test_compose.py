"""The compose files and the Dockerfile agree with each other and with the settings."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from adapters.cli.eventstore_user import ADMIN_PASSWORD
from adapters.data_folder import DataFolder
from adapters.settings import VARIABLES, Settings
from tests.acceptance.presage_process import PRESAGE, presage_here
from tests.architecture.deployed import fault
from tests.integration.eventstore_node.genuine import IMAGE as TESTED_EVENTSTOREDB

ROOT = Path(__file__).parents[2]
FILES = (
    "compose.yaml",
    "ops/compose.production.yaml",
    "ops/compose.cluster.yaml",
    "ops/compose.roles.yaml",
    "ops/compose.roles.production.yaml",
)
UID = 10_001
"""Who Presage runs as in its image."""

PATH = os.pathsep.join([str(PRESAGE.parent), os.environ["PATH"]])
OLDEST_EVENTSTOREDB = (24, 10, 5)
REFERENCE = re.compile(r"\$\{(\w+)(:\?[^}]*)?([^}]*)\}")


def load(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / name).read_text()))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(load("compose.yaml")["services"])


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    return dict(load("ops/compose.production.yaml")["services"])


def substituted(text: str, value: str = "secret") -> str:
    return REFERENCE.sub(value, text)


def test_the_four_services_are_there(services: dict[str, Any]) -> None:
    assert set(services) == {"eventstoredb", "postgres", "redis", "presage"}


def test_every_image_is_pinned_to_a_version(services: dict[str, Any]) -> None:
    for service in services.values():
        name, _, tag = service["image"].partition(":")
        assert name
        assert re.fullmatch(r"\d+(\.\d+)+", tag), service["image"]


def test_eventstoredb_is_the_one_that_is_tested_and_none_that_skips_events(services: dict[str, Any]) -> None:
    image = services["eventstoredb"]["image"]
    assert image == TESTED_EVENTSTOREDB
    assert tuple(int(part) for part in image.partition(":")[2].split(".")) >= OLDEST_EVENTSTOREDB


def test_every_service_has_a_health_check_and_presage_waits_for_them(services: dict[str, Any]) -> None:
    for service in services.values():
        assert service["healthcheck"]["test"]
    waits = services["presage"]["depends_on"]
    assert {name: wait["condition"] for name, wait in waits.items()} == dict.fromkeys(
        set(services) - {"presage"}, "service_healthy"
    )


def test_every_port_is_published_on_this_machine_only(services: dict[str, Any]) -> None:
    for service in services.values():
        for port in service["ports"]:
            assert port.startswith("127.0.0.1:"), port


def test_what_must_last_is_in_named_volumes(services: dict[str, Any]) -> None:
    named = set(load("compose.yaml")["volumes"])
    used = {
        volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())
    }
    assert used == named
    assert services["eventstoredb"]["volumes"] == [
        f"events:{services['eventstoredb']['environment']['EVENTSTORE_DB']}"
    ]
    assert services["presage"]["volumes"] == [f"data:{services['presage']['environment']['PRESAGE_DATA']}"]


@pytest.mark.parametrize("extended", [False, True], ids=["development", "production"])
def test_presage_is_told_what_its_settings_understand(
    services: dict[str, Any], production: dict[str, Any], *, extended: bool
) -> None:
    environment = dict(services["presage"]["environment"])
    if extended:
        environment |= production["presage"]["environment"]
    assert set(environment) <= set(VARIABLES.values())
    settings = Settings.from_environment({name: substituted(value) for name, value in environment.items()})
    ports = {name: int(service["ports"][0].split(":")[-1]) for name, service in services.items()}
    for address, scheme in (
        (settings.event_store, "esdb"),
        (settings.database_url, "postgresql"),
        (settings.redis_url, "redis"),
    ):
        parts = urlsplit(address or "")
        assert parts.scheme == scheme
        assert ports[parts.hostname or ""] == parts.port
    assert ports["presage"] == settings.port


def test_the_database_is_the_one_that_postgres_makes(services: dict[str, Any]) -> None:
    made = services["postgres"]["environment"]
    url = urlsplit(substituted(services["presage"]["environment"]["DATABASE_URL"]))
    assert (url.username, url.path) == (made["POSTGRES_USER"], f"/{made['POSTGRES_DB']}")
    assert url.password == substituted(made["POSTGRES_PASSWORD"])


def test_every_secret_must_be_given_and_none_has_a_default() -> None:
    for name in FILES:
        text = (ROOT / name).read_text()
        for variable, required, default in REFERENCE.findall(text):
            assert required, f"{name}: {variable} may be missing"
            assert not default
        document = load(name)
        for service in document["services"].values():
            for variable, value in service.get("environment", {}).items():
                if "PASSWORD" in variable or "AUTH" in variable:
                    assert REFERENCE.fullmatch(value), f"{name}: {variable} is written down"


def test_a_deployment_has_security_and_its_own_passwords(production: dict[str, Any]) -> None:
    environment = production["eventstoredb"]["environment"]
    assert environment["EVENTSTORE_INSECURE"] == "false"
    assert {"EVENTSTORE_DEFAULT_ADMIN_PASSWORD", "EVENTSTORE_DEFAULT_OPS_PASSWORD"} <= set(environment)
    assert "Tls=true" in production["presage"]["environment"]["PRESAGE_EVENT_STORE"]


@pytest.mark.parametrize("name", FILES)
def test_nobody_but_whoever_makes_presages_user_has_the_admins_password(name: str) -> None:
    for service, each in load(name)["services"].items():
        address = each.get("environment", {}).get("PRESAGE_EVENT_STORE", "")
        assert urlsplit(substituted(address)).username in ("presage", None), service
        # EventStoreDB itself is told which password that is to be.
        assert service.startswith("eventstoredb") or "EVENTSTORE_ADMIN_PASSWORD" not in str(each), service


def test_presage_begins_when_its_user_is_there(production: dict[str, Any]) -> None:
    maker, presage = production["eventstoredb-user"], production["presage"]
    assert fault(maker["command"]) is None
    own, admin = maker["environment"].items()
    assert own == ("PRESAGE_EVENT_STORE", presage["environment"]["PRESAGE_EVENT_STORE"])
    assert admin[0] == ADMIN_PASSWORD
    assert admin[1] == production["eventstoredb"]["environment"]["EVENTSTORE_DEFAULT_ADMIN_PASSWORD"]
    done = {"eventstoredb-user": {"condition": "service_completed_successfully"}}
    assert presage["depends_on"] == done
    assert maker["image"] == load("compose.yaml")["services"]["presage"]["image"]
    for role in load("ops/compose.roles.production.yaml")["services"].values():
        assert role["depends_on"] == done


def test_each_member_of_the_cluster_is_itself_and_knows_the_others(services: dict[str, Any]) -> None:
    cluster = load("ops/compose.cluster.yaml")
    told_of_all = ("presage", "eventstoredb-user")
    members = {name: each for name, each in cluster["services"].items() if name not in told_of_all}
    assert len(members) == 3
    for name, member in members.items():
        told = member["environment"]
        assert member["hostname"] == name
        assert told["EVENTSTORE_CLUSTER_SIZE"] == str(len(members))
        assert told["EVENTSTORE_INSECURE"] == "false"
        for kind in ("NODE", "REPLICATION"):
            assert told[f"EVENTSTORE_{kind}_HOST_ADVERTISE_AS"] == name
        assert told["EVENTSTORE_GOSSIP_SEED"].split(",") == [
            f"{other}:2113" for other in members if other != name
        ]
        assert told["EVENTSTORE_CERTIFICATE_FILE"] == f"/certs/{name}/node.crt"
        assert told["EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE"] == f"/certs/{name}/node.key"
        assert member["healthcheck"]["test"]
        assert member.get("image", TESTED_EVENTSTOREDB) == TESTED_EVENTSTOREDB
    volumes = [
        volume for each in members.values() for volume in each.get("volumes", ()) if "events" in volume
    ]
    assert [volume.partition(":")[0] for volume in volumes] == list(cluster["volumes"])
    for name in told_of_all:
        told = cluster["services"][name]
        address = substituted(told["environment"]["PRESAGE_EVENT_STORE"])
        assert urlsplit(address).netloc.partition("@")[2] == ",".join(f"{name}:2113" for name in members)
        assert "Tls=true" in address
        assert set(services["presage"]["depends_on"]) | set(told["depends_on"]) > set(members)


ROLES = ("api-1", "api-2", "engine-1", "engine-2", "projector-1", "projector-2")


@pytest.fixture(scope="module")
def roles() -> dict[str, Any]:
    document = load("ops/compose.roles.yaml")["services"]
    assert document.pop("presage") == {"profiles": ["one-process"]}, "both at once would be three writers"
    return dict(document)


@pytest.mark.parametrize("name", ROLES)
def test_every_role_runs_a_command_that_there_is(roles: dict[str, Any], name: str) -> None:
    command = roles[name]["command"]
    assert command[:2] == ["presage", name.partition("-")[0]]
    if command[1] == "engine":
        assert command[2:] == ["--name", name]
    assert fault(command) is None


@pytest.mark.parametrize("name", ROLES)
def test_every_role_is_told_what_the_one_process_is_told(
    services: dict[str, Any], roles: dict[str, Any], name: str
) -> None:
    told, alone = roles[name]["environment"], services["presage"]["environment"]
    assert set(roles) == {*ROLES, "keys"}
    assert (told | {"PRESAGE_PROJECTOR": "beside"}).items() >= alone.items()
    assert told["PRESAGE_PROJECTOR"] == "elsewhere"
    assert set(told) <= set(VARIABLES.values())
    Settings.from_environment({variable: substituted(value) for variable, value in told.items()})
    keyed = {"keys": {"condition": "service_completed_successfully"}}
    waits = services["presage"]["depends_on"] | ({} if name.startswith("projector") else keyed)
    assert roles[name]["depends_on"] == waits
    assert roles[name]["image"] == services["presage"]["image"]
    assert f"stop_grace_period: {roles[name]['stop_grace_period']}" in SHUTDOWN


SHUTDOWN = (ROOT / "docs" / "shutdown.md").read_text()


def test_no_two_processes_share_a_data_folder_or_a_port(roles: dict[str, Any]) -> None:
    folders = [volume for name in ROLES for volume in roles[name].get("volumes", ())]
    assert sorted(["keys", *(volume.partition(":")[0] for volume in folders)]) == sorted(
        load("ops/compose.roles.yaml")["volumes"]
    )
    assert all(volume.endswith(":/data") for volume in folders)
    ports = [port for each in roles.values() for port in each.get("ports", ())]
    assert ports == ["127.0.0.1:8000:8000", "127.0.0.1:8001:8000"]


def test_every_data_folder_is_given_the_same_keys_once_and_those_in_it_are_left(
    roles: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = roles["keys"]
    # Compose writes a dollar that is meant for the shell twice.
    shell, options, script = (part.replace("$$", "$") for part in keys["command"])
    mounted = dict(volume.split(":") for volume in keys["volumes"])
    kept = {f"{name}:/data" for name in mounted if name != "keys"}
    assert kept == {volume for name in ROLES for volume in roles[name].get("volumes", ())}
    assert f"chown -R {UID}:{UID}" in script, "who runs the others"
    environment = {"PRESAGE_DATA": str(tmp_path) + keys["environment"]["PRESAGE_DATA"]}
    here = script.replace("/keys/", f"{tmp_path}/keys/").replace("/folders/", f"{tmp_path}/folders/")
    here = here.replace(f"chown -R {UID}:{UID}", "true")
    folders = {name: DataFolder(Path(f"{tmp_path}{place}")) for name, place in mounted.items()}
    for folder in folders.values():
        folder.path.mkdir(parents=True)
    laid = []
    for _ in range(2):
        subprocess.run([shell, options, here], check=True, env={"PATH": PATH, **environment})
        operators = {name: folder.operator() for name, folder in folders.items()}
        laid.append({name: (key.key_id, key.read()) for name, key in operators.items() if key})
        signs = {folder.webhook_key().private_bytes_raw() for folder in folders.values()}
        assert len(signs) == 1
    assert laid[0] == laid[1]
    assert laid[0].keys() == mounted.keys()
    assert len(set(laid[0].values())) == 1
    [(key_id, _)] = set(laid[0].values())
    monkeypatch.setenv("PRESAGE_DATA", environment["PRESAGE_DATA"])
    assert key_id in presage_here("keys", "list", "operator", "--json").stdout
    for name in ("api-1", "engine-2"):
        (folders[name].path / "operator.json").write_text('{"key_id": "another"}')
    subprocess.run([shell, options, here], check=True, env={"PATH": PATH, **environment})
    assert "another" in (folders["api-1"].path / "operator.json").read_text()


def test_in_production_every_role_speaks_to_every_member_with_passwords(
    production: dict[str, Any], roles: dict[str, Any]
) -> None:
    secured = load("ops/compose.roles.production.yaml")["services"]
    assert set(secured) == set(roles)
    for each in secured.values():
        told, alone = each["environment"], production["presage"]["environment"]
        given = REFERENCE.sub(
            lambda found: "eventstoredb:2113" if found[1] == "EVENTSTORE_MEMBERS" else "secret",
            told["PRESAGE_EVENT_STORE"],
        )
        assert given == substituted(alone["PRESAGE_EVENT_STORE"])
        assert told["REDIS_URL"] == alone["REDIS_URL"]
        assert each["volumes"] == production["presage"]["volumes"]


def test_the_image_agrees_with_the_settings(services: dict[str, Any]) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert f"USER {UID}" in text
    declared = dict(
        pair.split("=") for line in text.splitlines() if line.startswith("ENV ") for pair in line.split()[1:]
    )
    assert set(declared) <= set(VARIABLES.values())
    assert declared.items() <= services["presage"]["environment"].items()
    assert f"EXPOSE {declared['PRESAGE_PORT']}" in text
    for line in text.splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            assert all((ROOT / source).exists() for source in line.split()[1:-1])


def test_no_unsafe_durability_is_asked_for() -> None:
    for name in FILES:
        text = (ROOT / name).read_text().lower()
        assert "unsafe" not in text
        assert "fsync" not in text
        assert "mem_db" not in text
