"""The certificate authorities that TLS connections trust."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHAT: Final = (
    "Pass the authorities that you trust: a file or a directory with their certificates, such as "
    "verify='/etc/ssl/company.pem', or an ssl.SSLContext"
)


class Authorities:
    """What a user says about authorities.

    Args:
        verify: A TLS context, a file or a directory with certificates; ``None`` for the HTTP library's own, or those
            that the environment names.
        trust_env: Whether the environment is asked.

    Attributes:
        given: Whether there is a ``verify``.
        ready: The TLS context, if it need not be made.

    Raises:
        PictoryConfigError: ``verify`` is none of these, or it would trust everybody.
    """

    def __init__(self, verify: object = None, *, trust_env: bool = True) -> None:
        self.given: bool = verify is not None
        self.ready: ssl.SSLContext | None = None
        self._environ: Mapping[str, str] = os.environ if trust_env else {}
        self._path: str | None = None
        if isinstance(verify, ssl.SSLContext):
            if verify.verify_mode is ssl.CERT_NONE:
                raise PictoryConfigError(f"The TLS context in verify= trusts everybody. {_WHY} {_WHAT} that verifies.")
            self.ready = verify
        elif isinstance(verify, (str, os.PathLike)):
            path: str | os.PathLike[str] = verify  # pyright: ignore[reportUnknownVariableType]
            self._path = os.fsdecode(path)
        elif verify is False:
            raise PictoryConfigError(f"verify=False trusts everybody. {_WHY} {_WHAT}.")
        elif verify is not None:
            raise PictoryConfigError(f"verify must name authorities, not be {brief(verify)}. {_WHAT}.")

    def context(self, library: Any) -> ssl.SSLContext:
        """The TLS context. Blocks for some 50 ms unless it is `ready`.

        Args:
            library: The HTTP library's module, whose own authorities are used if no others are named.

        Raises:
            PictoryConfigError: What ``verify`` or the environment names cannot be used.
        """
        if self.ready is None:
            self.ready = trusted(library, self._environ) if self._path is None else _named(self._path)
        return self.ready


_WHY: Final = "The API key would be sent to whoever answers."


def trusted(library: Any, environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """A TLS context with the HTTP library's authorities, or those that the environment names.

    Args:
        library: The HTTP library's module.
        environ: The environment. Without the variables in it, the library does not look at them either.

    Raises:
        PictoryConfigError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names something that cannot be used, or there are no
            authorities.
    """
    file, directories = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    # OpenSSL itself ignores a missing directory: then no certificate at all is trusted, without a reason.
    if not file and directories and not any(Path(one).is_dir() for one in directories.split(os.pathsep)):
        raise _unusable("SSL_CERT_DIR", directories, "it is not a directory")
    try:
        context: ssl.SSLContext = library.create_ssl_context(trust_env=bool(file or directories))
    except OSError as error:
        why = _reason(error)
        if file:
            raise _unusable("SSL_CERT_FILE", file, why) from None
        text = f"The certificate authorities cannot be loaded: {why}. Install certifi again, or set SSL_CERT_FILE."
        raise PictoryConfigError(text) from None
    return context


def _reason(error: OSError) -> str:
    return "it has no certificates" if isinstance(error, ssl.SSLError) else str(error.strerror)


def _unusable(name: str, path: str, why: str) -> PictoryConfigError:
    return PictoryConfigError(
        f"The environment variable {name} names {path!r}, which cannot be used: {why}. Correct or remove the variable."
    )


def _named(path: str) -> ssl.SSLContext:
    try:
        if not Path(path).is_dir():
            return ssl.create_default_context(cafile=path)
        # OpenSSL finds certificates in a directory by names that are made from their contents.
        if any(one.suffix[1:].isdigit() for one in Path(path).iterdir()):
            return ssl.create_default_context(capath=path)
        why = f"it has no certificates under the names that OpenSSL looks for: run 'openssl rehash {path}'"
    except OSError as error:
        why = _reason(error)
    except ValueError:  # a path with a null character
        why = "it is not a path"
    raise PictoryConfigError(f"verify names {path!r}, which cannot be used: {why}. {_WHAT}.")
