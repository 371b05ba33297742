"""The README's tour, followed to the letter in both ways to run the system."""

from pathlib import Path

import pytest

from infra.kafka import jars
from tests.e2e.following import ROOT, clean_environment, follow, free_port, steps, system

TOUR = steps(ROOT / "README.md", "A tour in five minutes")
# A fresh broker's consumer groups take some seconds until they are ready.
SECONDS = 90


def assert_tour_works(command: str, home: Path) -> None:
    environment = clean_environment(home, free_port())
    with system(command, environment, home / "log"):
        printed = follow(TOUR, environment, SECONDS)
    for step, output in zip(TOUR, printed, strict=True):
        assert step.prints(output), f"{step.lines}\nprinted\n{output}\ninstead of\n{step.shown}"


def test_the_tour_works_in_one_process(tmp_path: Path) -> None:
    assert_tour_works("serve", tmp_path)


def test_the_tour_works_with_every_role_in_its_own_process_over_kafka(tmp_path: Path) -> None:
    try:
        jars.java()
        jars.resolve()
    except jars.BrokerUnavailable as error:
        pytest.skip(f"no Kafka: {error}")
    assert_tour_works("cluster", tmp_path)


def test_every_step_of_the_tour_shows_what_it_prints() -> None:
    assert len(TOUR) >= 8
    assert all(step.shown for step in TOUR)
