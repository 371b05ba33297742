from tests.contract.automation.conftest import people  # noqa: F401 (a fixture of both folders)
