"""What cannot work is refused before anything is sent, and the key shows itself nowhere."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import Any

import attrs
import pytest

from pictory_async import AsyncPictory, RateLimiter
from pictory_async._settings.addresses import is_loopback
from pictory_async._settings.config import ApiKey, Config
from pictory_async.errors import PictoryConfigError

KEY = "pictai_0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PICTORY_API_KEY", raising=False)
    monkeypatch.delenv("PICTORY_API_BASE_URL", raising=False)


def test_a_missing_key_says_where_to_get_one() -> None:
    """Without a key the error names the argument, the variable and the page."""
    with pytest.raises(PictoryConfigError, match=r"api-access.*api_key.*PICTORY_API_KEY"):
        AsyncPictory()


@pytest.mark.parametrize("key", ["pictai_a b", "pictai_a\nb", "pictai_\x00", "pictai_ü", 5])
def test_a_key_that_no_server_would_take_is_refused(key: object) -> None:
    """Spaces, line ends and other impossible characters are a copying mistake."""
    with pytest.raises(PictoryConfigError) as caught:
        AsyncPictory(key)  # type: ignore[arg-type]
    assert "pictai_" not in str(caught.value)


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\r\n", f" {KEY} "])
def test_a_key_with_a_line_end_is_stripped(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and secret stores end with a line end, which is no part of the key, wherever it comes from."""
    monkeypatch.setenv("PICTORY_API_KEY", key)
    for passed in (key, None):
        assert KEY == Config.checked(passed, None).key.reveal()


@pytest.mark.parametrize("key", ["", " ", "\n"])
def test_a_key_of_nothing_is_missing(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of spaces and line ends is none."""
    monkeypatch.setenv("PICTORY_API_KEY", key)
    with pytest.raises(PictoryConfigError, match="There is no API key"):
        AsyncPictory()


@pytest.mark.parametrize("key", ["Bearer pictai_a", "bearer pictai_a"])
def test_a_bearer_key_is_refused(key: str) -> None:
    """Pictory takes the raw key."""
    with pytest.raises(PictoryConfigError, match="raw key"):
        AsyncPictory(key)


def test_a_key_of_another_shape_only_warns() -> None:
    """A key without the usual prefix may still be right; the warning points at the caller."""
    with pytest.warns(UserWarning, match="pictai_") as caught:
        AsyncPictory("0123456789")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "url",
    [
        "http://api.pictory.ai/pictoryapis",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "api.pictory.ai",
        "https://",
        "https://user:secret@api.pictory.ai",
        "https://api.pictory.ai/?a=b",
        "https://api.pictory.ai/#a",
        "https://api.pictory.ai/a b",
        "https://api.pictory.ai\n",
        "https://[::1",
        "https://a:99999",
        5,
    ],
)
def test_a_base_url_that_cannot_work_is_refused(url: object) -> None:
    """Anything that would send the key unencrypted or to nowhere is refused, without showing a password."""
    with pytest.raises(PictoryConfigError) as caught:
        AsyncPictory(KEY, base_url=url)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_may_be_plain_http(host: str) -> None:
    """A simulator on this machine needs no TLS."""
    assert is_loopback(host)
    url = f"http://[{host}]:1" if ":" in host else f"http://{host}:1"
    assert Config.checked(KEY, url).base_url == url


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key and the base URL may come from environment variables; arguments go first."""
    monkeypatch.setenv("PICTORY_API_KEY", KEY)
    monkeypatch.setenv("PICTORY_API_BASE_URL", "http://127.0.0.1:1/x/")
    config = Config.checked(None, None)
    assert (KEY, "http://127.0.0.1:1/x") == (config.key.reveal(), config.base_url)
    assert Config.checked("pictai_b", "https://b.invalid").base_url == "https://b.invalid"


@pytest.mark.parametrize(
    "url",
    [
        "https://API.pictory.ai/pictoryapis",
        "HTTPS://api.pictory.ai/pictoryapis",
        "https://api.pictory.ai/pictoryapis/",
        "https://api.pictory.ai/pictoryapis//",
        "https://api.pictory.ai:443/pictoryapis",
        "https://api.pictory.ai:/pictoryapis",
    ],
)
def test_one_address_has_one_spelling(url: str) -> None:
    """A ledger knows renders by the address, so that another spelling of it must not be another API."""
    assert Config.checked(KEY, None).base_url == Config.checked(KEY, url).base_url


def test_the_default_base_url_is_pictorys() -> None:
    """Without a base URL the documented one is used."""
    assert Config.checked(KEY, None).base_url == "https://api.pictory.ai/pictoryapis"


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "30"])
def test_a_timeout_is_a_positive_duration(timeout: object) -> None:
    """A time limit that cannot be kept is refused."""
    with pytest.raises(PictoryConfigError, match="timeout must be"):
        AsyncPictory(KEY, timeout=timeout)  # type: ignore[arg-type]


@pytest.mark.parametrize("http", ["requests", 5, object()])
def test_an_unknown_http_engine_is_refused(http: Any) -> None:
    """The error lists what is possible."""
    with pytest.raises(PictoryConfigError, match='"httpx", "httpx2"'):
        AsyncPictory(KEY, http=http)


def test_the_key_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in a repr, a log line, a traceback with local variables, a conversion, a copy or a pickle."""
    caplog.set_level(logging.DEBUG)
    client = AsyncPictory(KEY, limiter=RateLimiter())
    config = Config.checked(KEY, None)
    logging.getLogger("test").warning("%r %r", client, config)

    def fail() -> None:
        local_client, local_config, parts = client, config, vars(client)
        raise ValueError(len([local_client, local_config, parts]))

    with pytest.raises(ValueError, match="3") as caught:
        fail()
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    transport = vars(client)["_transport"]
    texts = [
        repr(client),
        repr(config),
        repr(attrs.asdict(config)),
        repr(vars(transport)),
        shown,
        caplog.text,
    ]
    assert [] == [text for text in texts if KEY in text]
    for protocol in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            protocol(ApiKey(KEY))


@pytest.mark.parametrize("port", ["65536", "99999/pictoryapis", "x", "-1", "x?a=b"])
@pytest.mark.parametrize("start", ["https://api.pictory.ai", "http://127.0.0.1", "https://[::1]"])
def test_a_wrong_port(start: str, port: str) -> None:
    """A port that cannot be is named as what is wrong."""
    with pytest.raises(PictoryConfigError, match=r"has a wrong port: it must be a number up to 65535\.$"):
        Config.checked("pictai_x", f"{start}:{port}")


@pytest.mark.parametrize("url", ["https://:65536", "ftp://a:65536", "https://a b:65536", "https://[x]:1", "a:65536", 5])
def test_what_is_wrong_with_or_without_a_port(url: Any) -> None:
    """Everything else is no web address."""
    with pytest.raises(PictoryConfigError, match="is not a web address"):
        Config.checked("pictai_x", url)


@pytest.mark.parametrize("limiter", [RateLimiter, 5, "300/min"])
def test_a_limiter_is_an_object_that_limits(limiter: object) -> None:
    """A class, or a number, is refused at once, and not reported as an outage later."""
    with pytest.raises(PictoryConfigError, match="limiter must be an object such as RateLimiter"):
        AsyncPictory(KEY, limiter=limiter)  # type: ignore[arg-type]
