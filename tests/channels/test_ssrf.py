"""The address guard: what a stranger may not make this engine call."""

import asyncio
import ipaddress
import socket
from typing import Any

import pytest

from channels.wire.ssrf import BadTarget, Targets, check_address, check_url, parse_target, resolve


@pytest.mark.parametrize("url", [
    "https://example.org/hook", "http://example.org:8080/a?b=c", "https://8.8.8.8/", "https://[2001:4860:4860::8888]/x",
    "https://例子.中国/钩子", "http://[::ffff:8.8.8.8]/",
])
def test_a_public_target_passes(url: str) -> None:
    check_url(url, allow_private=False)


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/", "http://10.1.2.3/", "http://172.16.0.1/", "http://192.168.1.1/",
    "http://100.64.0.1/", "http://[fc00::1]/", "http://[fec0::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:10.0.0.1]/",
    "http://[2002:7f00:1::]/", "http://[64:ff9b::7f00:1]/", "http://localhost/", "http://a.localhost./", "http://intranet/",
    "http://gateway/", "http://nas.intranet/", "http://nas.lan/", "http://host.localdomain/", "http://router.home.arpa/", "http://home.arpa/", "http://db.internal./",
    "http://printer.local/", "http://metadata.google.internal/", "http://１２７.０.０.１/", "http://127。0。0。1/",
])
def test_a_private_target_is_refused_with_the_mend_unless_the_deployment_allows_it(url: str) -> None:
    with pytest.raises(BadTarget, match="allow_private_targets: true in the deployment's settings"):
        check_url(url, allow_private=False)
    check_url(url, allow_private=True)


@pytest.mark.parametrize("url", [
    "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::]/", "http://224.0.0.1/", "http://[ff02::1]/",
    "http://240.0.0.1/", "http://255.255.255.255/", "http://[::7f00:1]/", "http://[::ffff:169.254.169.254]/",
])
def test_metadata_multicast_and_reserved_addresses_are_refused_even_where_private_is_allowed(url: str) -> None:
    for allow_private in (False, True):
        with pytest.raises(BadTarget, match="never called"):
            check_url(url, allow_private=allow_private)


@pytest.mark.parametrize("url", [
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://017700000001/", "http://1.2.3/",
    "http://example.123/", "http://example.0x7f/", "http://127.0.0.1.5/",
])
def test_an_address_in_a_disguised_form_is_refused_whatever_it_means(url: str) -> None:
    for allow_private in (False, True):
        with pytest.raises(BadTarget, match="four plain decimal numbers"):
            check_url(url, allow_private=allow_private)


@pytest.mark.parametrize(("url", "says"), [
    ("ftp://example.org/", "scheme"), ("file:///etc/passwd", "scheme"), ("gopher://example.org/", "scheme"), ("//example.org/", "scheme"),
    ("https://user:pw@example.org/", "user name"), ("https://user@example.org/", "user name"), ("https://@example.org/", "user name"),
    ("https://example.org:0/", "port 0"), ("https://example.org:99999/", "cannot be read"), ("https:///path", "no host"),
    ("https://exa mple.org/", "blanks"), ("https://example.org/\r\nX: y", "blanks"), ("https://exa\x7fmple.org/", "blanks"),
    ("https://example.org/a\u3000b", "blanks"), ("https://a\\@b/", "backslash"), ("", "empty"),
    ("https://[::1%25eth0]/", "percent"), ("https://ex%41mple.org/", "percent"), ("https://[nonsense]/", "cannot be read|IPv6"),
    ("https://exa$mple.org/", "no valid name"), ("https://a..b/", "no valid name"),
])
def test_a_url_that_two_programs_could_read_differently_is_refused(url: str, says: str) -> None:
    with pytest.raises(BadTarget, match=says):
        check_url(url, allow_private=True)


def test_the_refusal_never_quotes_the_url() -> None:
    with pytest.raises(BadTarget) as refused:
        check_url("http://10.20.30.40/very-secret-token", allow_private=False)
    assert "secret" not in str(refused.value)
    assert "10.20" not in str(refused.value)


def test_a_target_is_taken_apart_with_its_default_port_and_an_encoded_path() -> None:
    target = parse_target("HTTPS://Exam­ple.ORG/预警?q=雨%20x")
    assert (target.scheme, target.host, target.port) == ("https", "example.org", 443)
    assert target.path == "/%E9%A2%84%E8%AD%A6?q=%E9%9B%A8%20x"
    assert target.authority == "example.org"
    assert parse_target("http://[2001:DB8::1]:8080").authority == "[2001:db8::1]:8080"


@pytest.mark.parametrize("url", ["http://10.0.0.7/a", "http://10.0.0.7/预警", "https://db.internal/a", "https://db.internal/预警", "http://169.254.169.254/latest"])
def test_where_many_urls_lead_to_few_origins_each_origin_is_judged(url: str) -> None:
    targets = Targets(allow_private=False)
    assert [(target.host, path) for target, path in map(targets.of, ("https://push.example.org/a?b=c", "https://push.example.org/预"))] == [
        ("push.example.org", "/a?b=c"), ("push.example.org", "/%E9%A2%84")]
    for _ in range(2):
        with pytest.raises(BadTarget):
            targets.of(url)


def _names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def answer(host: str, port: int, **_: Any) -> list[tuple[int, int, int, str, tuple[str, int]]]:  # noqa: ARG001 the system's form
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)


async def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(BadTarget, match="private network"):
        await resolve(parse_target("https://rebind.example.org/"), allow_private=False)


@pytest.mark.parametrize("url", ["http://10.0.0.7/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/"])
async def test_an_address_is_judged_at_the_connection_too_whoever_let_it_pass_before(url: str) -> None:
    with pytest.raises(BadTarget):
        await resolve(parse_target(url), allow_private=False)


async def test_a_name_with_public_addresses_only_gives_them_in_order_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, "93.184.216.34", "8.8.8.8", "93.184.216.34")
    assert await resolve(parse_target("https://example.org/"), allow_private=False) == ["93.184.216.34", "8.8.8.8"]


async def test_a_name_that_leads_to_cloud_metadata_is_refused_even_where_private_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, "169.254.169.254")
    with pytest.raises(BadTarget, match="link-local"):
        await resolve(parse_target("http://harmless.example.org/"), allow_private=True)


def test_a_teredo_address_is_judged_by_the_address_inside() -> None:
    # RFC 4380 §4: the last 32 bits are the client's IPv4 address with every bit flipped; 10.0.0.1 -> f5ff:fffe
    with pytest.raises(BadTarget, match="private network"):
        check_address(ipaddress.ip_address("2001:0:808:808:8000:63bf:f5ff:fffe"), allow_private=False)
    # cloud metadata inside, 169.254.169.254 -> 5601:5601, where private networks are allowed
    with pytest.raises(BadTarget, match="never called"):
        check_address(ipaddress.ip_address("2001:0:808:808:8000:63bf:5601:5601"), allow_private=True)
    # and a server (RFC 4380 §4, the second pair of words) that is metadata, with a public client 8.8.8.8 -> f7f7:f7f7
    with pytest.raises(BadTarget, match="never called"):
        check_address(ipaddress.ip_address("2001:0:a9fe:a9fe:8000:63bf:f7f7:f7f7"), allow_private=True)
