"""What an account may use."""

from __future__ import annotations

from datetime import datetime

import attrs

from pictory_async.models._base import Model, as_utc

__all__ = ["Allowance", "CreditTransaction", "Quota"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Allowance(Model):
    """How much of something an account used, and may use.

    From https://docs.pictory.ai/api-reference/account/get-quota.

    Attributes:
        used: Used in the current billing term.
        limit: The most that the plan allows in it.
    """

    used: float | None = None
    limit: float | None = None

    @property
    def left(self) -> float | None:
        """What is left; ``None`` if the API did not send both numbers."""
        return None if self.used is None or self.limit is None else max(0.0, self.limit - self.used)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Quota(Model):
    """What an account may use in the current billing term.

    From https://docs.pictory.ai/api-reference/account/get-quota.

    Attributes:
        video_minutes: Minutes of rendered video.
        transcription_minutes: Minutes of transcribed media.
        eleven_labs_minutes: Minutes of voice-over by ElevenLabs.
        ai_credits: AI credits.
    """

    video_minutes: Allowance | None = None
    transcription_minutes: Allowance | None = None
    eleven_labs_minutes: Allowance | None = None
    ai_credits: Allowance | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class CreditTransaction(Model):
    """AI credits that an account spent or got.

    From https://docs.pictory.ai/api-reference/account/get-aicredits-usage.

    Attributes:
        id: The transaction's id.
        type: ``debit`` if they were spent, ``credit`` if the account got them.
        amount: How many.
        source: What for, such as ``Text-to-Image``.
        description: The same in words.
        plan: The account's plan.
        date: When, in UTC.
    """

    id: str | None = attrs.field(default=None, repr=False)
    type: str | None = None
    amount: float | None = None
    source: str | None = None
    description: str | None = attrs.field(default=None, repr=False)
    plan: str | None = attrs.field(default=None, repr=False)
    date: datetime | None = attrs.field(default=None, converter=as_utc)
