"""The chaos suite's city: the corridor's, and a worker in a process that can be killed at any statement."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.chaos.brake import Brake
from tests.corridor.conftest import Corridor, opened_corridor


@pytest.fixture
async def city(database_url: str, tmp_path: Path) -> AsyncIterator[Corridor]:
    """Sinks and people in this process; nobody works yet."""
    async with AsyncExitStack() as stack:
        yield await opened_corridor(database_url, tmp_path, stack, channels=False)


@pytest.fixture
async def brake(city: Corridor) -> AsyncIterator[Brake]:
    async with Brake(city.parts.database.url) as made:
        yield made
