"""The smallest broker of MQTT 5 (OASIS, 7 March 2019) that can be published to: CONNECT, PUBLISH with QoS 1, PINGREQ, by the octets."""

import asyncio
from dataclasses import dataclass

MESSAGE_EXPIRY = 0x02


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """``expiry_s``: the message expiry interval (§3.3.2.3.3), None where there was none."""

    topic: str
    payload: bytes
    retain: bool
    expiry_s: int | None


class Broker5:
    """``refuse``: the reason code of every PUBACK; 0x87 is not authorised. ``mute``: hangs up at a CONNECT of MQTT 5, as old brokers may."""

    def __init__(self, *, refuse: int = 0, mute: bool = False) -> None:
        self.published: list[Published] = []
        self.levels: list[int] = []
        self._refuse, self._mute = refuse, mute
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                first = (await reader.readexactly(1))[0]
                body = await reader.readexactly(await _length(reader))
                match first >> 4:
                    case 1:
                        self.levels.append(body[6])  # behind two octets of length and "MQTT"
                        if self._mute and body[6] == 5:
                            return
                        writer.write(bytes.fromhex("20 03 00 00 00" if body[6] == 5 else "20 02 00 00"))
                    case 3:
                        writer.write(self._take(first, body))
                    case 12:
                        writer.write(bytes.fromhex("d0 00"))
                    case 14:
                        return
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    def _take(self, first: int, body: bytes) -> bytes:
        end = 2 + int.from_bytes(body[:2])
        topic, mid, rest = body[2:end].decode(), body[end:end + 2], body[end + 2:]
        expiry = None
        if self.levels[-1] == 5:
            properties, rest = rest[1:1 + rest[0]], rest[1 + rest[0]:]
            if properties[:1] == bytes((MESSAGE_EXPIRY,)):
                expiry = int.from_bytes(properties[1:5])
        self.published.append(Published(topic=topic, payload=rest, retain=bool(first & 1), expiry_s=expiry))
        return b"\x40\x04" + mid + bytes((self._refuse, 0)) if self.levels[-1] == 5 else b"\x40\x02" + mid


async def _length(reader: asyncio.StreamReader) -> int:
    """§1.5.5: seven bits an octet, the lowest first."""
    value = shift = 0
    while True:
        octet = (await reader.readexactly(1))[0]
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value
        shift += 7
