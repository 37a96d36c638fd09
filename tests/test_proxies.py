"""Proxies: everything goes through them, what they do wrong is told, and their passwords are shown to nobody."""

from __future__ import annotations

import logging
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import AsyncPictory, RateLimiter, RenderStatus, RetryPolicy, errors
from pictory_async.testing import Render, Simulator, World

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from tests._proxies import SILENCE, Authority, encrypted, tinyproxy, tunnel_proxy, unused_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests._proxies import TunnelProxy

pytestmark = pytest.mark.anyio

PASSWORD = "s3cret#w/rd"
QUOTED = "s3cret%23w%2Frd"
REFUSALS = {
    "407": (
        b"HTTP/1.1 407 s3cret#w/rd\r\ncontent-length: 0\r\n\r\n",
        r"\(407, it requires a user name and a password\)",
    ),
    "403": (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", r"\(403\)"),
    "502": (b"HTTP/1.1 502 Bad\r\ncontent-type: text/html\r\n\r\n<html>s3cret#w/rd</html>", r"\(502\)"),
    "cut": (b"", ""),
    "cut in the status line": (b"HTTP/1.1 20", ""),
    "cut in the headers": (b"HTTP/1.1 200 OK\r\nvia: a", ""),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.7\r\n\r\n", ""),
    "no TLS behind it": (b"HTTP/1.1 200 OK\r\n\r\nhello, this is not TLS", ""),
}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def world() -> World:
    return World(media_sizes=dict.fromkeys(("mp4", "mp3", "srt", "vtt", "txt", "jpg"), 5000))


@pytest.fixture
def port(world: World, authority: Authority) -> Iterator[int]:
    with encrypted(Simulator(world), authority) as port:
        yield port


@pytest.fixture
def proxy(port: int) -> Iterator[TunnelProxy]:
    with tunnel_proxy(port) as proxy:
        yield proxy


# Nobody listens on this port: what arrives went through a proxy.
BASE_URL = "https://localhost:9/pictoryapis"


def client_of(authority: Authority, engine: str, **options: Any) -> AsyncPictory:
    """Make a client that sends every request once."""
    settings = {
        "base_url": BASE_URL,
        "http": engine,
        "verify": authority.file,
        "retry": RetryPolicy(attempts=1),
        "limiter": RateLimiter(10_000, 1.0, 1000),
    }
    return AsyncPictory("pictai_simulator", **{**settings, **options})


def with_variables(error: Exception) -> str:
    """The traceback with the variables of our own frames, as some tools print it."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    return f"{error!r}" + "".join(str(frame.locals) for frame in whole.stack if "pictory_async" in frame.filename)


async def use_all(client: AsyncPictory, world: World, directory: Path) -> None:
    """Make each kind of request: a GET, polls, the POST of a render, and downloads."""
    project_id = world.add_project(Render(-100.0, duration=10.0))
    project = await client.projects.get(project_id)
    (outcome,) = await client.projects.wait_all([project_id], interval=0.01)
    assert RenderStatus.RENDERED is outcome.status
    await client.projects.render(project_id)
    paths = (await client.projects.download(project, directory, kinds=["video"])).paths
    assert 5000 == paths["video"].stat().st_size


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_everything_goes_through_the_proxy_of_the_environment(
    world: World,
    proxy: TunnelProxy,
    authority: Authority,
    engine: str,
    tmp_path: Path,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Polls, calls, renders and downloads: each connection begins with a CONNECT, and kept ones need no other."""
    monkeypatch.setenv(variable, proxy.address)
    async with client_of(authority, engine) as client:
        await use_all(client, world, tmp_path)
        statistics = client.statistics()
    assert {b"CONNECT localhost:9 HTTP/1.1"} == {head.partition(b"\r\n")[0] for head in proxy.heads}
    # One for the GET and the polls, one for the POST, one for the download.
    assert (3, 2) == (len(proxy.heads), statistics.http.opened)
    assert not any(b"pictai" in head for head in proxy.heads)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_everything_goes_through_the_proxy_that_is_passed(
    world: World,
    port: int,
    authority: Authority,
    engine: str,
    tmp_path: Path,
    scheme: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With a user name and a password, also over TLS; the password is sent to the proxy and is in no log or text."""
    caplog.set_level(logging.DEBUG)
    with tunnel_proxy(port, authority if scheme == "https" else None) as proxy:
        address = f"{scheme}://user:{QUOTED}@{proxy.address}"
        async with client_of(authority, engine, proxy=address) as client:
            await use_all(client, world, tmp_path)
            assert PASSWORD not in repr(client)
    assert "s3cret" not in caplog.text
    assert "dXNlcjpzM2NyZXQjdy9yZA" not in caplog.text
    assert 3 == len(proxy.heads)
    assert all(b"\r\nproxy-authorization: basic dxnlcjpzm2nyzxqjdy9yza==\r\n" in head.lower() for head in proxy.heads)


async def test_the_program_tinyproxy(
    world: World, port: int, authority: Authority, engine: str, tmp_path: Path
) -> None:
    """A proxy that many people use, with a password."""
    options = {"base_url": f"https://localhost:{port}/pictoryapis", "timeout": 60.0}
    with tinyproxy(tmp_path, "BasicAuth user s3cret") as (address, log):
        given = f"http://user:s3cret@{address}"
        async with client_of(authority, engine, proxy=given, **options) as client:
            await use_all(client, world, tmp_path / "films")
        async with client_of(authority, engine, proxy=f"http://{address}", **options) as client:
            with pytest.raises(errors.ConnectionFailedError, match="407") as caught:
                await client.projects.get("p")
    assert caught.value.sent is False
    assert 4 == sum(f"CONNECT localhost:{port} HTTP/1.1" in line for line in log)


async def test_a_kept_tunnel_serves_many_requests(
    world: World, proxy: TunnelProxy, authority: Authority, engine: str
) -> None:
    """A CONNECT is made once, and is no request of the API: the budget and the statistics count none."""
    limiter = RateLimiter(10_000, 1.0, 1000)
    project_id = world.add_project()
    async with client_of(authority, engine, proxy=proxy.address, limiter=limiter) as client:
        for _ in range(5):
            await client.projects.get(project_id)
        assert 5 == client.statistics().http.sent
    assert 5 == limiter.statistics().granted
    assert 1 == len(proxy.heads)


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_proxy_that_refuses_has_sent_nothing(
    world: World, proxy: TunnelProxy, authority: Authority, engine: str, refusal: str
) -> None:
    """A render that did not get its tunnel was not started for certain; the error names the proxy, and nothing else."""
    answer, text = REFUSALS[refusal]
    project_id = world.add_project()
    proxy.refuse = lambda number: None if number == 0 else answer
    async with client_of(authority, engine, proxy=f"http://user:{QUOTED}@{proxy.address}") as client:
        with pytest.raises(errors.ConnectionFailedError, match=f"{text}.*the proxy {proxy.address}") as caught:
            await client.projects.render(project_id)
    assert caught.value.sent is False
    assert "s3cret" not in with_variables(caught.value)
    assert 2 == len(proxy.heads)


@pytest.mark.parametrize("refusal", ["407", "cut"])
async def test_a_download_tells_of_the_proxy(
    world: World, proxy: TunnelProxy, authority: Authority, engine: str, refusal: str, tmp_path: Path
) -> None:
    """Its error names the proxy too, without the password."""
    proxy.refuse = lambda number: None if number == 0 else REFUSALS[refusal][0]
    project_id = world.add_project(Render(-100.0, duration=10.0))
    async with client_of(authority, engine, proxy=f"http://user:{QUOTED}@{proxy.address}") as client:
        project = await client.projects.get(project_id)
        with pytest.raises(errors.PictoryError, match=f"proxy {proxy.address}") as caught:
            await client.projects.download(project, tmp_path, kinds=["video"])
    assert "s3cret" not in str(caught.value)


async def test_a_proxy_that_cannot_be_reached(authority: Authority, engine: str) -> None:
    """Nothing was sent, and the error says where the proxy should be."""
    address = f"127.0.0.1:{unused_port()}"
    async with client_of(authority, engine, proxy=f"http://user:{QUOTED}@{address}") as client:
        with pytest.raises(
            errors.ConnectionFailedError, match=f"no connection through the proxy: .* the proxy {address}"
        ) as caught:
            await client.projects.get("p")
    assert caught.value.sent is False
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("silent", [True, False])
async def test_a_proxy_that_is_silent_ends_with_the_time_limit(
    world: World, proxy: TunnelProxy, authority: Authority, engine: str, silent: bool
) -> None:
    """In its reply to CONNECT or in the TLS handshake behind it: nothing was sent, and no socket stays open."""
    proxy.silent = silent
    proxy.refuse = lambda _: None if silent else SILENCE
    async with client_of(authority, engine, proxy=proxy.address, timeout=0.2) as client:
        while not proxy.heard.is_set():  # on a busy machine the time is over before the proxy is asked
            with pytest.raises(errors.RequestTimeoutError, match=f"0.2 s through the proxy {proxy.address}") as caught:
                await client.projects.get("p")
            assert caught.value.sent is False
        assert await anyio.to_thread.run_sync(proxy.left.wait, 60.0)


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_cancelled_set_up_leaves_no_socket(
    port: int, authority: Authority, engine: str, scheme: str, silent: bool
) -> None:
    """Whatever the proxy is at, a cancelled call closes its connection at once."""
    with tunnel_proxy(port, authority if scheme == "https" else None) as proxy:
        proxy.silent = silent
        proxy.refuse = lambda _: None if silent else SILENCE
        async with client_of(authority, engine, proxy=f"{scheme}://{proxy.address}", timeout=None) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.projects.get, "p")
                assert await anyio.to_thread.run_sync(proxy.heard.wait, 60.0)
                tasks.cancel_scope.cancel()
            assert await anyio.to_thread.run_sync(proxy.left.wait, 60.0)


async def test_a_loopback_address_over_plain_http(engine: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy on this machine is used, with its password; any other would carry the key unencrypted, and is not."""
    from pictory_async.testing.server import ServerThread  # noqa: PLC0415 - with its extra only

    project_id = world.add_project()
    server = await anyio.to_thread.run_sync(ServerThread(Simulator(world)).__enter__)
    port = int(server.origin.rpartition(":")[2])
    options: dict[str, Any] = {"http": engine, "retry": RetryPolicy(attempts=1)}
    try:
        with tunnel_proxy(port) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://user:{QUOTED}@{proxy.address}")
            async with AsyncPictory("pictai_simulator", base_url="http://127.0.0.1:9/pictoryapis", **options) as client:
                for _ in range(2):
                    await client.projects.get(project_id)
            monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
            async with AsyncPictory("pictai_simulator", base_url=server.base_url, **options) as client:
                await client.projects.get(project_id)
    finally:
        await anyio.to_thread.run_sync(partial(server.__exit__, None, None, None))
    (head,) = proxy.heads  # the second one came over the same connection
    assert head.startswith(b"GET http://127.0.0.1:9/pictoryapis/v2/projects/")
    assert b"\r\nproxy-authorization: basic dxnlcjpzm2nyzxqjdy9yza==\r\n" in head.lower()


async def test_a_proxy_that_got_the_request_may_have_sent_it(engine: str) -> None:
    """Without a tunnel, a proxy that hangs up has the request already; the error names it all the same."""
    with tunnel_proxy(9) as proxy:
        proxy.refuse = lambda _: b""
        options: dict[str, Any] = {"http": engine, "proxy": proxy.address, "retry": RetryPolicy(attempts=1)}
        async with AsyncPictory("pictai_x", base_url="http://127.0.0.1:9", **options) as client:
            with pytest.raises(errors.ConnectionFailedError, match=f"Check the proxy {proxy.address}, the") as caught:
                await client.projects.get("p")
    assert caught.value.sent is True


async def test_the_environment_can_be_ignored(
    engine: str, world: World, port: int, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``trust_env=False``, or for a host in ``NO_PROXY``, connections are direct."""
    project_id = world.add_project()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    base_url = f"https://localhost:{port}/pictoryapis"
    async with client_of(authority, engine, base_url=base_url, trust_env=False) as client:
        await client.projects.get(project_id)
    for exempt in ("localhost", f"localhost:{port}", "example.com, *"):
        monkeypatch.setenv("NO_PROXY", exempt)
        async with client_of(authority, engine, base_url=base_url) as client:
            await client.projects.get(project_id)


@pytest.mark.parametrize("engine", ["httpx", "httpx2"])
async def test_socks(
    engine: str,
    world: World,
    proxy: TunnelProxy,
    authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Everything goes through a SOCKS proxy, which resolves the names; its password is in no log."""
    pytest.importorskip("socksio", reason="the extra socks is not installed")
    pytest.importorskip(engine, reason="the extra httpx2 is not installed")
    caplog.set_level(logging.DEBUG)
    proxy.socks = ("user", PASSWORD)
    async with client_of(authority, engine, proxy=f"socks5h://user:{QUOTED}@{proxy.address}") as client:
        await use_all(client, world, tmp_path)
    assert [b"localhost"] * 3 == proxy.heads
    assert "setup_socks5_connection" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (b"\x05\x05\x00\x01\x7f\x00\x00\x01\x00\x09", "Connection refused"),
        (b"", ""),
        (b"HTTP/1.1 400 Bad\r\n\r\n", ""),
    ],
)
@pytest.mark.parametrize("engine", ["httpx", "httpx2"])
async def test_a_socks_proxy_that_refuses_has_sent_nothing(
    engine: str, world: World, proxy: TunnelProxy, authority: Authority, refusal: bytes, text: str
) -> None:
    """The error names the proxy, and says that nothing was sent."""
    pytest.importorskip("socksio", reason="the extra socks is not installed")
    pytest.importorskip(engine, reason="the extra httpx2 is not installed")
    proxy.socks = ("user", PASSWORD)
    proxy.refuse = lambda number: None if number == 0 else refusal
    project_id = world.add_project()
    async with client_of(authority, engine, proxy=f"socks5://user:{QUOTED}@{proxy.address}") as client:
        with pytest.raises(errors.ConnectionFailedError, match=f"{text}.*the proxy {proxy.address}") as caught:
            await client.projects.render(project_id)
    assert caught.value.sent is False
    assert "s3cret" not in str(caught.value)


async def test_a_cancelled_socks_set_up_leaves_no_socket(proxy: TunnelProxy, authority: Authority) -> None:
    """The library closes such connections only when they stand; the engine closes them in any case."""
    pytest.importorskip("socksio", reason="the extra socks is not installed")
    proxy.socks = ("user", "x")
    proxy.refuse = lambda _: SILENCE
    async with client_of(authority, "httpx", proxy=f"socks5://user:x@{proxy.address}", timeout=None) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.projects.get, "p")
            assert await anyio.to_thread.run_sync(proxy.heard.wait, 60.0)
            tasks.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(proxy.left.wait, 60.0)
