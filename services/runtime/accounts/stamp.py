"""What ties a session or a link to an account as it is now: it changes with whatever must end them."""

import hmac
from hashlib import sha256

from schemas.catalogue import Account


def stamp(secret: bytes, purpose: str, account: Account) -> str:
    """Another one after a new password, a new second step, or a deactivation."""
    return keyed(secret, purpose, account.password_hash, str(account.generation))[:32]


def keyed(secret: bytes, *parts: str) -> str:
    """A digest that nobody without the secret can make."""
    return hmac.new(secret, "\x1f".join(parts).encode(), sha256).hexdigest()


def same(given: object, expected: str) -> bool:
    """True for equal texts, in a time that does not tell how much of them is equal."""
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
