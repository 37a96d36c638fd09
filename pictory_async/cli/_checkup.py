"""What `pictory doctor` checks: versions, key, the way to the API, clock and budget, each with a cure."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from pictory_async import __version__
from pictory_async.cli._account import find_rate
from pictory_async.cli._exit_codes import FAILURE, KEY_REFUSED, NO_DISK, SUCCESS, exit_code_of
from pictory_async.cli._options import given_proxy, without_password
from pictory_async.cli._store import find_state
from pictory_async.cli._wording import in_command_words
from pictory_async.errors import PictoryError
from pictory_async.events import RequestEnded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Check", "Response", "checks_of_response", "installed", "local_checks"]

_PACKAGES: Final = ("httpx", "anyio", "attrs", "cattrs", "click", "rich", "httpx2", "httpx-aiohttp", "pysimdjson")
_CERTIFICATE: Final = "CERTIFICATE_VERIFY_FAILED"
_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_BEHIND_A_FIREWALL: Final = "If a browser on this machine reaches it through a proxy, name that in HTTPS_PROXY."
_WRONG_CLOCK: Final = 60.0  # seconds; a header has whole seconds, and a response takes its time
_NOT_ASKED: Final = "not known, because the API did not respond"


@attrs.frozen
class Check:
    """What one check found.

    Attributes:
        name: What was checked.
        text: What was found.
        cure: What to do about it; empty if it is well.
        code: The exit code that says so.
        known: Whether anything was found out.
    """

    name: str
    text: str
    cure: str = ""
    code: int = SUCCESS
    known: bool = True

    @property
    def good(self) -> bool | None:
        """Whether it is well; ``None`` if that is not known."""
        return self.code == SUCCESS if self.known else None


@attrs.define
class Response:
    """How the API responded to one request.

    Attributes:
        base_url: The address of the API.
        source: Where the key comes from.
        error: Why there was no usable response; ``None`` if there was one.
        ended: The last attempt; ``None`` if nothing was sent.
        at: When it ended.
    """

    base_url: str
    source: str
    error: PictoryError | None = None
    ended: RequestEnded | None = None
    at: datetime = attrs.field(factory=lambda: datetime.now(UTC))


def local_checks() -> Iterator[Check]:
    """Check what needs no request."""
    versions = [f"pictory-async {__version__}", f"Python {platform.python_version()}", *installed(_PACKAGES)]
    yield Check("versions", f"{', '.join(versions)}, on {platform.system()}")
    named = "PICTORY_RATE" if os.environ.get("PICTORY_RATE") else "--rate or PICTORY_RATE"
    rate = find_rate()
    yield Check("budget", f"{rate.requests} requests in {rate.per:g} s; {named} sets what your plan allows")
    yield _check_state(find_state())


def installed(names: Iterable[str]) -> Iterator[str]:
    """Yield those of some distributions that are installed, with their versions."""
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield f"{name} {importlib.metadata.version(name)}"


def _check_state(directory: Path) -> Check:
    nearest = next((one for one in (directory, *directory.parents) if one.exists()), directory)
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Check("state", f"what commands remember is in {directory}")
    cure = "Make it writable, or name another directory in PICTORY_STATE_DIR."
    return Check("state", f"{directory} cannot be written to, and renders could not be remembered", cure, NO_DISK)


def checks_of_response(response: Response) -> Iterator[Check]:
    """Check the way to the API, from what one request met."""
    parts, error = urlsplit(response.base_url), response.error
    secure, host = parts.scheme == "https", parts.hostname or ""
    yield _check_proxy(parts.scheme, host)
    text = "" if error is None else in_command_words(str(error))
    reached = response.ended is not None and response.ended.status is not None
    refused = _CERTIFICATE in text
    code = SUCCESS if error is None else exit_code_of(error)
    if reached and response.ended is not None:
        yield Check("network", f"{host} responds in {response.ended.duration:.2f} s")
    elif refused:
        yield Check("network", f"{host} can be reached")
    else:
        yield Check("network", text or "nothing was sent", _BEHIND_A_FIREWALL, code or FAILURE)
    yield _check_certificate(secure=secure, reached=reached, refused=refused, text=text)
    yield _check_clock(response)
    if not reached:
        yield Check("key", f"from {response.source}; {_NOT_ASKED}", known=False)
    elif code == KEY_REFUSED:
        cure = "Copy a valid key from https://app.pictory.ai/api-access, without spaces or quotation marks."
        yield Check("key", f"from {response.source}: Pictory rejects it", cure, KEY_REFUSED)
    elif error is not None:
        yield Check("key", f"from {response.source}: {text}", "Try again later, or check --base-url.", code)
    else:
        yield Check("key", f"from {response.source}, accepted by {response.base_url}")


def _check_proxy(scheme: str, host: str) -> Check:
    named = given_proxy()
    if named is not None:
        return Check("proxy", f"--proxy: {without_password(named)}")
    found = getproxies()
    proxy = found.get(scheme) or found.get("all")
    if proxy is None:
        return Check("proxy", "none")
    if proxy_bypass(host):
        return Check("proxy", f"none: NO_PROXY has {host}")
    return Check("proxy", f"{without_password(proxy)}, from the environment")


def _check_certificate(*, secure: bool, reached: bool, refused: bool, text: str) -> Check:
    source = next((name for name in _AUTHORITIES if os.environ.get(name)), None)
    trusted = "the HTTP library" if source is None else f"{source} ({os.environ[source]})"
    if not secure:
        return Check("certificate", "none is needed on this machine")
    if refused:
        cure = (
            "If a proxy or firewall of your company reads encrypted connections, name its certificate authority in "
            "SSL_CERT_FILE. Otherwise, check the clock, and do not connect."
        )
        return Check("certificate", text, cure, FAILURE)
    if not reached:
        return Check("certificate", _NOT_ASKED, known=False)
    return Check("certificate", f"valid, by the authorities of {trusted}")


def _check_clock(response: Response) -> Check:
    date = None if response.ended is None else response.ended.date
    try:
        server = parsedate_to_datetime(date or "")
    except ValueError:
        return Check("clock", "not known, because no response had a date", known=False)
    # A date without a zone ("-0000") is in UTC too.
    ahead = (response.at - (server if server.tzinfo else server.replace(tzinfo=UTC))).total_seconds()
    if abs(ahead) <= _WRONG_CLOCK:
        return Check("clock", "agrees with the server's")
    text = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
    cure = "Let the system set its clock (NTP): certificates, --after and --saved-since depend on it."
    return Check("clock", text, cure, FAILURE)
