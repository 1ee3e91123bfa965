"""Some work for the browser, where script runs: it sets people who fill in a form apart from programs that flood it.

No puzzle, no tracking, nobody else's server: the page's script looks for a number whose SHA-256, together with the
page's own token, begins with zeros. Without script everything works as well, only not so often (:mod:`gate`).
"""

from hashlib import sha256
from typing import Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.runtime.floor import Floor

BITS: Final = 17
"""Zeros that are asked for: some 130,000 tries, about half a second of a telephone's time while somebody types."""

LASTS: Final = 6 * 3600
"""Seconds for which the work on a page counts."""


def token_for(floor: Floor, key: str) -> str:
    """What the page with this key works on. It counts for that key alone, and so for one request."""
    token = _signer(floor).dumps(key)
    return token if isinstance(token, str) else token.decode()


def is_done(floor: Floor, key: str, token: str, number: str) -> bool:
    """True if ``number`` is what was looked for, on a page with this key that is not too old."""
    try:
        fits = _signer(floor).loads(token, max_age=LASTS) == key
    except BadSignature:
        return False
    return fits and number.isascii() and number.isdecimal() and len(number) <= 15 and zeros(token, number) >= BITS


def zeros(token: str, number: str) -> int:
    """With how many zeros the digest begins."""
    digest = int.from_bytes(sha256(f"{token}.{number}".encode()).digest(), "big")
    return 256 - digest.bit_length()


def _signer(floor: Floor) -> URLSafeTimedSerializer:
    secret = floor.settings.session_secret.get_secret_value()
    kwargs = {"digest_method": sha256, "key_derivation": "hmac"}
    return URLSafeTimedSerializer(secret, salt="habeas-work", signer_kwargs=kwargs)
