"""The tree of feed errors; each says what is wrong, where, what to do next, and whether trying again can help.

    FeedError
    ├── SourceUnavailable   the place the data come from cannot be reached (retry)
    ├── Truncated           a file is not whole: fetch it again (retry)
    ├── UnknownFormat       no reader knows these bytes
    ├── BadField            one field cannot be used: no unit, no time, an unreadable grid
    ├── PartlyRead          a file gave what could be read; this says what could not
    └── OverrideError       the file of corrections is wrong: file, line, key
"""


class FeedError(Exception):
    """Root of the tree. ``retry`` is True when the same act may succeed later without anyone mending anything."""

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class SourceUnavailable(FeedError):
    """The folder or server is not there now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry=True)


class Truncated(FeedError):
    """The file ends before its content does."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry=True)


class UnknownFormat(FeedError):
    """No reader knows these bytes."""


class BadField(FeedError):
    """One field cannot be used."""


class PartlyRead(FeedError):
    """Raised after the last good field: ``faults`` lists, one sentence each, what was not read."""

    def __init__(self, where: str, faults: tuple[str, ...], *, retry: bool = False) -> None:
        super().__init__(f"{where}: {len(faults)} fault(s); what was whole has been read. " + " | ".join(faults), retry=retry)
        self.faults = faults


class OverrideError(FeedError):
    """The file of corrections is wrong."""
