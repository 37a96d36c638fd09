"""Connections to the services of others. They hold no secret: the API never returns one."""

from __future__ import annotations

from datetime import datetime

import attrs

from pictory_async.models._base import Model, as_utc

__all__ = ["AwsConnection", "VimeoConnection"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AwsConnection(Model):
    """Access to private videos in S3.

    From https://docs.pictory.ai/api-reference/aws-integration/get-aws-connection-by-id. What ``create`` and ``update``
    return has no type and no dates.

    Attributes:
        id: The connection's id.
        name: Its name; no two have the same.
        description: What it is for.
        aws_account_id: The AWS account.
        aws_region: Such as ``us-east-2``.
        type: ``AWS``.
        enabled: Whether it can be used.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        version: How often it was changed. An update must name the version that it changes.
    """

    id: str
    name: str | None = None
    description: str | None = attrs.field(default=None, repr=False)
    aws_account_id: str | None = attrs.field(default=None, repr=False)
    aws_region: str | None = None
    type: str | None = attrs.field(default=None, repr=False)
    enabled: bool | None = None
    created_at: datetime | None = attrs.field(default=None, converter=as_utc, repr=False)
    updated_at: datetime | None = attrs.field(default=None, converter=as_utc, repr=False)
    version: int | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VimeoConnection(Model):
    """Access to a Vimeo account, to which videos can be sent.

    From https://docs.pictory.ai/api-reference/vimeo-integration/get-vimeo-connection-by-id.

    Attributes:
        id: The connection's id.
        name: Its name.
        description: What it is for.
        client_identifier: The app at Vimeo.
        type: ``VIMEO``.
        enabled: Whether it can be used.
        created_at: When it was made, in UTC.
        updated_at: When it was last changed, in UTC.
        version: How often it was changed. An update must name the version that it changes.
    """

    id: str
    name: str | None = None
    description: str | None = attrs.field(default=None, repr=False)
    client_identifier: str | None = attrs.field(default=None, repr=False)
    type: str | None = attrs.field(default=None, repr=False)
    enabled: bool | None = None
    created_at: datetime | None = attrs.field(default=None, converter=as_utc, repr=False)
    updated_at: datetime | None = attrs.field(default=None, converter=as_utc, repr=False)
    version: int | None = None
