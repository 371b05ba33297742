"""The README's tours, followed to the letter in both ways to run the system."""

from pathlib import Path

import pytest

from infra.kafka import jars
from tests.e2e.following import ROOT, clean_environment, follow, free_port, steps, system

TOURS = [steps(ROOT / "README.md", section) for section in ("A tour in five minutes", "A tour of a job search")]
# A fresh broker's consumer groups take some seconds until they are ready.
SECONDS = 90


def assert_tours_work(command: str, home: Path) -> None:
    environment = clean_environment(home, free_port())
    with system(command, environment, home / "log"):
        followed = [(tour, follow(tour, environment, SECONDS)) for tour in TOURS]
    for tour, printed in followed:
        for step, output in zip(tour, printed, strict=True):
            assert step.prints(output), f"{step.lines}\nprinted\n{output}\ninstead of\n{step.shown}"


def test_the_tours_work_in_one_process(tmp_path: Path) -> None:
    assert_tours_work("serve", tmp_path)


def test_the_tours_work_with_every_role_in_its_own_process_over_kafka(tmp_path: Path) -> None:
    try:
        jars.java()
        jars.resolve()
    except jars.BrokerUnavailable as error:
        pytest.skip(f"no Kafka: {error}")
    assert_tours_work("cluster", tmp_path)


def test_every_step_of_a_tour_shows_what_it_prints() -> None:
    assert all(len(tour) >= 8 for tour in TOURS)
    assert all(step.shown for tour in TOURS for step in tour)
