"""A live board of renders: one client and one open watch for all browsers.

Run it without a Pictory account: ``python docs/examples/render_board/app.py --simulate``. README.md has the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pictory_async import AsyncPictory, RenderHandle, RenderStatus, RetryPolicy, errors
from pictory_async.asgi import cancel_on_disconnect
from pictory_async.testing import Render, Simulator, World
from pictory_async.testing.server import ServerThread

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable

    from starlette.requests import Request

    from pictory_async import RenderPoller, Subscription, WatchEvent

STATIC: Final = Path(__file__).parent / "static"
HEARTBEAT: Final = 5.0  # seconds: so long can the numbers of the page be old
ONLY_OURS: Final = {"content-security-policy": "default-src 'self'", "x-content-type-options": "nosniff"}


class HandleFile:
    """The renders that were paid for and have not ended yet, on disk: a crash does not lose them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> list[RenderHandle]:
        """Read what an earlier run of the app left."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return [RenderHandle.from_json(line) for line in lines]

    def save(self, handles: Iterable[RenderHandle]) -> None:
        """Replace the file at once. It blocks the event loop for a moment: the order of two writes matters."""
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("w", encoding="utf-8") as file:
            file.writelines(f"{handle.to_json()}\n" for handle in handles)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


class Board:
    """What all browsers share."""

    def __init__(self, client: AsyncPictory, watch: RenderPoller, file: HandleFile) -> None:
        self.client = client
        # A person waits for these calls: answer in time, or say no.
        self.quick = client.with_options(max_queue=1.0, timeout=10.0, retry=RetryPolicy(attempts=1))
        self.watch = watch
        self.file = file
        self.names: dict[str, str | None] = {}  # a job does not show the name of its project
        self.closing = False
        self.late: dict[str, RenderHandle] = {}  # what may still finish although its wait has ended
        self.streams: set[Subscription] = set()
        self.waiting: set[anyio.CancelScope] = set()

    def save(self) -> None:
        """Write what is pending, and what may still finish."""
        self.file.save((*self.late.values(), *self.renders()))

    def renders(self) -> list[RenderHandle]:
        """What is pending."""
        return [one for one in self.watch.handles() if isinstance(one, RenderHandle)]

    async def save_outcomes(self) -> None:
        """Take each render that has ended out of the file."""
        async for event in self.watch.subscribe():
            if event.outcome is not None:
                handle = getattr(event.outcome.error, "handle", None)
                if handle is not None and event.outcome.status in {RenderStatus.TIMED_OUT, RenderStatus.ERROR}:
                    self.late[str(event.project_id)] = handle
                else:
                    self.late.pop(str(event.project_id), None)
                self.save()

    async def render(self, project_id: str) -> RenderHandle | None:
        """Start a render and watch it; ``None`` if the project is being rendered already, because each one costs."""
        before = await self.quick.projects.get(project_id)
        if before.is_rendering or project_id in map(str, self.watch.pending):
            return None
        self.names[str(before.id)] = before.name
        # Watched before it is requested: if the process is killed in between, the next one looks for the render.
        intent = self.watch.add(before.id, after=before)
        self.save()
        try:
            handle = await self.quick.projects.render(before.id)
        except errors.RenderSubmitUncertainError as error:
            handle = error.handle
        except errors.PictoryError:  # nothing was started; after a cancellation, that is not known
            self.watch.remove(intent)
            self.save()
            raise
        self.watch.remove(intent)
        self.watch.add(handle)
        self.save()
        return handle

    async def stream(self) -> AsyncIterator[str]:
        """Yield the events of all renders for one browser, and the numbers of the client."""
        events = self.watch.subscribe()
        self.streams.add(events)
        try:
            while not self.closing:
                event: WatchEvent | None = None
                with anyio.move_on_after(HEARTBEAT):
                    event = await anext(events, None)
                    if event is None:  # the watch is closed
                        return
                if event is not None:
                    yield message("render", self.described(event))
                yield message("numbers", self.numbers())
        finally:
            self.streams.discard(events)

    def described(self, event: WatchEvent) -> dict[str, Any]:
        """What the page shows of one render."""
        state = "finished" if event.outcome is not None else "rendering" if event.is_rendering else "waiting"
        name = self.names.get(str(event.project_id)) if event.project is None else event.project.name
        return {**event.to_dict(), "state": state, "name": name}

    def numbers(self) -> dict[str, Any]:
        """What the client did so far, for the page."""
        client, watch = self.client.statistics(), self.watch.statistics()
        return {
            "pending": watch.watching,
            "finished": watch.finished,
            "longest_delay": watch.longest_lag,
            "requests": client.transport.requests,
            "pace": client.limiter.pace * 60.0,
            "queue": client.limiter.waiting,
            "outage": watch.outage,
        }

    def stop(self) -> None:
        """End what would hold up a shutdown: streams, and requests that wait for a render."""
        self.closing = True
        for events in self.streams:
            events.close()
        for scope in self.waiting:
            scope.cancel()


def message(kind: str, data: dict[str, Any]) -> str:
    """Write one server-sent event."""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"


def board_of(request: Request) -> Board:
    """Return what the lifespan made."""
    board: Board = request.app.state.board
    return board


async def show_page(_request: Request) -> Response:
    """Serve the page."""
    return FileResponse(STATIC / "board.html", headers=ONLY_OURS)


async def list_projects(request: Request) -> Response:
    """Return the newest projects, to choose one."""
    board = board_of(request)
    found: list[dict[str, Any]] = []
    async for project in board.quick.projects.list():
        board.names[str(project.id)] = project.name
        found.append({"id": str(project.id), "name": project.name})
        if len(found) == 50:  # noqa: PLR2004 - as many as a person looks at
            break
    return JSONResponse(found)


async def start_render(request: Request) -> Response:
    """Start a render: ``{"project_id": "..."}``."""
    # A form of another site cannot send this type, so it cannot spend money.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return JSONResponse({"error": "Send application/json."}, 415)
    try:
        project_id = str((await request.json())["project_id"])
    except (ValueError, TypeError, KeyError):
        return JSONResponse({"error": 'Send {"project_id": "..."}.'}, 400)
    handle = await board_of(request).render(project_id)
    if handle is None:
        return JSONResponse({"error": "This project is being rendered already."}, 409)
    return JSONResponse({"project_id": str(handle.project_id), "job_id": handle.job_id}, 202)


async def show_project(request: Request) -> Response:
    """Return one project as it is now."""
    project = await board_of(request).quick.projects.get(request.path_params["id"])
    return JSONResponse({"id": str(project.id), "name": project.name, "video_url": project.video_url})


async def wait_for_video(request: Request) -> Response:
    """Respond when the project is rendered, unless the browser leaves before."""
    board, project_id = board_of(request), request.path_params["id"]
    # With the handle of a render that is under way, an older video does not count.
    wanted = next((one for one in board.renders() if str(one.project_id) == project_id), project_id)
    async with cancel_on_disconnect(request.receive) as scope:
        board.waiting.add(scope)
        try:
            project = await board.client.projects.wait(wanted, max_wait=600.0)
        finally:
            board.waiting.discard(scope)
        return JSONResponse({"id": str(project.id), "video_url": project.video_url})
    if board.closing:
        return JSONResponse({"error": "The server is stopping."}, 503, {"retry-after": "2"})
    return Response(status_code=499)


async def show_events(request: Request) -> Response:
    """Stream what happens, until the browser or the server leaves."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}  # proxies must not collect events
    return StreamingResponse(board_of(request).stream(), media_type="text/event-stream", headers=headers)


async def explain(_request: Request, error: Exception) -> Response:
    """Respond with what went wrong; the texts of the library never contain the key."""
    kinds = ((errors.RateBudgetError, 503), (errors.NotFoundError, 404), (errors.PictoryConfigError, 400))
    status = next((status for kind, status in kinds if isinstance(error, kind)), 502)
    headers: dict[str, str] = {}
    if isinstance(error, errors.RateBudgetError):
        headers["retry-after"] = str(math.ceil(error.retry_after or 2.0))
    return JSONResponse({"error": str(error)}, status, headers)


def make_app(options: dict[str, Any], file: HandleFile, interval: float) -> Starlette:
    """Make the app.

    Args:
        options: For `AsyncPictory`.
        file: Where renders are kept that have not ended.
        interval: Seconds between two polls of one render.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with (
            AsyncPictory(**options) as client,
            client.projects.watch(file.load(), keep_open=True, interval=interval, history=200) as watch,
            anyio.create_task_group() as tasks,
        ):
            app.state.board = board = Board(client, watch, file)
            tasks.start_soon(board.save_outcomes)
            yield
            board.stop()
            watch.close()  # ends `save_outcomes`
            board.save()

    routes = [
        Route("/", show_page),
        Route("/events", show_events),
        Route("/projects", list_projects),
        Route("/projects/{id}", show_project),
        Route("/projects/{id}/video", wait_for_video),
        Route("/renders", start_render, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={errors.PictoryError: explain})


class Server(uvicorn.Server):
    """uvicorn that ends open streams at SIGTERM, which it would wait for, and that exits with 0 then."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        super().__init__(uvicorn.Config(app, host, port, log_level="warning", timeout_graceful_shutdown=10))
        self.app = app

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop at a signal, at once at the second one."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and print the address."""
        await super().startup(sockets)
        if self.servers:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            print(f"Render board: http://{host}:{port}", flush=True)

    def stop(self) -> None:
        """End the server."""
        self.force_exit = self.should_exit
        self.should_exit = True
        if hasattr(self.app.state, "board"):
            self.app.state.board.stop()


def simulated() -> Simulator:
    """An account to try the board with: twelve projects whose renders take seconds, and one that fails."""
    world = World(seed=7, queue_seconds=(1.0, 4.0), render_seconds=(5.0, 15.0))
    names = "Spring sale, Product tour, Release notes, Interview, Recipe of the day, Weather, Onboarding, Safety"
    for number, name in enumerate(f"{names}, Annual report, City walk, Podcast, Season finale".split(", ")):
        render = Render(0.0, queue=1.0 + number % 4, duration=5.0 + 3.0 * (number % 4), fails=name == "Weather")
        world.add_project(name=name, on_render=[render], created_at=-3600.0 - number)
    return Simulator(world, latency=0.1)


def main() -> None:
    """Run the board until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description="A live board of Pictory renders.")
    parser.add_argument("--simulate", action="store_true", help="use a simulated account; otherwise PICTORY_API_KEY")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="the port; 0 chooses one (default: %(default)s)")
    parser.add_argument("--handles", type=Path, help="the file for renders that have not ended (render_board.jsonl)")
    parser.add_argument("--interval", type=float, help="seconds between two polls of a render (default: 10)")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        options: dict[str, Any] = {}
        path: Path = args.handles or Path("render_board.jsonl")
        if args.simulate:
            options = stack.enter_context(ServerThread(simulated())).client_options()
            path = args.handles or Path(stack.enter_context(tempfile.TemporaryDirectory()), "handles.jsonl")
        interval = args.interval or (1.0 if args.simulate else 10.0)
        Server(make_app(options, HandleFile(path), interval), args.host, args.port).run()


if __name__ == "__main__":
    main()
