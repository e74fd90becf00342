"""Joiner: the parts of a long text put together again, in bounded memory and time."""

_MOST = 10_000
_WITHIN_S = 300.0

Name = tuple[str | int, ...]
"""What the parts of one text have in common: the numbers, the reference, how many they are (last)."""


class Joiner:
    """Parts may come in any order and more than once. A text that stays incomplete gives way after five minutes, or when too many wait."""

    def __init__(self) -> None:
        self._halves: dict[Name, tuple[float, dict[int, str]]] = {}

    def take(self, name: Name, seq: int, text: str, *, now_s: float) -> str | None:
        """The whole text when this was its last missing part, else None."""
        total = name[-1]
        if total == 1 or not isinstance(total, int):
            return text
        started, halves = self._halves.setdefault(name, (now_s, {}))
        if now_s - started > _WITHIN_S:  # the reference was used before
            halves.clear()
            self._halves[name] = (now_s, halves)
        halves[seq] = text
        if len(halves) >= total:
            del self._halves[name]
            return "".join(halves[i] for i in sorted(halves))
        if len(self._halves) > _MOST:
            del self._halves[next(iter(self._halves))]
        return None
