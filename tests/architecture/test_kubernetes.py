"""The Kubernetes manifests agree with the settings, the command line, the image and how processes end."""

import re
import subprocess
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
import yaml

from adapters.data_folder import DataFolder
from adapters.settings import VARIABLES, Settings
from tests.acceptance.presage_process import presage_here
from tests.architecture.deployed import fault

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ops" / "kubernetes"
GRACE_S = 140
"""What docs/shutdown.md says that a process may take to end."""

SECRETS = {
    "event-store": "esdb://presage:secret@eventstoredb:2113?Tls=true&TlsCaFile=/certs/ca/ca.crt",
    "database-url": "postgresql://presage:secret@postgres:5432/presage",
    "redis-url": "redis://:secret@redis:6379/0",
    "metrics-token": "a-token-of-monitoring",
}
"""The keys of the Secret ``presage-connections``, each with a value as it might be."""


def resources() -> list[dict[str, Any]]:
    files = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {*files, "kustomization.yaml"} == {path.name for path in FOLDER.iterdir()}
    return [dict(each) for name in files for each in yaml.safe_load_all((FOLDER / name).read_text())]


ALL = resources()
ROLES = {each["metadata"]["name"]: each for each in ALL if each["kind"] in ("Deployment", "StatefulSet")}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in ALL if each["kind"] == kind}


def pod(role: str) -> dict[str, Any]:
    return dict(ROLES[role]["spec"]["template"]["spec"])


def container(role: str) -> dict[str, Any]:
    [only] = pod(role)["containers"]
    return dict(only)


def environment(role: str) -> dict[str, str]:
    """Return the environment of a container, references followed."""
    told: dict[str, str] = {}
    for source in container(role)["envFrom"]:
        told |= of_kind("ConfigMap")[source["configMapRef"]["name"]]["data"]
    for variable in container(role)["env"]:
        if "value" in variable:
            told[variable["name"]] = variable["value"]
        elif "secretKeyRef" in variable["valueFrom"]:
            reference = variable["valueFrom"]["secretKeyRef"]
            assert reference["name"] == "presage-connections"
            told[variable["name"]] = SECRETS[reference["key"]]
        else:
            assert variable["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
            told[variable["name"]] = f"{role}-0"
    return told


def test_there_are_two_of_each_role_and_the_engines_are_one_stateful_set() -> None:
    assert {name: (each["kind"], each["spec"]["replicas"]) for name, each in ROLES.items()} == {
        "presage-api": ("Deployment", 2),
        "presage-engine": ("StatefulSet", 2),
        "presage-projector": ("Deployment", 2),
    }
    assert ROLES["presage-engine"]["spec"]["serviceName"] in of_kind("Service")


@pytest.mark.parametrize("role", ROLES)
def test_every_command_is_on_the_command_line(role: str) -> None:
    command = container(role)["args"]
    assert command[:2] == ["presage", role.removeprefix("presage-")]
    assert fault(command) is None


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_one_of_the_settings_and_has_a_value_that_they_take(role: str) -> None:
    told = environment(role)
    expanded = {name for part in container(role)["args"] for name in re.findall(r"\$\((\w+)\)", part)}
    assert expanded <= set(told)
    assert set(told) - expanded <= set(VARIABLES.values())
    settings = Settings.from_environment(told)
    assert (settings.event_store, settings.database_url, settings.redis_url, settings.metrics_token) == tuple(
        SECRETS.values()
    )
    mounts = {mount["mountPath"]: mount for mount in container(role)["volumeMounts"]}
    assert str(settings.data) in mounts
    assert mounts["/certs/ca"]["readOnly"]
    assert not settings.for_this_machine


def test_no_secret_is_written_down() -> None:
    assert not of_kind("Secret")
    for path in FOLDER.iterdir():
        assert not re.search(r"password:|://[^\s/]*@", path.read_text(), re.IGNORECASE), path.name
    page = (ROOT / "docs" / "running.md").read_text()
    for key in SECRETS:
        assert f"--from-literal={key}=" in page, "the page that says how secrets are made names every key"


def test_the_probes_ask_what_the_interface_answers_at_the_port_that_it_listens_on() -> None:
    api = container("presage-api")
    port = int(environment("presage-api")["PRESAGE_PORT"])
    assert api["ports"] == [{"name": "http", "containerPort": port}]
    for probe, path in {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}.items():
        assert api[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "http"}
    [service] = of_kind("Service")["presage-api"]["spec"]["ports"]
    assert service["targetPort"] == "http"


@pytest.mark.parametrize("role", ROLES)
def test_a_process_has_the_time_to_end_in_order(role: str) -> None:
    assert f"terminationGracePeriodSeconds: {GRACE_S}" in (ROOT / "docs" / "shutdown.md").read_text()
    sleeps = container(role).get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
    notice_s = float(environment(role).get("PRESAGE_SHUTDOWN_NOTICE_S", 0))
    assert pod(role)["terminationGracePeriodSeconds"] >= GRACE_S + int(sleeps[1]) + notice_s


def test_readiness_is_noticed_before_the_listener_closes() -> None:
    probe = container("presage-api")["readinessProbe"]
    notice_s = float(environment("presage-api")["PRESAGE_SHUTDOWN_NOTICE_S"])
    assert notice_s > probe["periodSeconds"] * probe["failureThreshold"]
    assert ROLES["presage-api"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("role", ROLES)
def test_one_of_a_role_may_be_taken_away_at_a_time(role: str) -> None:
    budget = of_kind("PodDisruptionBudget")[role]["spec"]
    assert budget["maxUnavailable"] == 1
    labels = ROLES[role]["spec"]["template"]["metadata"]["labels"]
    assert budget["selector"]["matchLabels"] == ROLES[role]["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("role", ROLES)
def test_a_container_may_do_no_more_than_it_needs(role: str) -> None:
    assert pod(role)["automountServiceAccountToken"] is False
    as_user = pod(role)["securityContext"]
    assert as_user["runAsNonRoot"]
    image = (ROOT / "Dockerfile").read_text()
    assert f"USER {as_user['runAsUser']}\n" in image
    assert f"--uid {as_user['runAsUser']} " in image
    security = container(role)["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    resources = container(role)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "memory" in resources["limits"]
    named = {volume["name"] for volume in pod(role)["volumes"]} | {
        claim["metadata"]["name"] for claim in ROLES[role]["spec"].get("volumeClaimTemplates", ())
    }
    everything = [container(role), *pod(role).get("initContainers", ())]
    assert {mount["name"] for each in everything for mount in each["volumeMounts"]} == named
    assert all(each["securityContext"] == security for each in everything)
    assert all("memory" in each["resources"]["limits"] for each in everything)


@pytest.mark.parametrize("role", ["presage-api", "presage-engine"])
def test_the_keys_of_the_operator_are_laid_where_a_data_folder_has_them(role: str, tmp_path: Path) -> None:
    made, secret, data = tmp_path / "made", tmp_path / "operator", tmp_path / "data"
    secret.mkdir()
    data.mkdir()
    assert presage_here("market", "list", "--data", made).status == 0
    for file in (made / "operator.json", made / "webhooks.key", *(made / "keys").iterdir()):
        copy(file, secret)
    [first] = pod(role)["initContainers"]
    assert first["args"][:2] == ["sh", "-ec"]
    script = first["args"][2].replace("/operator/", f"{secret}/").replace("/data", str(data))
    subprocess.run(["sh", "-ec", script], check=True)
    subprocess.run(["sh", "-ec", script], check=True)  # as after a restart
    there, laid = DataFolder(made).operator(), DataFolder(data).operator()
    assert laid is not None
    assert there is not None
    assert (laid.key_id, laid.read()) == (there.key_id, there.read())
    assert DataFolder(data).webhook_key().private_bytes_raw() == (
        DataFolder(made).webhook_key().private_bytes_raw()
    )


def test_the_image_is_the_one_that_compose_builds() -> None:
    built = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["presage"]["image"]
    assert {
        each["image"] for role in ROLES for each in (container(role), *pod(role).get("initContainers", ()))
    } == {built}


def test_nobody_reaches_a_pod_but_whoever_may_ask_an_api() -> None:
    policies = of_kind("NetworkPolicy")
    everything = policies["presage"]["spec"]
    assert everything["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "presage"}
    assert everything["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in everything
    let_in = [each for name, each in policies.items() if "ingress" in each["spec"]]
    assert [each["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in let_in] == [
        "api"
    ]
    reached = {port["port"] for rule in everything["egress"] for port in rule["ports"]}
    assert reached == {53, 2113, 5432, 6379, 443}


@pytest.mark.more
def test_the_manifests_are_valid_for_kubernetes() -> None:
    validator = pytest.importorskip("kubernetes_validate")
    for version in ("1.31", validator.latest_version()):
        for each in ALL:
            validator.validate(each, version, strict=True)
