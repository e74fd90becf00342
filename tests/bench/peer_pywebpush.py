"""pywebpush on the Web Push workload: its encryption, which is what it does by itself."""

import json

from pywebpush import WebPusher

from channels.webpush import note
from tests.bench.webpush import MESSAGE, subscription


def encrypted(count: int) -> None:
    pusher, plaintext = WebPusher(json.loads(subscription(1, 1))), note(MESSAGE)
    for _ in range(count):
        pusher.encode(plaintext, content_encoding="aes128gcm")
