"""The way to the mail server: a message that cannot be more than one, and a typed word on what became of it."""

import asyncio
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import aiosmtplib
from email_validator import EmailNotValidError, validate_email

from services.notifier.letters import Written, plain
from services.notifier.postman import postman
from services.notifier.refusal import Refused
from services.runtime.settings import Settings

PATIENCE: Final = 10.0
"""Seconds for each step of the conversation."""

PATIENCE_IN_ALL: Final = 30.0


class MailRefused(Refused):
    """No mail server took the letter. ``reason`` is an SMTP status or a code of ours, never an address."""


def compose(
    written: Written, *, sender: str, sender_name: str, to: str, reply_to: str, message_id: str, date: datetime
) -> EmailMessage:  # fmt: skip
    """The letter as a message. Raises :class:`MailRefused`, for good, for an address that cannot be one.

    Headers are built from parsed addresses and single lines: what a person typed cannot add one.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(date)
    message["From"] = Address(plain(sender_name), addr_spec=sender)
    message["To"] = _address(to)
    message["Reply-To"] = _address(reply_to)
    message["Subject"] = plain(written.subject)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    message["Content-Language"] = written.language  # last: to set the content takes away every header about it
    return message


async def send(settings: Settings, message: EmailMessage) -> None:
    """Hands the message over; returns when the server has taken it. Raises :class:`MailRefused`.

    5xx on the sender, the recipient or the content is for good; anything else may pass, and so may a lost connection.
    """
    host, port = settings.smtp_address
    try:
        async with asyncio.timeout(PATIENCE_IN_ALL):
            await postman(host, port, PATIENCE).deliver(message)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        raise _refusal(refused.recipients[0].code) from None
    except (aiosmtplib.SMTPConnectResponseError, aiosmtplib.SMTPHeloError, aiosmtplib.SMTPAuthenticationError) as error:
        raise MailRefused(f"smtp-{error.code}-at-greeting", permanent=False) from None
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error.code) from None
    except aiosmtplib.SMTPNotSupported:
        raise MailRefused("address-not-supported", permanent=True) from None
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        raise MailRefused("timeout", permanent=False) from None
    except (aiosmtplib.SMTPException, OSError):
        raise MailRefused("no-connection", permanent=False) from None


def _refusal(code: int) -> MailRefused:
    return MailRefused(f"smtp-{code}", permanent=500 <= code < 600)


def _address(text: str) -> Address:
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
        return Address(addr_spec=found.ascii_email or found.normalized)
    except (EmailNotValidError, ValueError, MessageError, IndexError):
        raise MailRefused("no-address", permanent=True) from None
