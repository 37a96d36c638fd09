"""The calls about connections to AWS and Vimeo. Secrets go in, are shown nowhere, and never come back."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pictory_async import models
from pictory_async._api.listing import Listing
from pictory_async._codec.answers import decode_done, decode_one, decode_page
from pictory_async._codec.json_bytes import is_list, is_object
from pictory_async._http.messages import Body
from pictory_async._settings.given import body_of, flag, text
from pictory_async._settings.paths import path_segment
from pictory_async._settings.secret import STARS, Secret, wrapped
from pictory_async._values import brief
from pictory_async.errors import NotFoundError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pictory_async._http.transport import Transport
    from pictory_async.models import Page

C = TypeVar("C", bound=models.AwsConnection | models.VimeoConnection)

_SECRETS = frozenset({"clientsecret", "accesstoken"})
_LONGEST = 500  # characters of a credential; documented, as are those below
_NAME = 100
_DESCRIPTION = 250


class _Connections(Generic[C]):
    """What connections to both services have in common."""

    def __init__(self, transport: Transport, path: str, what: str, kind: type[C]) -> None:
        self._transport = transport
        self._path = path
        self._what = what
        self._kind = kind

    def list(self) -> Listing[C]:
        """List the connections, across all pages, as an async iterator."""

        def read(body: bytes) -> Page[C]:
            return decode_page(self._kind, masked(body))

        return Listing(self._transport, self._path, f"the list of {self._what}s", "nextPageKey", read)

    async def get(self, connection_id: str) -> C:
        """Fetch one connection as it is now.

        Args:
            connection_id: The connection.

        Raises:
            PictoryConfigError: The id cannot be one; nothing was sent.
            NotFoundError: There is no such connection for this key.
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return await self._transport.get(
            self._path_of(connection_id), self._name(connection_id), partial(self._read, asked=connection_id)
        )

    async def delete(self, connection_id: str) -> None:
        """Delete a connection. It may be repeated, so it is retried as a GET is.

        Args:
            connection_id: The connection.

        Raises:
            PictoryConfigError: The id cannot be one; nothing was sent.
            NotFoundError: There is no such connection for this key. Of Vimeo, the API does not tell.
            APIError: Any other failure, as its subclasses say.
        """
        path, name = self._path_of(connection_id), self._name(connection_id)
        try:
            await self._transport.repeat("DELETE", path, name, decode_done)
        except NotFoundError as error:
            if error.attempts == 1:  # else an attempt whose response was lost may have deleted it
                raise

    def _path_of(self, connection_id: object) -> str:
        return f"{self._path}/{path_segment('connection', connection_id)}"

    def _name(self, connection_id: object) -> str:
        return f"{self._what} {connection_id!r}"

    def _read(self, body: bytes, asked: str | None = None) -> C:
        return decode_one(self._kind, masked(body), asked)

    async def _create(self, fields: Mapping[str, Any], extra: Mapping[str, Any] | None) -> C:
        body = Body(body_of(fields, extra))
        return await self._transport.submit(self._path, f"the new {self._what}", self._read, body)

    async def _update(self, connection: C, fields: Mapping[str, Any], extra: Mapping[str, Any] | None) -> C:
        if not isinstance(connection, self._kind):
            text = f"The connection must be what get() or list() returned, not {brief(connection)}: it has the version."
            raise PictoryConfigError(text)
        if connection.version is None:
            raise PictoryConfigError("The connection has no version. Fetch it, and update what comes back.")
        path, body = self._path_of(connection.id), Body(body_of({"version": connection.version, **fields}, extra))
        read = partial(self._read, asked=connection.id)
        return await self._transport.submit(path, self._name(connection.id), read, body, method="PUT")


class AwsConnections(_Connections[models.AwsConnection]):
    """The calls about access to private videos in S3: ``client.aws_connections``."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/v1/awsconnections", "AWS connection", models.AwsConnection)

    async def create(
        self,
        name: str,
        *,
        aws_account_id: str,
        aws_region: str,
        description: str | None = None,
        enabled: bool | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> models.AwsConnection:
        """Make a connection. It is requested once; if the response is lost, look for its name in the list.

        See https://docs.pictory.ai/api-reference/aws-integration/aws-private-connection.

        Args:
            name: Its name, which no other connection has.
            aws_account_id: The AWS account, which cannot be changed later.
            aws_region: Such as ``us-east-2``, which cannot be changed later.
            description: What it is for.
            enabled: Whether it can be used.
            extra: Other fields in the API's spelling.

        Returns:
            The connection, without type and dates: the API does not return them here.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            MalformedResponseError: The response is not what the API documents. The connection may have been made.
            APIError: Any other failure, as its subclasses say.
        """
        fields = {
            "name": text("name", name),
            "description": _optional("description", description),
            "awsAccountId": text("aws_account_id", aws_account_id),
            "awsRegion": text("aws_region", aws_region),
            "enabled": flag("enabled", enabled),
        }
        return await self._create(fields, extra)

    async def update(
        self,
        connection: models.AwsConnection,
        *,
        name: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> models.AwsConnection:
        """Change a connection, if nobody changed it since it was fetched: the version that it has is sent along.

        It is requested once: after a first request that arrived, a second one would be refused as outdated.

        Args:
            connection: The connection as it was fetched.
            name: Its new name; ``None`` keeps it, as with the others.
            description: What it is for.
            enabled: Whether it can be used.
            extra: Other fields in the API's spelling.

        Returns:
            The connection with its new version, without type and dates.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            StatusError: It was changed meanwhile. Which status the API sends then is not documented. Fetch it again.
            APIError: Any other failure, as its subclasses say.
        """
        fields = {
            "name": _optional("name", name),
            "description": _optional("description", description),
            "enabled": flag("enabled", enabled),
        }
        return await self._update(connection, fields, extra)


class VimeoConnections(_Connections[models.VimeoConnection]):
    """The calls about Vimeo accounts that videos can be sent to: ``client.vimeo_connections``."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/v1/vimeo-connections", "Vimeo connection", models.VimeoConnection)

    async def create(
        self,
        name: str,
        *,
        client_identifier: str,
        client_secret: str | Secret,
        access_token: str | Secret,
        description: str | None = None,
        enabled: bool | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> models.VimeoConnection:
        """Make a connection. It is requested once; if the response is lost, look for its name in the list.

        See https://docs.pictory.ai/api-reference/vimeo-integration/create-vimeo-connection.

        Args:
            name: Its name: at most 100 letters, digits, spaces, ``_`` and ``-``.
            client_identifier: The app at Vimeo, at most 500 characters.
            client_secret: The app's secret, at most 500 characters. A `Secret` shows it nowhere in your program either.
            access_token: The token, as ``client_secret``.
            description: What it is for, in at most 250 characters.
            enabled: Whether it can be used.
            extra: Other fields in the API's spelling.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent. The error does not show a secret.
            MalformedResponseError: The response is not what the API documents. The connection may have been made.
            APIError: Any other failure, as its subclasses say.
        """
        secrets = _Held(client_secret=client_secret, access_token=access_token)
        del client_secret, access_token  # tracebacks can show variables
        fields = {
            "name": _vimeo_name(name),
            "description": _optional("description", description, _DESCRIPTION),
            "enabled": flag("enabled", enabled),
            "clientIdentifier": text("client_identifier", client_identifier, most=_LONGEST),
            **secrets.checked("client_secret", "access_token"),
        }
        return await self._create(fields, extra)

    async def update(
        self,
        connection: models.VimeoConnection,
        *,
        name: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        client_identifier: str | None = None,
        client_secret: str | Secret | None = None,
        access_token: str | Secret | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> models.VimeoConnection:
        """Change a connection, if nobody changed it since it was fetched: the version that it has is sent along.

        It is requested once: after a first request that arrived, a second one would be refused as outdated.

        Args:
            connection: The connection as it was fetched.
            name: Its new name; ``None`` keeps it, as with the others.
            description: What it is for.
            enabled: Whether it can be used.
            client_identifier: The app at Vimeo.
            client_secret: The app's secret.
            access_token: The token.
            extra: Other fields in the API's spelling.

        Returns:
            The connection with its new version.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent. The error does not show a secret.
            StatusError: It was changed meanwhile. Which status the API sends then is not documented. Fetch it again.
            APIError: Any other failure, as its subclasses say.
        """
        secrets = _Held(client_secret=client_secret, access_token=access_token)
        del client_secret, access_token
        fields = {
            "name": None if name is None else _vimeo_name(name),
            "description": _optional("description", description, _DESCRIPTION),
            "enabled": flag("enabled", enabled),
            "clientIdentifier": _optional("client_identifier", client_identifier, _LONGEST),
            **secrets.checked(),
        }
        return await self._update(connection, fields, extra)


class _Held:
    """Secrets that a user passed. They are checked only when no variable has them any more: see `ApiKey`."""

    def __init__(self, **values: object) -> None:
        self._values = {name: wrapped(value) for name, value in values.items()}

    def checked(self, *needed: str) -> dict[str, Secret]:
        """The secrets, by their names in the API.

        Raises:
            PictoryConfigError: One is missing that is needed, or is no text, or it is too long.
        """
        found: dict[str, Secret] = {}
        for name, held in self._values.items():
            if held() is None and name not in needed:
                continue
            if not isinstance(held(), str | Secret) or not held():
                raise PictoryConfigError(f"{name} must be text that is not empty, or a Secret.")
            secret = Secret(held())
            if len(secret.reveal()) > _LONGEST:
                length = len(secret.reveal())
                raise PictoryConfigError(f"{name} has {length} characters, and at most {_LONGEST} are allowed.")
            first, second = name.split("_")
            found[f"{first}{second.title()}"] = secret
        return found


def _vimeo_name(name: object) -> str:
    found = text("name", name, most=_NAME)
    if not all(character.isalnum() or character in " _-" for character in found):
        raise PictoryConfigError(f"name may have letters, digits, spaces, _ and -, and not {brief(name)}.")
    return found


def _optional(what: str, value: object, most: int | None = None) -> str | None:
    return None if value is None else text(what, value, least=0, most=most)


def masked(body: bytes) -> bytes:
    """A response without the secrets of a connection. None is documented to have any; a model would keep them."""
    try:
        value: Any = json.loads(body)
        return json.dumps(_without_secrets(value)).encode()
    except (ValueError, RecursionError):
        return body  # it is not read either


def _without_secrets(value: Any) -> Any:
    if is_list(value):
        return [_without_secrets(one) for one in value]
    if is_object(value):
        return {key: STARS if one and _is_secret(key) else _without_secrets(one) for key, one in value.items()}
    return value


def _is_secret(key: str) -> bool:
    return key.replace("_", "").casefold() in _SECRETS
