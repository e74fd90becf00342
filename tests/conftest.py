"""What rooms share: a database server, and examples of Hypothesis that are the same on every machine, however slow it is."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.database import discarded, fresh, started

# What Hypothesis itself does where CI is set: a machine that stands still for 200 ms breaks no promise of ours. --hypothesis-profile=default looks for new examples.
settings.register_profile("everywhere", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("everywhere")


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with started() as url:
        yield url


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A database of the test's own."""
    url = fresh(server_url)
    yield url
    discarded(server_url, url)
