"""Who a program is: a registered client with a secret, and for a while the token it got for it (RFC 6749, 4.4)."""

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import Any, Final

from fastapi import Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2
from itsdangerous import BadSignature, URLSafeTimedSerializer

from schemas.catalogue import Client
from services.runtime.floor import Floor
from services.runtime.web.problem import Problem
from services.runtime.web.state import floor_of

LIFETIME: Final = 3600
"""Seconds a token is good for. One whose secret is taken back is good for nothing at once."""

REMEMBERED: Final = 1024
SCHEME: Final = "Bearer"
NEEDS_TOKEN: Final = [
    Security(
        OAuth2(
            flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/v1/token", scopes={})),
            scheme_name="token",
            description="What a registered client gets for its id and secret.",
            auto_error=False,
        )
    )
]
"""For the published description; :func:`caller_of` is what checks."""


def secret_digest(secret: str) -> str:
    """What the catalogue keeps of a secret. Secrets are random, so that no slower hash is needed."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_theirs(client: Client, secret: str) -> str | None:
    """The digest of ``secret`` if it is one of the client's, found in a time that does not tell how close it came."""
    digest = secret_digest(secret)
    fits = [kept for kept in client.secrets if hmac.compare_digest(kept, digest)]
    return fits[0] if fits else None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says: whose it is, and for which of their secrets it was given."""

    client: str
    secret: str
    until: float


class Tokens:
    """Makes and reads tokens. All replicas share the key; what was read before is remembered while it holds."""

    def __init__(self, key: bytes) -> None:
        self._signer = URLSafeTimedSerializer(
            key, salt="habeas-client-token", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
        )
        self._read: OrderedDict[str, Claim] = OrderedDict()

    def make(self, client: Client, digest: str) -> str:
        """A token for whoever showed the secret with this digest."""
        made = self._signer.dumps([client.id, digest[:32]])
        return made if isinstance(made, str) else made.decode()

    def read(self, token: str) -> Claim | None:
        """What the token says; None for one that is not ours, or too old."""
        known = self._read.get(token)
        if known is None:
            try:
                said, made_at = self._signer.loads(token, max_age=LIFETIME, return_timestamp=True)
            except BadSignature:
                return None
            known = self._read[token] = _claim(said, made_at.timestamp())
            while len(self._read) > REMEMBERED:
                self._read.popitem(last=False)
        return known if known.until > time() else None


def _claim(said: Any, made_at: float) -> Claim:
    client, secret = said
    return Claim(client, secret, made_at + LIFETIME)


@lru_cache(maxsize=4)
def _tokens(key: bytes) -> Tokens:
    return Tokens(key)


def tokens_of(floor: Floor) -> Tokens:
    """The tokens of this deployment."""
    return _tokens(floor.settings.session_secret.get_secret_value())


def caller_of(request: Request) -> Client:
    """The client whose token the request carries. Raises a 401 problem."""
    given = request.headers.getlist("authorization")
    if not given:
        raise unknown_caller()
    scheme, _, token = given[0].partition(" ")
    if len(given) != 1 or scheme.lower() != SCHEME.lower():
        raise unknown_caller("invalid_request")
    floor = floor_of(request)
    claim = tokens_of(floor).read(token.strip())
    client = floor.catalogue().clients.get(claim.client) if claim else None
    if claim is None or client is None or not any(kept.startswith(claim.secret) for kept in client.secrets):
        raise unknown_caller("invalid_token")
    return client


def unknown_caller(error: str = "") -> Problem:
    """The refusal of whoever shows no token that holds (RFC 6750, section 3)."""
    said = f', error="{error}"' if error else ""
    return Problem(
        401,
        "A token is needed",
        code=error.replace("_", "-") or "token-required",
        detail="Ask for one at /v1/token with your client id and secret, and send it as a Bearer token.",
        headers={"WWW-Authenticate": f'{SCHEME} realm="habeas"{said}'},
    )
