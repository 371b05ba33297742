"""compose.yaml and Containerfile name only what exists. No container engine is asked."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from infra.settings import check_exposure, load
from tests.e2e.following import ROOT
from tests.e2e.naming import resolves

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
CONTAINERFILE = (ROOT / "Containerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "jobstream"}


def interpolated(value: str) -> str:
    return value.replace("${MASTER_KEY:?make one with openssl rand -hex 32, and keep it}", "11" * 32)


@pytest.mark.parametrize("name", OURS)
def test_a_role_is_started_by_a_command_that_exists_with_settings_that_are_taken(name: str) -> None:
    assert resolves(OURS[name]["command"])
    environment = {name: interpolated(value) for name, value in OURS[name]["environment"].items()}
    check_exposure(load(environment))


def test_every_role_has_a_service() -> None:
    assert {"topics", "api", "relay", "projector", "agents"} == set(OURS)


def test_the_keys_of_everything_are_demanded_and_never_given() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert set(re.findall(r"(?:MASTER_KEY|POSTGRES_PASSWORD): (.{2})", text)) == {"${"}
    assert text.count("${MASTER_KEY:?") == 1
    assert not re.search(r"\$\{[A-Z_]+(?::?-[^}]*)?\}", text)


def test_nothing_is_published_but_the_interface_and_that_on_loopback_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8000:8000"]}


def test_services_wait_for_services_and_volumes_that_are_declared() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
    waited_for = {name for service in SERVICES.values() for name in service.get("depends_on", {})}
    assert all("test" in SERVICES[name]["healthcheck"] for name in waited_for - {"topics"})


def test_the_broker_is_the_one_that_tests_run_against() -> None:
    pom = ElementTree.parse(ROOT / "infra" / "kafka" / "pom.xml").getroot()
    [version] = [element.text for element in pom.iter() if element.tag.endswith("kafka.version")]
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version}"


def test_the_image_is_built_from_what_is_here_and_has_every_package() -> None:
    assert {service["build"]["dockerfile"] for service in OURS.values()} == {"Containerfile"}
    copied = [Path(source) for line in re.findall(r"^COPY (.*)$", CONTAINERFILE, re.M) for source in line.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests"}
    assert packages <= {source.name for source in copied}


def test_the_image_runs_as_nobody_special() -> None:
    user = re.findall(r"^USER (.*)$", CONTAINERFILE, re.M)
    assert user == ["jobstream"]
    assert CONTAINERFILE.index("USER jobstream") < CONTAINERFILE.index("ENTRYPOINT")
