"""What is made ahead of its turn: in other threads, in order, and never the whole of a crowd at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from channels.wire.ahead import Ahead


async def test_each_is_made_once_in_another_thread_and_only_a_few_portions_ahead() -> None:
    made: list[int] = []
    threads: set[int] = set()

    def make(index: int) -> int:
        made.append(index)
        threads.add(threading.get_ident())
        return index * index

    with ThreadPoolExecutor(2) as executor:
        ahead = Ahead(executor, make, 1000)
        assert await ahead.get(0) == 0
        # The portion of 32 that it is in, and four more.
        assert len(ahead._portions) == 5
        assert [await ahead.get(index) for index in range(1, 1000)] == [index * index for index in range(1, 1000)]
    assert sorted(made) == list(range(1000))
    assert threading.get_ident() not in threads


async def test_a_short_crowd_is_one_short_portion() -> None:
    with ThreadPoolExecutor(1) as executor:
        ahead = Ahead(executor, str, 3)
        assert [await ahead.get(index) for index in range(3)] == ["0", "1", "2"]
        assert len(ahead._portions) == 1
