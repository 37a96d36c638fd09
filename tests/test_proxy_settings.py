"""What users say about proxies and authorities: arguments, variables, and what is refused before a request."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from pictory_async import AsyncPictory, RetryPolicy, errors
from pictory_async._http.proxies import Exemption, Proxies, ProxySettings
from pictory_async._settings.key import ApiKey
from pictory_async.testing import Simulator, World

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from tests._parts import needs
from tests._proxies import Authority, encrypted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "pictai_simulator"
PLAIN = "http://127.0.0.1:9/pictoryapis"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def base_url(world: World, authority: Authority) -> Iterator[str]:
    with encrypted(Simulator(world), authority) as port:
        yield f"https://localhost:{port}/pictoryapis"


def with_variables(error: Exception) -> str:
    """The traceback with the variables of our own frames, as some tools print it, without our own example."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in whole.stack if "/pictory_async/" in frame.filename]
    assert frames
    return "".join([str(error), *(str(frame.locals) for frame in frames)]).replace(
        "the special characters of a password", ""
    )


def proxies_of(address: str | None = None, *, plain: bool = False) -> Proxies | None:
    """The proxies of a client with this argument, and of the environment."""
    return ProxySettings(address, trust_env=True).checked(ApiKey(KEY), plain=plain)


def shown(proxies: Proxies | None, url: str) -> str | None:
    """The proxy of a URL."""
    assert proxies is not None
    proxy = proxies.way(url).proxy
    return None if proxy is None else proxy.url


@pytest.mark.parametrize(
    ("entry", "host", "port", "covered"),
    [
        ("*", "api.pictory.ai", 443, True),
        ("*:443", "api.pictory.ai", 443, True),
        ("*:443", "api.pictory.ai", 8443, False),
        ("pictory.ai", "pictory.ai", 443, True),
        ("pictory.ai", "api.pictory.ai", 443, True),
        ("pictory.ai", "mypictory.ai", 443, False),
        (".pictory.ai", "api.pictory.ai", 443, True),
        (".pictory.ai", "pictory.ai", 443, True),
        ("*.pictory.ai", "api.pictory.ai", 443, True),
        ("pictory.ai.", "api.pictory.ai", 443, True),
        ("api.pictory.ai:443", "api.pictory.ai", 443, True),
        ("api.pictory.ai:8443", "api.pictory.ai", 443, False),
        (".pictory.ai:443", "api.pictory.ai", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.1.2.3/8", "10.9.9.9", 443, True),
        ("10.0.0.0/8:443", "10.1.2.3", 443, True),
        ("10.0.0.0/8:80", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/8", "fd00::1", 443, False),
        ("10.0.0.0/99", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "api.pictory.ai", 443, False),
        ("::1", "::1", 443, True),
        ("[::1]", "::1", 443, True),
        ("[::1]:443", "::1", 443, True),
        ("[::1]:80", "::1", 443, False),
        ("fd00::/8", "fd12::1", 443, True),
        (".", "api.pictory.ai", 443, False),
        ("pictory.ai:https", "pictory.ai", 443, False),
    ],
)
def test_no_proxy(entry: str, host: str, port: int, covered: bool) -> None:
    """Hosts with their subdomains, leading dots and stars, ports, IP addresses and ranges of them."""
    assert covered is Exemption.of(entry).covers(host, port)


@pytest.mark.parametrize(
    ("variables", "https", "http"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1", None),
        ({"https_proxy": "p:1"}, "http://p:1", None),
        ({"HTTPS_PROXY": "http://p"}, "http://p:80", None),
        ({"HTTPS_PROXY": "HTTPS://P.example/"}, "https://p.example:443", None),
        ({"ALL_PROXY": "socks5h://p"}, "socks5h://p:1080", None),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, "http://[::1]:3128", None),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:2"}, "http://q:2", None),
        ({"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://q:2"}, "http://p:1", None),
        ({"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://p:2"}, "http://p:2", "http://127.0.0.1:1"),
        ({"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:2"}, "http://p:2", None),
        ({"ALL_PROXY": "http://localhost:1"}, "http://localhost:1", "http://localhost:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example, .pictory.ai"}, None, None),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "api.pictory.ai:8443"}, "http://p:1", None),
    ],
)
def test_the_variables(
    variables: dict[str, str], https: str | None, http: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In either case, as curl and httpx read them; a plain request on this machine only uses a proxy on it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    proxies = proxies_of(plain=True)
    assert https == shown(proxies, "https://api.pictory.ai./pictoryapis/v2/projects")
    assert https == shown(proxies, "https://api.pictory.ai?x")
    assert http == shown(proxies, "http://127.0.0.1:8000/x")


@pytest.mark.parametrize(
    "variables", [{}, {"HTTPS_PROXY": ""}, {"HTTPS_PROXY": "nonsense:x", "NO_PROXY": "a, *"}, {"HTTP_PROXY": "x:y"}]
)
def test_no_proxy_at_all(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a proxy for any address that the client can ask for, there is nothing to decide for a request."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxies_of() is None


BAD = [
    "",
    "http://",
    "http://proxy:port",
    "http://proxy:99999",
    "ftp://proxy:21",
    "socks4://proxy:1080",
    "http://user:pass#word@proxy:3128",
    "http://user:pass/word@proxy:3128",
    "http://user:1?word@proxy:3128",
    "http://user:pass word@proxy:3128",
    "http://proxy:3128/path",
]


@pytest.mark.parametrize("address", BAD)
def test_an_address_that_cannot_be_a_proxy(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the argument or the variable, and shows no password."""
    with pytest.raises(
        errors.PictoryConfigError, match=r"^proxy is not the address of a proxy.*http://proxy\.exa"
    ) as one:
        AsyncPictory(KEY, proxy=address)
    if address:
        monkeypatch.setenv("Https_Proxy", address)
        with pytest.raises(errors.PictoryConfigError, match=r"environment variable Https_Proxy is not the") as other:
            AsyncPictory(KEY)
        assert "word" not in with_variables(other.value)
    assert "word" not in with_variables(one.value)


def test_other_proxies_that_are_refused() -> None:
    """What is no text, what has the key in it, and a proxy elsewhere that would see the key unencrypted."""
    wrong: Any = 3128
    with pytest.raises(errors.PictoryConfigError, match="must be the address of a proxy, not int"):
        AsyncPictory(KEY, proxy=wrong)
    with pytest.raises(errors.PictoryConfigError, match="contains an API key") as caught:
        AsyncPictory(KEY, proxy=f"http://{KEY}:3128")
    assert KEY not in str(caught.value)
    with pytest.raises(errors.PictoryConfigError, match=r"proxy\.example:3128 would get the API key unencrypted"):
        AsyncPictory(KEY, base_url=PLAIN, proxy="http://user:word@proxy.example:3128")
    AsyncPictory(KEY, base_url=PLAIN, proxy="http://127.0.0.1:3128")


def test_a_proxy_shows_no_password() -> None:
    """Neither it nor what the HTTP libraries get for it has a password in its text."""
    for scheme in ("http", "socks5"):
        proxies = proxies_of(f"{scheme}://user:word@proxy.example:3128")
        assert proxies is not None
        (proxy,) = set(proxies.all())
        assert f"Proxy('{scheme}://proxy.example:3128')" == repr(proxy)
        made = proxy.of(httpx, None)
        assert "word" not in f"{made!r} {made.raw_auth!r} {made.auth!r} {made.headers!r}"
    proxies = proxies_of("socks5://proxy.example")
    assert proxies is not None
    (proxy,) = set(proxies.all())
    assert proxy.of(httpx, None).raw_auth is None


def test_what_socks_needs() -> None:
    """Without the extra, the error says how to install it; aiohttp cannot do it at all."""
    program = """
import sys
sys.modules["socksio"] = None
import pictory_async
for options in ({"proxy": "socks5://user:word@127.0.0.1:1080"}, {}):
    try:
        pictory_async.AsyncPictory("pictai_x", **options)
    except pictory_async.errors.PictoryConfigError as error:
        print(error)
"""
    environment = {**os.environ, "ALL_PROXY": "socks5h://p", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    one, other = done.stdout.splitlines()
    assert 'The SOCKS proxy 127.0.0.1:1080 needs an extra: pip install "pictory-async[socks]"' in one
    assert "p:1080" in other
    assert "trust_env=False" in other
    with pytest.raises(errors.PictoryConfigError, match='Use http="httpx"'):
        AsyncPictory(KEY, http="aiohttp", proxy="socks5://p")


@pytest.mark.parametrize("given", [{"proxy": "http://p:1"}, {"verify": "/x.pem"}])
def test_a_client_of_ones_own_has_its_own(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and authorities are set there; those of the environment are not looked at."""
    monkeypatch.setenv("HTTPS_PROXY", "nonsense:x")
    own = httpx.AsyncHTTPTransport()
    AsyncPictory(KEY, http=own)
    with pytest.raises(errors.PictoryConfigError, match=f"^{next(iter(given))}= .* set it in your http="):
        AsyncPictory(KEY, http=own, **given)


def test_authorities_that_are_refused() -> None:
    """Those that trust everybody, and what names none."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nobody.check_hostname = False
    nobody.verify_mode = ssl.CERT_NONE
    wrong: list[tuple[Any, str]] = [
        (False, r"verify=False trusts everybody\. The API key .* verify='/etc/ssl"),
        (nobody, r"The TLS context in verify= trusts everybody"),
        (True, "not be True"),
        (3, "not be 3"),
    ]
    for verify, text in wrong:
        with pytest.raises(errors.PictoryConfigError, match=text):
            AsyncPictory(KEY, verify=verify)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["context", "file", "path", "directory", "SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_authorities_that_are_trusted(
    kind: str, world: World, authority: Authority, base_url: str, engine: str, tmp_path: Path, monkeypatch: Any
) -> None:
    """As a context, a file or a directory, also from the environment; without them, the certificate is refused."""
    certificates = tmp_path / "authorities"
    certificates.mkdir()
    if kind in {"directory", "SSL_CERT_DIR"}:
        command = [needs("openssl"), "x509", "-hash", "-noout", "-in", str(authority.file)]
        name = (await anyio.run_process(command)).stdout.decode().strip()
        (certificates / f"{name}.0").write_bytes(authority.file.read_bytes())
    context = await anyio.to_thread.run_sync(lambda: ssl.create_default_context(cafile=authority.file))
    given: dict[str, Any] = {
        "context": context,
        "file": str(authority.file),
        "path": authority.file,
        "directory": certificates,
    }
    values = {"SSL_CERT_FILE": str(authority.file), "SSL_CERT_DIR": str(certificates)}
    if kind in values:
        monkeypatch.setenv(kind, values[kind])
    project_id = world.add_project()
    options: dict[str, Any] = {"base_url": base_url, "http": engine, "retry": RetryPolicy(attempts=1)}
    async with AsyncPictory(KEY, verify=given.get(kind), **options) as client:
        await client.projects.get(project_id)
    async with AsyncPictory(KEY, trust_env=False, **options) as client:
        with pytest.raises(errors.ConnectionFailedError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.projects.get(project_id)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["missing", "empty", "directory", "null"])
async def test_authorities_that_cannot_be_used(kind: str, tmp_path: Path) -> None:
    """The first call says so, names the path, and sends nothing."""
    (tmp_path / "empty").write_text("nothing\n")
    named: dict[str, tuple[Any, str]] = {
        "missing": (tmp_path / "none.pem", "No such file"),
        "empty": (tmp_path / "empty", "no certificates"),
        "directory": (tmp_path, "openssl rehash"),
        "null": ("a\0b", "not a path"),
    }
    path, text = named[kind]
    async with AsyncPictory(KEY, base_url="https://localhost:9", verify=path) as client:
        with pytest.raises(errors.PictoryConfigError, match=f"verify names .*{text}"):
            await client.projects.get("p")
        assert 0 == client.statistics().http.sent
