"""What people with an account did: a log of its own, so that it can be shown for 24 months (R30)."""

from typing import ClassVar

from schemas.base import Fact, Slug


class Act(Fact):
    """One act. When it was done is the envelope's time.

    ``who`` is the account that acted, ``owner`` the owner whose affair it was (not always its own: operators act for
    all), ``address`` a keyed hash of the network address it came from. Each may be empty where nobody knows it.
    """

    who: str = ""
    owner: str = ""
    address: str = ""


class SignedIn(Act):
    """Somebody signed in. ``second_step`` is ``none``, ``code`` or ``recovery-code``."""

    TYPE: ClassVar[str] = "dsr.console.signed-in.v1"

    second_step: Slug = "none"


class SignedOut(Act):
    """Somebody signed out by themselves."""

    TYPE: ClassVar[str] = "dsr.console.signed-out.v1"


class SignInLocked(Act):
    """Too many wrong attempts: for a while nobody gets in under this login (``who``), or from this address."""

    TYPE: ClassVar[str] = "dsr.console.sign-in-locked.v1"

    attempts: int


class PersonInvited(Act):
    """Somebody was invited, or the invitation was sent once more."""

    TYPE: ClassVar[str] = "dsr.console.person-invited.v1"

    person: str
    roles: tuple[Slug, ...]


class ResetAsked(Act):
    """A link for a new password was asked for, by whoever knows the e-mail address; it went there and nowhere else."""

    TYPE: ClassVar[str] = "dsr.console.reset-asked.v1"


class PasswordSet(Act):
    """A password was set through a link. ``first``: the invitation was accepted."""

    TYPE: ClassVar[str] = "dsr.console.password-set.v1"

    first: bool


class PersonDeactivated(Act):
    """Somebody may not sign in any more; what was open of theirs has ended."""

    TYPE: ClassVar[str] = "dsr.console.person-deactivated.v1"

    person: str


class PersonReactivated(Act):
    """Somebody may sign in again."""

    TYPE: ClassVar[str] = "dsr.console.person-reactivated.v1"

    person: str


class RolesChanged(Act):
    """From now on somebody has these roles and no others."""

    TYPE: ClassVar[str] = "dsr.console.roles-changed.v1"

    person: str
    roles: tuple[Slug, ...]


class SecondStepSetUp(Act):
    """From now on this account needs a code to sign in."""

    TYPE: ClassVar[str] = "dsr.console.second-step-set-up.v1"


class SecondStepRemoved(Act):
    """Somebody's second step was taken away, because they lost it; at the next sign-in they set up a new one."""

    TYPE: ClassVar[str] = "dsr.console.second-step-removed.v1"

    person: str


class PackageFetched(Act):
    """A package was handed out through the portal."""

    TYPE: ClassVar[str] = "dsr.console.package-fetched.v1"

    request_id: str
    order_id: str


class RequestEntered(Act):
    """A request that came by telephone, letter or e-mail was entered for the person (R33)."""

    TYPE: ClassVar[str] = "dsr.console.request-entered.v1"

    request_id: str
    channel: Slug


class RequestLookedUp(Act):
    """Somebody looked up by its number where a request stands."""

    TYPE: ClassVar[str] = "dsr.console.request-looked-up.v1"

    request_id: str


class AttestationGiven(Act):
    """Somebody attested that they know who asks. Whether it counted is the verifier's to say."""

    TYPE: ClassVar[str] = "dsr.console.attestation-given.v1"

    request_id: str


class LetterPrinted(Act):
    """A letter that could not be delivered was opened, to be printed or read out."""

    TYPE: ClassVar[str] = "dsr.console.letter-printed.v1"

    request_id: str
    letter_id: str


class LetterPassedOn(Act):
    """A letter that could not be delivered was passed on in another ``way``: ``post`` or ``telephone``."""

    TYPE: ClassVar[str] = "dsr.console.letter-passed-on.v1"

    request_id: str
    letter_id: str
    way: Slug


ACTS: tuple[type[Act], ...] = (
    SignedIn,
    SignedOut,
    SignInLocked,
    PersonInvited,
    ResetAsked,
    PasswordSet,
    PersonDeactivated,
    PersonReactivated,
    RolesChanged,
    SecondStepSetUp,
    SecondStepRemoved,
    PackageFetched,
    RequestEntered,
    RequestLookedUp,
    AttestationGiven,
    LetterPrinted,
    LetterPassedOn,
)
