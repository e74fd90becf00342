"""Once: a double click acts once."""

from collections.abc import Awaitable, Callable


class Once:
    """One per form. While an act is under way, and after one that was done, another is not begun; after one that was refused it may be."""

    def __init__(self) -> None:
        self.taken = False

    async def __call__(self, act: Callable[[], Awaitable[bool]]) -> bool:
        """Whether ``act`` was begun here and says that it was done."""
        if self.taken:
            return False
        self.taken, done = True, False
        try:
            done = await act()
        finally:
            self.taken = done
        return done
