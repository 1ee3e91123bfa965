"""The way to a telephone: a gateway for text messages, and a typed word on what became of one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx

from services.notifier.refusal import Refused
from services.runtime.settings import Settings

PATIENCE: Final = httpx.Timeout(10.0)
LONGEST_WAIT: Final = timedelta(hours=6)
"""Whatever a gateway says, it is asked again after that."""

GONE: Final = frozenset({"failed", "undelivered", "canceled"})
"""States of a message that was taken and will not arrive."""

OURS_TO_PUT_RIGHT: Final = frozenset({401, 402, 403, 404, 405, 408, 409, 421, 425, 429})
"""Refusals that are about our account, our settings or the moment, and not about this message."""


class TextRefused(Refused):
    """No gateway took the text message."""


class Gateway(Protocol):
    """Takes text messages. ``key`` is the letter's id, the same on every attempt."""

    async def send(self, to: str, text: str, *, key: str) -> None:
        """Returns when the gateway has taken the message. Raises :class:`TextRefused`."""
        ...


class Twilio:
    """The Messages resource of Twilio's REST API, and of every gateway shaped like it.

    What is permanent follows from the HTTP status alone: Twilio asks nobody to build on its error codes, for they
    change; the code is told to staff. Its documentation knows no idempotency key for messages: one is sent for the
    gateways that do, and where an answer is lost, the same text may arrive twice.
    """

    def __init__(self, http: httpx.AsyncClient, *, url: str, account: str, token: str, sender: str) -> None:
        self._http = http
        self._messages = f"{url.rstrip('/')}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        self._auth = httpx.BasicAuth(account, token)
        self._sender = sender

    async def send(self, to: str, text: str, *, key: str) -> None:
        """Hands the message over. A redirect is not followed: it would carry the number somewhere else."""
        form = {"To": to, "Body": text, self._from: self._sender}
        try:
            answer = await self._http.post(
                self._messages,
                data=form,
                auth=self._auth,
                headers={"Idempotency-Key": key, "Accept": "application/json"},
                timeout=PATIENCE,
                follow_redirects=False,
            )
        except httpx.TimeoutException:
            raise TextRefused("sms-timeout", permanent=False) from None
        except httpx.HTTPError:
            raise TextRefused("sms-no-connection", permanent=False) from None
        said = _body(answer)
        if answer.status_code not in {200, 201}:
            raise _refusal(answer, said)
        if said.get("status") in GONE:
            raise TextRefused(_named("sms-not-delivered", said.get("error_code")), permanent=True)

    @property
    def _from(self) -> str:
        return "MessagingServiceSid" if self._sender.startswith("MG") else "From"


def gateway(settings: Settings, http: httpx.AsyncClient) -> Gateway:
    """The gateway of this deployment. Raises :class:`TextRefused`, for good, where there is none."""
    if not settings.sms_account:
        raise TextRefused("no-sms-gateway", permanent=True)
    return Twilio(
        http,
        url=settings.sms_url,
        account=settings.sms_account,
        token=settings.sms_token.get_secret_value(),
        sender=settings.sms_from,
    )


def _refusal(answer: httpx.Response, said: Mapping[str, Any]) -> TextRefused:
    status = answer.status_code
    reason = _named(f"sms-{status}", said.get("code"))
    about_this_message = 400 <= status < 500 and status not in OURS_TO_PUT_RIGHT
    return TextRefused(reason, permanent=about_this_message, retry_at=_not_before(answer))


def _named(reason: str, code: object) -> str:
    """The reason with the gateway's code, if that is a small number and so cannot be anybody's."""
    return f"{reason}-{code}" if isinstance(code, int) and 0 < code < 1_000_000 else reason


def _not_before(answer: httpx.Response) -> datetime | None:
    seconds = answer.headers.get("Retry-After", "")
    if not seconds.isdecimal() or len(seconds) > 9:
        return None
    return datetime.now(UTC) + min(timedelta(seconds=int(seconds)), LONGEST_WAIT)


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
