"""Addresses: where the key may be sent, what may be fetched, and what an environment of proxies changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, strategies as st

from pictory_async import AsyncPictory, RetryPolicy, errors
from pictory_async._settings.addresses import is_loopback, objection, web_address
from pictory_async.testing import Answer, Render, Simulator, World
from tests._raw import answer, field, raw_server
from tests._virtual import virtual_time

if TYPE_CHECKING:
    import ipaddress
    from pathlib import Path

KEY = "pictai_0123456789abcdef"

PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # where clouds keep the secrets of a machine
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "0",
    "1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "169.254.43518",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:a00:1::]",
    "[2001:0:a00:1::]",
    "localhost.",
    "LOCALHOST.",
    "a.localhost",
    "a.localhost.",
    "localhost.localdomain",
    "ip6-loopback",
    "intranet",
    "printer.local",
    "metadata.google.internal",
    "router.home.arpa",
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "localhost", "LocalHost", "[::1]", "[0:0:0:0:0:0:0:1]"]
NO_ADDRESS = [
    "",
    "https://",
    "https:///a.mp4",
    "//cdn.example.com/a.mp4",
    "file:///etc/passwd",
    "ftp://cdn.example.com/a.mp4",
    "data:text/plain,a",
    "javascript:alert(1)",
    "https://[::1",
    "https://[fe80::1%25eth0]/a.mp4",
    "https://[v1.a]/a.mp4",
    "https://cdn.example.com:99999/a.mp4",
    "https://cdn.example.com:port/a.mp4",
    "https://cdn.example.com\\@127.0.0.1:x/a.mp4",
    "https://127.0.0.1\\.example.com/a.mp4",
    "https://127%2e0%2e0%2e1/a.mp4",
    "https://127.0.0.1%00.example.com/a.mp4",
    "https://a..example.com/a.mp4",
    "https://１２７.0.0.1/a.mp4",  # noqa: RUF001 - on purpose
    "https://127。0。0。1/a.mp4",
    "https://ⓛocalhost/a.mp4",
    " https://cdn.example.com/a.mp4",
    "https://cdn.example.com/a b.mp4",
    "https://cdn.example.com/a.mp4\r\nx-a: b",
    "https://cdn.exa\tmple.com/a.mp4",
    "https://cdn.example.com/a\x00.mp4",
]


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    """Other schemes, broken hosts, line ends and signs that readers of addresses disagree about."""
    assert objection(url, loopback=True) == "is not a web address"


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("loopback", [True, False])
def test_private_hosts_are_refused(host: str, loopback: bool) -> None:
    """Networks of one's own, link-local addresses and odd spellings of this machine, for a simulator's client too."""
    assert objection(f"https://{host}/a.mp4", loopback=loopback) == "does not lead to the public internet"
    assert not is_loopback(host.strip("[]").lower())


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_is_for_simulators_only(host: str) -> None:
    """Addresses on this machine are used where the API is on this machine as well."""
    for scheme in ("http", "https"):
        assert objection(f"{scheme}://{host}:8080/a.mp4", loopback=False) == "points to this machine"
        assert objection(f"{scheme}://{host}:8080/a.mp4", loopback=True) is None


@pytest.mark.parametrize("loopback", [True, False])
def test_public_addresses_are_used_when_encrypted(loopback: bool) -> None:
    """Names and addresses of the internet, but neither over plain HTTP nor with a password in them."""
    for host in ("cdn.example.com", "CDN.example.com.", "a_b-c.example.com:8443", "8.8.8.8", "[2606:4700::1111]"):
        assert objection(f"https://{host}/a.mp4?x=%20&y=/", loopback=loopback) is None
        assert objection(f"http://{host}/a.mp4", loopback=loopback) == "is not encrypted"
        for secret in ("user:password@", "user@", "@", ":@", "127.0.0.1:80@", "127.0.0.1\\@"):
            assert objection(f"https://{secret}{host}/a.mp4", loopback=loopback) == "contains credentials"


def ipv4_spellings(address: ipaddress.IPv4Address) -> list[str]:
    """Ways to write an address of the old kind that resolvers understand, and of the new kind that hold it."""
    number, parts = int(address), str(address).split(".")
    short = f"{parts[0]}.{int.from_bytes(address.packed[1:])}"
    hexed, octal = ".".join(f"0x{int(part):x}" for part in parts), ".".join(f"0{int(part):o}" for part in parts)
    mixed = f"{parts[0]}.0x{int(parts[1]):x}.{int.from_bytes(address.packed[2:])}"
    six = [f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]"]
    return [str(address), str(number), hex(number), f"0{number:o}", short, mixed, hexed, octal, f"{address}.", *six]


@given(
    st.ip_addresses(v=4, network="127.0.0.0/8")
    | st.ip_addresses(v=4, network="169.254.0.0/16")
    | st.ip_addresses(v=4, network="10.0.0.0/8")
)
def test_no_spelling_of_a_private_address_passes(address: ipaddress.IPv4Address) -> None:
    """Decimal, hexadecimal, octal, short, or wrapped into IPv6: it is not fetched."""
    for host in ipv4_spellings(address):
        assert objection(f"https://{host}/a.mp4", loopback=False) is not None


PIECES = st.sampled_from(
    [
        *"/\\@:?#[]%.&;= \t\r\n\x00",
        "//",
        "https",
        "http",
        "file",
        "127.0.0.1",
        "localhost",
        "::1",
        "a.example",
        "é",
        "。",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join).map("https://{}".format))
def test_an_address_that_is_used_is_read_alike_by_all(url: str) -> None:
    """The host that was judged is the host that the HTTP library connects to."""
    parts = web_address(url)
    if parts is not None and parts.username is None:
        theirs = httpx.URL(url)
        assert (parts.scheme, parts.port) == (theirs.scheme, theirs.port)
        assert parts.hostname == theirs.raw_host.decode().strip("[]")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost@evil.example.com",
        "http://127.0.0.1:80@evil.example.com",
        "http://127.0.0.1\\@evil.example.com",
        "http://evil.example.com\\@127.0.0.1",
        "http://127.0.0.1\\.evil.example.com",
        "http://127.0.0.1.evil.example.com",
        "http://127.0.0.1%2eevil.example.com",
        "http://localhost.evil.example.com",
        "http://evil.localhost",
        "http://127.\u0660.\u0660.1",
        "http://127.0.0.999",
        "http://127...1",
        "http://2130706433",
        "http://[::ffff:10.0.0.1]",
        "http://0.0.0.0",
        "http://169.254.169.254",
        "https://user:secret@api.pictory.ai:99999",
        "https://user:secret@[::1",
        "https://us er:secret@api.pictory.ai",
        "//api.pictory.ai",
        "https:api.pictory.ai",
        KEY,
        f"https://api.pictory.ai/?key={KEY}",
    ],
)
def test_no_trick_makes_the_key_leave_unencrypted(url: str) -> None:
    """A base URL is either encrypted or surely this machine; the error repeats no password and no key."""
    with pytest.raises(errors.PictoryConfigError) as caught:
        AsyncPictory(KEY, base_url=url)
    assert "secret" not in str(caught.value)
    assert KEY not in str(caught.value)


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("http://cdn.example.com/a.mp4", "is not encrypted"),
        ("//10.0.0.1/a.mp4", "does not lead to the public internet"),
        ("https://169.254.169.254/latest/meta-data/", "does not lead to the public internet"),
        ("https://2130706433/", "does not lead to the public internet"),
        ("https://localhost/", "points to this machine"),
        ("http://127.0.0.1/", "points to this machine"),
        ("https://user:secret@cdn.example.com/", "contains credentials"),
        ("file:///etc/passwd", "is not a web address"),
        ("https://[::1", "is not a web address"),
    ],
)
async def test_a_media_host_cannot_redirect_into_a_network(tmp_path: Path, location: str, problem: str) -> None:
    """Each step of a redirect is judged like the address itself, and a refused one is not taken."""
    world = World()
    film = {"videoURL": "https://media.invalid/media/film.mp4"}
    project_id = world.add_project(Render(-100.0, duration=10.0), overrides=film)
    redirect = Answer(302, {"location": location})
    simulator = Simulator(world, faults=lambda request, _: redirect if request.path.startswith("/media") else None)
    async with simulator.client(base_url="https://api.invalid/pictoryapis") as client:
        with pytest.raises(errors.DownloadError, match=problem) as caught:
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert "secret" not in str(caught.value)
    assert len([entry for entry in simulator.log if entry.path.startswith("/media")]) == 1


@pytest.mark.anyio
async def test_netrc_files_are_not_used(engine: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key is sent, and no password of a netrc file."""
    (tmp_path / "netrc").write_text("default login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with raw_server(lambda _: answer(200, b'{"projectName": "x"}')) as server:
        async with AsyncPictory(KEY, base_url=server.origin, http=engine) as client:
            await client.projects.get("p")
    assert [KEY] == [field(head, "authorization") for head in server.requests]


@pytest.mark.anyio
async def test_a_proxy_is_used_when_it_is_handed_in() -> None:
    """A transport of one's own, with a proxy, carries the requests."""
    with raw_server(lambda _: answer(200, b'{"projectName": "x"}')) as proxy:
        async with (
            httpx.AsyncHTTPTransport(proxy=proxy.origin) as transport,
            AsyncPictory(
                KEY, base_url="http://127.0.0.1:9/api", http=transport, retry=RetryPolicy(attempts=1)
            ) as client,
        ):
            await client.projects.get("p")
    assert [b"GET http://127.0.0.1:9/api/v2/projects/p HTTP/1.1"] == [head.split(b"\r\n")[0] for head in proxy.requests]
