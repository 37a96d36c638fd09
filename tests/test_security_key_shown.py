"""Whoever looks at an object or at an error of ours, in whatever way, does not see the key."""

from __future__ import annotations

import io
import json
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from hypothesis import given, settings, strategies as st

from pictory_async import AsyncPictory, DiskTemplateCache, RateLimiter, RenderHandle, RetryPolicy, errors
from pictory_async._http.messages import Request
from pictory_async._settings.config import ApiKey, BaseUrl, Config
from pictory_async.testing import BASE_URL, Answer, BrokenGzip, Refuse, Reset, Simulator, Truncate, World, WrongLength
from tests._shown import errors_of, looks, parts, shown_by

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async.testing import SimRequest

KEY = "pictai_0123456789abcdef"
SIGNS = st.characters(min_codepoint=33, max_codepoint=126)
KEYS = st.text(SIGNS, min_size=12, max_size=200).map("pictai_".__add__)
BAD: list[dict[str, Any]] = [
    {"timeout": -1},
    {"timeout": 10**400},
    {"base_url": "http://api.pictory.ai"},
    {"base_url": 5},
    {"base_url": "KEY"},
    {"base_url": "https://KEY"},
    {"base_url": "https://api.pictory.ai/?key=KEY"},
    {"base_url": "https://api.pictory.ai/KEY"},
    {"base_url": "https://user:KEY@api.pictory.ai"},
    {"http": "requests"},
    {"template_cache": 0},
    {"unreachable_after": -1},
    {"api_key": "Bearer KEY"},
    {"api_key": "KEY KEY"},
    {"api_key": b"KEY"},
    {"api_key": ["KEY"]},
]


@settings(max_examples=20)
@given(key=KEYS)
@pytest.mark.parametrize("bad", BAD, ids=str)
def test_an_error_about_a_setting_shows_no_key(bad: dict[str, Any], key: str) -> None:
    """Not in its texts, and not in the variables of the frames that it came through."""

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, bytes):
            return value.replace(b"KEY", key.encode())
        return value.replace("KEY", key) if isinstance(value, str) else value

    options = {"api_key": key} | {name: filled(value) for name, value in bad.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(errors.PictoryConfigError) as caught:
            AsyncPictory(**options)
    assert [] == shown_by(caught.value, key)
    if "base_url" not in bad:  # a simulator has an address of its own
        with pytest.raises(errors.PictoryConfigError) as caught:
            Simulator().client(**options)
        assert [] == shown_by(caught.value, key)


def test_the_key_of_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same whether a key is passed or found, and whether a warning is an error."""
    for key, bad in ((KEY, {"timeout": -1}), (KEY, {"base_url": "http://x"}), (f"{KEY} x", {}), ("0123456789abc", {})):
        monkeypatch.setenv("PICTORY_API_KEY", key)
        with pytest.raises((errors.PictoryConfigError, UserWarning)) as caught:
            AsyncPictory(**bad)
        assert [] == shown_by(caught.value, key[:12])
    monkeypatch.setenv("PICTORY_API_BASE_URL", f"https://x/?{KEY}")
    with pytest.raises(errors.PictoryConfigError) as caught:
        AsyncPictory(KEY)
    assert [] == shown_by(caught.value, KEY)


@given(key=KEYS)
def test_no_way_to_look_at_the_key_shows_it(key: str) -> None:
    """Not repr, str, format, a slice, iteration, a copy, a pickle or a look at the attributes of what holds it."""
    config = Config.checked(key, None)
    request = Request("GET", "https://x/p", "/p", "it", [(b"a", b"b")], key=config.key)
    held = [
        ApiKey(key),
        BaseUrl(f"https://{key}@x"),
        config,
        AsyncPictory(key),
        request,
        request.hide,
        config.key.reveal,
    ]
    seen = [text for one in parts(*held) for text in looks(one)]
    assert len(seen) > 100
    assert [] == [text for text in seen if key in text or repr(key)[1:-1] in text]
    assert (key, {b"authorization": key.encode(), b"a": b"b"}) == (config.key.reveal(), dict(request.written()))
    assert "ApiKey('********')" == f"{ApiKey(ApiKey(key))}"


@given(key=KEYS)
def test_a_digest_says_nothing_about_the_key(key: str) -> None:
    """Each purpose has its own."""
    digests = {ApiKey(key).digest(b"a"), ApiKey(key).digest(b"b"), key.encode()}
    assert 3 == len(digests)


BODIES: dict[str, Callable[[str], Any]] = {
    "message": lambda key: {"message": f"bad {key}"},
    "text": lambda key: key,
    "names": lambda key: {key: {key: key}, "videoURL": [key]},
    "fields": lambda key: {"fields": [{"name": key, "errors": [key]}, key]},
    "error": lambda key: {"success": False, "error": {"error_code": key, "error_message": f"not found {key}"}},
    "project": lambda key: {"project_id": key, "projectName": key},
    "job": lambda key: {"success": True, "job_id": key, "data": {"status": [key]}},
    "items": lambda key: {"items": key, "pageKey": key},
}
DAMAGE: list[Any] = [Refuse(), Reset(), Truncate(3), BrokenGzip(), WrongLength(9)]
CALLS: dict[str, Callable[[AsyncPictory, str], Awaitable[object]]] = {
    "get": lambda client, one: client.projects.get(one),
    "render": lambda client, one: client.projects.render(one),
    "wait": lambda client, one: client.projects.wait(one, max_wait=0.02, interval=0.005, start_grace=0.0),
    "handle": lambda client, one: outcomes(client, [RenderHandle(project_id=one, job_id="j")]),
    "job": lambda client, one: client.jobs.get(one),
    "jobs": lambda client, _: first(client.jobs.list()),
    "list": lambda client, _: first(client.projects.list()),
    "template": lambda client, one: client.templates.get(one),
}


async def first(listing: Any) -> None:
    async for _ in listing:
        return


async def outcomes(client: AsyncPictory, ids: Any) -> None:
    for outcome in await client.projects.wait_all(ids, max_wait=0.02, interval=0.005):
        outcome.raise_for_status()


@settings(max_examples=40)
@given(data=st.data(), key=KEYS)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("call", CALLS)
def test_a_failing_call_shows_no_key(call: str, backend: str, data: st.DataObject, key: str) -> None:
    """Whatever happens to a request, and wherever a response repeats the key: no error and no frame shows it."""
    body = data.draw(st.sampled_from([*BODIES, *DAMAGE]))
    status = data.draw(st.sampled_from([200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503]))

    def fault(request: SimRequest, _: float) -> Any:
        if not isinstance(body, str):
            return body
        text = json.dumps(BODIES[body](request.headers["authorization"])).encode()
        place = {"location": f"/{key}"} if status == 302 else {}
        return Answer(status, {"content-type": "application/json", **place}, text)

    async def main() -> BaseException | None:
        simulator = Simulator(faults=fault)
        options: dict[str, Any] = {"limiter": RateLimiter(10_000, 1.0, 1000), "retry": RetryPolicy(attempts=1)}
        async with simulator.client(api_key=key, **options) as client:
            try:
                await CALLS[call](client, "p")
            except errors.PictoryError as error:
                return error
        return None

    error = anyio.run(main, backend=backend)
    if error is None:
        return
    own = [text for one in (error, *vars(error).values()) for text in (repr(one), str(one))]
    assert [] == [text for text in own if key in text or key[:20] in text]
    assert [] == shown_by(error, key)


class Broken(httpx.AsyncBaseTransport):
    """Fails with an error whose frames, and those of what led to it, have the key."""

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        written = request.headers["authorization"]
        try:
            self.fail(written)
        except ValueError:
            raise self.failure from OSError()
        return httpx.Response(200)

    def fail(self, written: str) -> None:
        raise ValueError(len(written))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "failure",
    [
        KeyboardInterrupt(),
        SystemExit(),
        BaseExceptionGroup("several", [KeyboardInterrupt(), ValueError()]),
        OSError("no"),
        httpx.ReadError("no"),
        RuntimeError("no"),
        errors.PictoryConfigError("no"),
        errors.RateBudgetError("no"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_no_exception_brings_the_frames_of_a_transport_along(failure: BaseException) -> None:
    """Nor those of what led to it; the caller's own exception before it stays."""
    seen: list[BaseException] = []
    own = LookupError("the caller's own")
    async with AsyncPictory(KEY, base_url=BASE_URL, http=Broken(failure), retry=RetryPolicy(attempts=1)) as client:
        try:
            fail(own)
        except LookupError:
            try:
                await client.projects.get("p")
            except BaseException as raised:  # noqa: BLE001 - all of them are looked at
                seen.append(raised)
    (error,) = seen
    assert [] == [frame for one in errors_of(error) for frame in names_of(one) if frame.startswith("Broken.")]
    assert [] == shown_by(error, KEY)
    assert "fail" in names_of(own)


def fail(error: BaseException) -> None:
    raise error


def names_of(error: BaseException) -> list[str]:
    return [frame.f_code.co_qualname for frame, _ in traceback.walk_tb(error.__traceback__)]


def test_rich_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tracebacks print local variables, and cut long ones into slices."""
    pytest.importorskip("rich")
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.traceback import Traceback  # noqa: PLC0415 - an extra

    monkeypatch.setenv("PICTORY_API_KEY", KEY)
    simulator = Simulator(faults=lambda *_: Answer(500))

    async def call() -> None:
        async with simulator.client(api_key=KEY, retry=RetryPolicy(attempts=1)) as client:
            await client.projects.get("p")

    for fail in (lambda: AsyncPictory(timeout=-1), lambda: anyio.run(call)):
        with pytest.raises(errors.PictoryError) as caught:
            fail()
        out = io.StringIO()
        trace = caught.value.__traceback__
        while trace is not None and "/pictory_async/" not in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        assert trace is not None
        shown = Traceback.from_exception(
            type(caught.value), caught.value, trace, show_locals=True, locals_max_string=8, locals_max_length=100
        )
        Console(file=out, width=200).print(shown)
        assert " locals " in out.getvalue()
        assert KEY[:9] not in out.getvalue()


def test_a_disk_cache_holds_no_key(tmp_path: Any) -> None:
    """Neither do the objects that use one."""
    client = AsyncPictory(KEY, template_cache=DiskTemplateCache(tmp_path / "c", ttl=60.0))
    assert [] == [text for one in parts(client) for text in looks(one) if KEY in text]


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["pictai_0123456789abc/def", 'pictai_0123456789"abc\\def'])
@pytest.mark.parametrize("write", ["all", "some", "upper", "JSON", "slash"])
async def test_a_key_that_a_server_escapes_is_not_shown(key: str, write: str) -> None:
    """JSON can write each character in several ways (RFC 8259, section 7); none of them brings the key back."""
    escaped = {
        "all": "".join(f"\\u{ord(character):04x}" for character in key),
        "some": json.dumps(key)[1:-1].replace("i", "\\u0069"),
        "upper": "".join(f"\\u{ord(character):04X}" for character in key),
        "JSON": json.dumps(key)[1:-1],
        "slash": json.dumps(key)[1:-1].replace("/", "\\/"),
    }[write]
    text = f'{{"projectName": "\\u00e9 {escaped}", "videoURL": "https://127.0.0.1/v.mp4?k={escaped}"}}'
    body = Answer(200, {"content-type": "application/json"}, text.encode())
    simulator = Simulator(World(api_key=key), faults=lambda _request, _now: body)
    async with simulator.client() as client:
        project = await client.projects.get("p")
    assert "é ********" == project.name
    assert key not in str(project.to_dict())
    assert "0123456789" not in repr(project.assets)
