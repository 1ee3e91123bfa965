"""Links that let somebody set a password: signed, short-lived, and dead once used."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

from schemas.catalogue import Account, Catalogue
from schemas.notifier import AccountLetterKind
from services.runtime.accounts.stamp import same, stamp

LASTS: Final = {
    AccountLetterKind.INVITATION: timedelta(days=7),
    AccountLetterKind.RESET: timedelta(hours=1),
}
_PURPOSE: Final = "link"


class Links:
    """Makes and reads them. Nothing is kept: a link is bound to the account as it was, and that ends with its use."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._signer = URLSafeTimedSerializer(
            secret, salt="habeas-link", signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
        )

    def make(self, kind: AccountLetterKind, account: Account) -> str:
        """The link's token, for the account as it is."""
        signed = self._signer.dumps([kind.value, account.id, stamp(self._secret, _PURPOSE, account)])
        return signed if isinstance(signed, str) else signed.decode()

    def account(self, token: str, catalogue: Catalogue) -> Account | None:
        """Whose link it is; None if it is not ours, too old or used, or its account was deactivated meanwhile."""
        try:
            content, made_at = self._signer.loads(token, return_timestamp=True)
            kind, account_id, stamped = content
            too_old = datetime.now(UTC) - made_at > LASTS[AccountLetterKind(kind)]
        except (BadSignature, ValueError, TypeError):
            return None
        account = catalogue.accounts.get(account_id) if isinstance(account_id, str) else None
        if account is None or account.deactivated or too_old:
            return None
        return account if same(stamped, stamp(self._secret, _PURPOSE, account)) else None
