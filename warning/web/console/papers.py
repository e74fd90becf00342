"""Papers: what all open consoles are shown alike, made and compressed once, fetched by the name of its content and therefore kept by every browser."""

import gzip
import hashlib
import json
from collections import OrderedDict

MOST = 64
"""So many are kept; a console that was away for longer asks for the newest with its next reading."""


class Papers:
    """One per process."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, bytes] = OrderedDict()

    def put(self, content: object) -> str:
        """The address of ``content`` as JSON; the same content has the same address."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        name = hashlib.sha256(text).hexdigest()[:20]
        if name not in self._held:
            self._held[name] = gzip.compress(text, 6)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        self._held.move_to_end(name)
        return f"/console/paper/{name}.json"

    def get(self, name: str) -> bytes | None:
        """Gzipped JSON; None when it is not kept any more."""
        return self._held.get(name)
