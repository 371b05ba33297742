import resource
from collections.abc import Iterator

import pytest

from cli.serving import allow_connections


@pytest.fixture
def few_files() -> Iterator[None]:
    """The limit that processes usually start with."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_files")
def test_a_role_may_have_as_many_connections_as_the_system_allows() -> None:
    allow_connections()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
