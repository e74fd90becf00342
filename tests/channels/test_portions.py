"""What is made a portion at a time: in another thread, in order, the first of them soon and the later ones larger."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from channels.wire.portions import PORTION, Portions


async def test_each_is_made_once_in_another_thread_and_the_next_portion_is_begun_with_the_last_of_the_one_before() -> None:
    made: list[tuple[int, int]] = []
    threads: set[int] = set()

    def make(first: int, last: int) -> Sequence[int]:
        made.append((first, last))
        threads.add(threading.get_ident())
        return [index * index for index in range(first, last)]

    with ThreadPoolExecutor(1) as executor:
        # Portions of 128, 256, 512 and again 512; of the last there are three left.
        portions = Portions(executor, make, 1411)
        assert [await portions.get(index) for index in range(127)] == [index * index for index in range(127)]
        assert len(portions._portions) == 1
        assert await portions.get(127) == 127 ** 2
        assert len(portions._portions) == 2
        assert [await portions.get(index) for index in range(128, 1411)] == [index * index for index in range(128, 1411)]
    assert made == [(0, 128), (128, 384), (384, 896), (896, 1408), (1408, 1411)]
    assert threading.get_ident() not in threads


async def test_a_crowd_that_ends_with_a_portion_begins_no_empty_one() -> None:
    with ThreadPoolExecutor(1) as executor:
        portions = Portions(executor, lambda first, last: range(first, last), PORTION)
        assert [await portions.get(index) for index in range(PORTION)] == list(range(PORTION))
        assert len(portions._portions) == 1
