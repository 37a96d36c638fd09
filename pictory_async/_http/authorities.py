"""The certificate authorities that HTTPS connections trust."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


def trusted(library: Any, environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """A TLS context with the HTTP library's authorities, or those that the environment names.

    Raises:
        PictoryConfigError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names something that cannot be used, or there are no
            authorities.
    """
    file, directories = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    # OpenSSL itself ignores a missing directory: then no certificate at all is trusted, without a reason.
    if not file and directories and not any(Path(one).is_dir() for one in directories.split(os.pathsep)):
        raise _unusable("SSL_CERT_DIR", directories, "it is not a directory")
    try:
        context: ssl.SSLContext = library.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or "it has no certificates"
        if file:
            raise _unusable("SSL_CERT_FILE", file, why) from None
        text = f"The certificate authorities cannot be loaded: {why}. Install certifi again, or set SSL_CERT_FILE."
        raise PictoryConfigError(text) from None
    return context


def _unusable(name: str, path: str, why: str) -> PictoryConfigError:
    return PictoryConfigError(
        f"The environment variable {name} names {path!r}, which cannot be used: {why}. Correct or remove the variable."
    )
