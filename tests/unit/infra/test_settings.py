"""Settings come from the environment that is given, and from nowhere else."""

import pytest

from infra.settings import BadSettings, load


def test_an_empty_value_is_as_if_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "PORT", "MASTER_KEY"):
        monkeypatch.setenv(name, "")
    settings = load()
    assert (settings.kafka_bootstrap_servers, settings.port, settings.master_key) == (None, 8000, None)


def test_the_process_own_environment_does_not_leak_into_a_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    assert load({}).port == 8000


def test_a_misspelt_setting_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(BadSettings, match="KAFKA_TOPICS_PREFIX is not a setting; did you mean KAFKA_TOPIC_PREFIX"):
        load({"KAFKA_TOPICS_PREFIX": "x"})
