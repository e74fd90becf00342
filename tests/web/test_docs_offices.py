"""docs/offices.md: its commands are run against a real server, its receiver is given genuine and forged requests."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from channels.wire.signature import sign

PAGE = Path(__file__).parents[2] / "docs" / "offices.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_command_of_the_page_runs_as_it_stands(office_site: str, tmp_path: Path) -> None:
    token = "token-rival"
    asked = {"Authorization": f"Bearer {token}"}
    commands = blocks("sh")
    assert len(commands) == 7
    told = []
    for block in commands:
        # The page begins in an empty deployment, where the first two subscriptions have the numbers 1 and 2.
        numbers = [one["id"] for one in httpx.get(f"{office_site}/api/subscriptions", headers=asked, timeout=60).json()]
        if numbers:
            if len(numbers) == 1:
                made = httpx.post(f"{office_site}/api/subscriptions", headers=asked, json={
                    "name": "cover", "channel": "sms", "address": "8613900000009", "zones": ["310115"]}, timeout=60)
                numbers.append(made.json()["id"])
            block = block.replace("subscriptions/1/", f"subscriptions/{numbers[0]}/").replace('"cover": 2', f'"cover": {numbers[1]}')
        done = subprocess.run(["bash", "-ec", block], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=180,
                              env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOST": office_site, "TOKEN": token, "no_proxy": "*"})
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        told.append(done.stdout)
    assert json.loads(told[0])["id"] > 0
    assert json.loads(told[1])["notes"] == []
    assert json.loads(told[2])["total"] >= 1
    assert '"state":"waiting"' in told[3]
    assert [one["name"] for one in json.loads(told[4].partition("]")[0] + "]")] == ["Deputy Wang", "Director Li"]
    assert len(json.loads(told[5])["secret"]) > 40
    assert json.loads(told[6])[0]["test"] is True
    assert (tmp_path / "attempts.csv").read_text(encoding="utf-8-sig").startswith("delivery,")


def test_the_receiver_of_the_page_takes_what_is_genuine_once_and_nothing_else() -> None:
    [code] = blocks("python")
    room: dict[str, Callable[[str, dict[str, str], bytes, set[str]], bool]] = {}
    exec(code, room)
    genuine = room["genuine"]
    now, secret, body = str(int(time.time())), "at-least-sixteen-characters", b'{"type":"test"}'

    def head(stamp: str = now, signature: str = "", key: str = "k") -> dict[str, str]:
        return {"X-Xiaoxishu-Timestamp": stamp, "X-Xiaoxishu-Signature": signature or sign(secret, stamp, body), "Idempotency-Key": key}

    seen: set[str] = set()
    assert genuine(secret, head(), body, seen)
    assert not genuine(secret, head(), body, seen), "the same key again"
    both = ",".join([sign("the-new-secret-of-it", now, body), sign(secret, now, body)])
    assert genuine(secret, head(signature=both, key="two"), body, seen), "while the secret is changed"
    old = str(int(time.time()) - 301)
    assert not genuine(secret, head(stamp=old, key="old"), body, seen), "replayed"
    assert not genuine(secret, head(key="three"), body + b" ", seen), "changed"
    assert not genuine("another-secret-entirely", head(key="four"), body, seen), "forged"
    assert not genuine(secret, head(stamp=now + "0", signature=sign(secret, now, body), key="five"), body, seen)
