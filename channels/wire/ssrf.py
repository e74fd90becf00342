"""The address guard: may this engine, standing inside an office network, call the URL that a stranger registered?

Shape is checked when an address is registered (:func:`check_url`, no network), every address behind the name when a connection is made
(:func:`resolve`); the caller then connects to a checked *address*, never to the name again, which closes DNS rebinding.
"""

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

MEND = "set allow_private_targets: true in the deployment's settings if it is yours"
_PORTS = {"http": 80, "https": 443}
_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PATH_SAFE = "/?&=%:@!$'()*+,;~-._[]|"
_PLAIN_URL = re.compile(r"(https?://[A-Za-z0-9.:-]+)(/[A-Za-z0-9/?&=%:@!$'()*+,;~._|-]*)", re.ASCII)
_MAX_ORIGINS = 1000

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadTarget(ValueError):
    """A URL that is never called. The text says the mend and never quotes the URL (it may hold a person's token)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart once, so that what was checked is what is called. ``host`` is ASCII (IDNA) or a plain IP address, no brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110 §7.2): brackets round IPv6, the port only when it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse by its shape a URL that must never be called: what can be known without asking the name service.

    Raises BadTarget. ``allow_private`` lets loopback and private networks pass (a drill, an office's own network); link-local (cloud
    metadata), multicast, reserved and unspecified addresses are refused always.
    """
    target = parse_target(url)
    address = _literal(target.host)
    if address is not None:
        check_address(address, allow_private=allow_private)
    elif not allow_private and (
        "." not in target.host or any(target.host == name or target.host.endswith(f".{name}") for name in _LOCAL_NAMES)
    ):
        raise BadTarget(f"the host is a name of a local network; {MEND}")


def parse_target(url: str) -> Target:
    """Take a URL apart strictly; raises BadTarget where two programs could read it differently."""
    if not url or any(c <= " " or c == "\x7f" or c == "\\" or c.isspace() for c in url):
        raise BadTarget("the URL is empty or holds blanks, control characters or a backslash; write it percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise BadTarget("the URL cannot be read; write https://host[:port]/path") from wrong
    if parts.scheme not in _PORTS:
        raise BadTarget("the URL's scheme is neither https nor http; write https://host/path")
    if "@" in parts.netloc:
        raise BadTarget("the URL holds a user name or password; leave them out, requests are signed instead")
    if port == 0:
        raise BadTarget("port 0 cannot be called; write the real port")
    path = quote(parts.path or "/", safe=_PATH_SAFE) + (f"?{quote(parts.query, safe=_PATH_SAFE)}" if parts.query else "")
    return Target(scheme=parts.scheme, host=_host(parts.hostname or ""), port=port or _PORTS[parts.scheme], path=path)


class Targets:
    """Checks and takes apart URLs of which many lead to few origins, each origin once: what is judged is the host, and paths are many."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._origins: dict[str, Target] = {}

    def of(self, url: str) -> tuple[Target, str]:
        """The target of the URL's origin, and the path (with its query) as it stands in a request; raises BadTarget."""
        plain = _PLAIN_URL.fullmatch(url)
        if plain is None:
            check_url(url, allow_private=self._allow_private)
            target = parse_target(url)
            return target, target.path
        origin, path = plain.groups()
        known = self._origins.get(origin)
        if known is None:
            check_url(origin, allow_private=self._allow_private)
            known = parse_target(origin)
            if len(self._origins) >= _MAX_ORIGINS:
                self._origins.clear()  # endpoints are registered by strangers: the memory stays bounded
            self._origins[origin] = known
        return known, path


def check_address(address: IPAddress, *, allow_private: bool) -> None:
    """Refuse an IP address; one wrapped in IPv6 (IPv4-mapped, 6to4, Teredo, NAT64) is judged by what it leads to. Raises BadTarget."""
    for inner in _wrapped(address) or (address,):
        # Link-local first: 169.254.169.254 (cloud metadata) also counts as private, and nobody's warning endpoint lives there.
        if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
            raise BadTarget("the target is a link-local, multicast or unspecified address; these are never called")
        if inner.is_loopback:
            if not allow_private:
                raise BadTarget(f"the target is a loopback address; {MEND}")
        elif inner.is_reserved:
            raise BadTarget("the target is a reserved address; these are never called")
        elif not allow_private and (inner.is_private or not inner.is_global or (inner.version == 6 and inner.is_site_local)):
            raise BadTarget(f"the target is in a private network; {MEND}")  # not global: 100.64/10, shared inside carriers


async def resolve(target: Target, *, allow_private: bool) -> list[str]:
    """The addresses of the target, every one checked; one bad address among good ones refuses all of them.

    Raises BadTarget, and OSError when the name does not resolve.
    """
    literal = _literal(target.host)
    if literal is not None:
        check_address(literal, allow_private=allow_private)
        return [target.host]
    found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise OSError("the name has no address")
    for address in addresses:
        check_address(ipaddress.ip_address(address), allow_private=allow_private)
    return addresses


def _host(raw: str) -> str:
    if not raw:
        raise BadTarget("the URL has no host; write https://host/path")
    if "%" in raw:
        raise BadTarget("the host holds a percent sign (an IPv6 zone or an encoded name); write the plain host")
    if ":" in raw:
        try:
            return str(ipaddress.IPv6Address(raw))
        except ValueError as wrong:
            raise BadTarget("the host is no IPv6 address; write it as [2001:db8::1]") from wrong
    try:
        host = raw.encode("idna").decode("ascii").lower().rstrip(".")  # IDNA also folds full-width digits and ideographic full stops
    except UnicodeError as wrong:
        raise BadTarget("the host is no valid name; write it as example.org") from wrong
    if not host or not all(c.isalnum() or c in ".-_" for c in host):
        raise BadTarget("the host is no valid name; write it as example.org")
    return host


def _literal(host: str) -> IPAddress | None:
    """The address when the host is one. 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to the C library, so they are refused here."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        socket.inet_aton(host)
    except (OSError, ValueError):
        pass
    else:
        raise BadTarget("the address is written in a short, decimal, octal or hexadecimal form; write four plain decimal numbers")
    last = host.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        raise BadTarget("the host ends in a number but is no address; write four plain decimal numbers or a name")
    return None


def _wrapped(address: IPAddress) -> tuple[IPAddress, ...]:
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(inner for inner in wrapped if inner is not None)
