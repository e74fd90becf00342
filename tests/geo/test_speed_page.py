"""The example of docs/speed.md runs as it stands."""

import re
from pathlib import Path

import numpy as np

_PAGE = Path(__file__).parents[2] / "docs" / "speed.md"


def test_the_example_of_fields_larger_than_memory_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    # Fewer years than the page has, the same code.
    names: dict[str, object] = {}
    exec(example.replace("365 * 24", "48"), names)
    found = names["found"]
    share = np.asarray(getattr(found, "share"))  # noqa: B009
    assert share.shape == (16, 48)
    assert 0 <= share.min() < share.max() <= 1
