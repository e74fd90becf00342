"""What rooms share: a database server."""

from collections.abc import Iterator

import pytest

from tests.database import dropped, fresh, started


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with started() as url:
        yield url


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A database of the test's own."""
    url = fresh(server_url)
    yield url
    dropped(server_url, url)
