import pytest

from tests.fault.processes.hasty import SHORT


@pytest.fixture
def as_hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process folds with the short waits of the hasty program, so that what both fold can be compared."""
    for short in SHORT:
        monkeypatch.setattr(*short)
