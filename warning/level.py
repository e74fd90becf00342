"""Level: the four colours of a warning, and what CAP calls them."""

from enum import IntEnum


class Level(IntEnum):
    """Ordered by severity, so that ``max`` is "the strongest wins".

    CAP severity follows what CMA gives to WMO: Blue→Minor, Yellow→Moderate, Orange→Severe, Red→Extreme.
    """

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def key(self) -> str:
        """Lower-case word used in configuration, URLs and JSON."""
        return self.name.lower()

    @property
    def zh(self) -> str:
        return {1: "蓝色", 2: "黄色", 3: "橙色", 4: "红色"}[self.value]

    @property
    def en(self) -> str:
        return self.name.title()

    @property
    def severity(self) -> str:
        """CAP 1.2 §3.2.2 severity."""
        return {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme"}[self.value]

    @classmethod
    def of(cls, word: str) -> "Level":
        """``Level.of("red")``; raises ValueError that names the four words."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"{word!r} is no level; use blue, yellow, orange or red") from None
