"""What a poll costs through a proxy: ``python -m tests.lab.benchmarks.through_proxy [--quick]``.

The same polls go over TLS, directly and through a tunnel of a proxy, in turn and in one process, so that what else the
machine does hits both alike. Server and proxy run in a process of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import anyio
import trustme

from pictory_async import AsyncPictory, RateLimiter
from tests.lab.benchmarks._cells import cpu
from tests.lab.benchmarks._polls import KEY, UNLIMITED
from tests.lab.benchmarks._run import command
from tests.lab.benchmarks._server import Counter, Protocol, project_body, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

ENGINES = {"httpx": "httpx", "httpx2": "httpx2", "aiohttp": "httpx_aiohttp"}
TASKS = 10


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
    writer.close()


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    host, _, port = head.split(b" ")[1].decode().rpartition(":")
    there = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    await asyncio.gather(_relay(reader, there[1]), _relay(there[0], writer))


async def serve(chain: str) -> None:
    """Run a server over TLS and a proxy until standard input ends, and print their ports."""
    bodies = {b"projects": project_body(None)}
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Protocol(Counter(), 0.0, bodies, changing=False), "127.0.0.1", 0, ssl=tls, backlog=4096
    )
    proxy = await asyncio.start_server(_tunnel, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], proxy.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def served(directory: Path) -> Iterator[tuple[int, int, Path]]:
    """Run both in another process; give their ports, and the file of their certificate's authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "authority.pem")
    chain = directory / "chain.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(chain)
    with subprocess.Popen(
        command("through_proxy", "--serve", str(chain)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            server, proxy = map(int, process.stdout.readline().split())
            yield server, proxy, directory / "authority.pem"
        finally:
            process.stdin.close()
            process.wait(10)


async def compare(engine: str, ports: tuple[int, int, Path], rounds: int, polls: int) -> dict[str, float]:
    """CPU per poll in microseconds, directly and through the proxy, and the median of the ratios of the rounds."""
    server, proxy, authority = ports
    options: dict[str, Any] = {
        "base_url": f"https://127.0.0.1:{server}/pictoryapis",
        "http": engine,
        "verify": authority,
        "trust_env": False,
        "limiter": RateLimiter(UNLIMITED, 1.0, UNLIMITED // 10),
    }
    async with (
        AsyncPictory(KEY, **options) as direct,
        AsyncPictory(KEY, **options, proxy=f"http://127.0.0.1:{proxy}") as through,
    ):
        for client in (direct, through):
            await _cost(client, polls)
        costs = [(await _cost(direct, polls), await _cost(through, polls)) for _ in range(rounds)]
        # Each connection is made once, however many polls there are.
        assert all(client.statistics().http.opened <= TASKS for client in (direct, through))
    return {
        "direct": min(cost[0] for cost in costs),
        "proxied": min(cost[1] for cost in costs),
        "ratio": median(cost[1] / cost[0] for cost in costs),
    }


async def _cost(client: AsyncPictory, polls: int) -> float:
    poll: Callable[..., Awaitable[object]] = client.projects._transport.poll

    async def some() -> None:
        for _ in range(polls // TASKS):
            await poll("/v2/projects/p", "it")

    before = cpu()
    async with anyio.create_task_group() as tasks:
        for _ in range(TASKS):
            tasks.start_soon(some)
    return (cpu() - before) / polls * 1e6


def main() -> None:
    """Measure each engine that is installed, and print the results as JSON."""
    if "--serve" in sys.argv:
        run(serve(sys.argv[2]))
        return
    rounds, polls = (3, 500) if "--quick" in sys.argv else (9, 2000)
    engines = [engine for engine, module in ENGINES.items() if importlib.util.find_spec(module) is not None]
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as ports:
        print(json.dumps({engine: anyio.run(compare, engine, ports, rounds, polls) for engine in engines}))


if __name__ == "__main__":
    main()
