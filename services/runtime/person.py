"""How a person is known without a name: normal forms of contacts, and keyed digests of them.

The digests are HMAC-SHA256 in lower-case hex. Without the secret nobody can try out addresses against them. Each kind
of digest has its own prefix, so that none can stand for another.
"""

import hmac
import unicodedata
from hashlib import sha256

from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

_SEPARATOR = "\x1f"


def normal_email(text: str) -> str:
    """The one way to write an e-mail address: trimmed, composed (NFC), in lower case, its domain in Unicode.

    Dots and plus signs stay: whether they matter is the mail host's affair. Raises ValueError for anything that is no
    address; the error does not quote it.
    """
    return _folded(written_email(text))


def normal_phone(text: str, region: str = "US") -> str:
    """A telephone number in E.164, such as ``+12025550123``; ``region`` is read into one without a country code.

    An extension is left out. Raises ValueError for anything that cannot be a number; the error does not quote it.
    """
    number = _number(text, region)
    if number is None:
        raise ValueError("not a telephone number")
    return number


def written_email(text: str) -> str:
    """An address as its owner writes it, trimmed, its domain in Unicode: what can be normal has a normal form.

    Raises ValueError for anything else; the error does not quote it.
    """
    address = _address(text)
    if address is None:
        raise ValueError("not an e-mail address")
    return address


def person_key(secret: bytes, owner: str, email: str) -> str:
    """Who a person is to one owner: the partition key of all that concerns them there, and of nobody else."""
    return key_of_written(secret, owner, written_email(email))


def key_of_written(secret: bytes, owner: str, address: str) -> str:
    """The same for an address that :func:`written_email` gave: looking at it once is enough where many come in."""
    return _digest(secret, owner + _SEPARATOR + _folded(address))


def phone_key(secret: bytes, owner: str, phone: str) -> str:
    """Who a person without an e-mail address is to one owner."""
    return _digest(secret, f"{_SEPARATOR}phone{_SEPARATOR}{owner}{_SEPARATOR}{normal_phone(phone)}")


def code_digest(secret: bytes, request_id: str, code: str) -> str:
    """What a code that was sent to a telephone is compared by: without the secret, a million tries do not find it."""
    return _digest(secret, f"{_SEPARATOR}code{_SEPARATOR}{request_id}{_SEPARATOR}{code}")


def login_key(secret: bytes, email: str) -> str:
    """Who signs in, whatever owner they work for."""
    return _digest(secret, f"{_SEPARATOR}login{_SEPARATOR}{normal_email(email)}")


def content_digest(secret: bytes, *parts: str) -> str:
    """What was submitted, in order: equal for equal parts only, however a text is cut into parts."""
    measured = "".join(f"{len(part)}:{part}" for part in parts)
    return _digest(secret, f"{_SEPARATOR}content{_SEPARATOR}{measured}")


def _digest(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _folded(address: str) -> str:
    return unicodedata.normalize("NFC", address.lower())


def _address(text: str) -> str | None:
    try:
        # names kept for tests are as good as any: a key is made here, no letter sent
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized if "." in found.domain else None


def _number(text: str, region: str) -> str | None:
    try:
        number = parse(text, region)
    except NumberParseException:
        return None
    return format_number(number, PhoneNumberFormat.E164) if is_possible_number(number) else None
