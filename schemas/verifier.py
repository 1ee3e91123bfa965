"""What the verifier is told and what it says."""

from typing import ClassVar

from schemas.base import Fact, Moment, Sealed
from schemas.intake import Challenge
from schemas.request import Order, Proof, Request
from schemas.vocabulary import Assurance, Method, Right


class Need(Fact):
    """What the owner's policy asks before one right may go ahead. Only ``methods`` count towards it; empty: all do."""

    right: Right
    level: Assurance
    methods: tuple[Method, ...] = ()


class SubmitProof(Fact):
    """Command: somebody presented a secret, of the link or of the code that was sent. ``digest`` is what it is compared
    by (see :class:`~schemas.intake.Challenge`), so the log never holds one that works.
    """

    TYPE: ClassVar[str] = "dsr.verifier.submit-proof.v1"

    digest: str


class SubmitEvidence(Fact):
    """Command: whoever holds the link gave more. ``points`` is a sealed list of data points, ``declaration`` the sealed
    name under a declaration, ``code`` the digest of a code; each may be missing. ``final``: there is no more to give.
    """

    TYPE: ClassVar[str] = "dsr.verifier.submit-evidence.v1"

    digest: str
    points: Sealed | None = None
    declaration: Sealed | None = None
    code: str = ""
    final: bool = False


class DisownRequest(Fact):
    """Command: whoever holds the secret says that the request is not theirs, or that nobody acts for them."""

    TYPE: ClassVar[str] = "dsr.verifier.disown-request.v1"

    digest: str


class AttestIdentity(Fact):
    """Command: ``by`` vouches for the person, and may do so before the request itself has arrived here.

    ``by`` is an account of the owner, or of the custodian's staff for a request that they took in (method
    ``attestation``), or a client that had its account holder sign in anew (method ``reauthentication``). Whether they
    may, the catalogue says.
    """

    TYPE: ClassVar[str] = "dsr.verifier.attest-identity.v1"

    by: str
    method: Method = Method.ATTESTATION


class PointsCompared(Fact):
    """Result: so many data points are as a product holds them. Which, and at which product, is told to nobody."""

    TYPE: ClassVar[str] = "dsr.verifier.points-compared.v1"

    effect_id: str
    matched: int


class KeysDestroyed(Fact):
    """Result: the request's keys for these purposes are destroyed."""

    TYPE: ClassVar[str] = "dsr.verifier.keys-destroyed.v1"

    effect_id: str
    purposes: tuple[str, ...]


class ChallengeIssued(Fact):
    """The person is asked to prove control of their address until ``expires_at`` (R34; 11 CCR 7060-7062).

    ``code`` is there where the secret to be sent now is the code, to the telephone of a person without an address;
    ``kept_code`` is one that may be needed later. ``agent``: the letter tells the person who says that they act for
    them, and the answer is the person's direct confirmation (11 CCR 7063). ``held_until``: the address has had its
    letters for today; nothing is sent before this challenge is issued again. ``needs`` is the owner's policy as of
    ``policies``, empty in the first releases: the link was enough.
    """

    TYPE: ClassVar[str] = "dsr.verifier.challenge-issued.v1"

    request: Request
    offered: Proof
    challenge: Challenge
    expires_at: Moment
    attempts: int
    policies: int
    needs: tuple[Need, ...] = ()
    code: Challenge | None = None
    kept_code: Challenge | None = None
    agent: bool = False
    remind_at: Moment | None = None
    held_until: Moment | None = None


class ReminderDue(Fact):
    """Half of the time is over, and the person has not answered, or not all: one letter reminds them, with the same
    secret. ``code`` is there where that is the code.
    """

    TYPE: ClassVar[str] = "dsr.verifier.reminder-due.v1"

    request: Request
    challenge: Challenge
    expires_at: Moment
    code: Challenge | None = None


class ProofRejected(Fact):
    """A proof did not count; ``attempts_left`` more may be tried. ``reason`` is ``wrong_secret``, or ``not_permitted``
    for an attestation by somebody who may not.
    """

    TYPE: ClassVar[str] = "dsr.verifier.proof-rejected.v1"

    attempts_left: int
    reason: str = "wrong_secret"


class EvidenceNeeded(Fact):
    """What is proved is not enough for all that was asked; the page behind the link asks for any of ``wanted``.

    All that could help is asked for before anything is compared with what products hold: so being asked tells nobody
    whether anything matched. ``methods`` is what counts so far, ``points`` are lists of data points given beside
    ``request.points``. ``code`` is there where a code is to be sent to the person's telephone now. ``wrong_code``: the
    code that was just given is not it.
    """

    TYPE: ClassVar[str] = "dsr.verifier.evidence-needed.v1"

    request: Request
    wanted: tuple[Method, ...]
    methods: tuple[Method, ...]
    challenge: Challenge
    expires_at: Moment
    attempts_left: int
    code: Challenge | None = None
    points: tuple[Sealed, ...] = ()
    wrong_code: bool = False


class EvidenceTaken(Fact):
    """All that the person gives is taken, and data points among it are compared with what the products hold: once.

    ``methods`` names what counts so far, without the comparison. ``request`` carries what was added to it.
    """

    TYPE: ClassVar[str] = "dsr.verifier.evidence-taken.v1"

    request: Request
    methods: tuple[Method, ...]
    points: tuple[Sealed, ...] = ()


class IdentityAttested(Fact):
    """Somebody vouched for the person before the request arrived. Whether they may is decided when it does."""

    TYPE: ClassVar[str] = "dsr.verifier.identity-attested.v1"

    by: str
    method: Method = Method.ATTESTATION


class IdentityVerified(Fact):
    """Identity is proved to the degree that every order of ``request`` needs; the owner may be asked now.

    ``unproved`` are orders that were asked for and are not in ``request``: they end as unverified. An order to access
    that was not proved well enough is in ``request`` as one to know, and names what it is ``instead_of`` (11 CCR
    7024(a)).
    """

    TYPE: ClassVar[str] = "dsr.verifier.identity-verified.v1"

    request: Request
    proof: Proof
    unproved: tuple[Order, ...] = ()


class VerificationFailed(Fact):
    """Identity could not be proved: ``reason`` is ``too_many_attempts``, ``not_enough_proof`` or ``disowned``. The
    request ends here, and is purged with its personal data at ``purge_at`` (R28).
    """

    TYPE: ClassVar[str] = "dsr.verifier.verification-failed.v1"

    request: Request
    reason: str
    purge_at: Moment | None = None


class VerificationExpired(Fact):
    """Nobody proved anything in time. The request ends here, and is purged as one that failed (R28)."""

    TYPE: ClassVar[str] = "dsr.verifier.verification-expired.v1"

    request: Request
    purge_at: Moment | None = None


class DataForgotten(Fact):
    """The request's keys for these purposes are gone: whatever was sealed under them is noise from now on."""

    TYPE: ClassVar[str] = "dsr.verifier.data-forgotten.v1"

    purposes: tuple[str, ...]


Event = (
    ChallengeIssued
    | ReminderDue
    | ProofRejected
    | EvidenceNeeded
    | EvidenceTaken
    | IdentityAttested
    | IdentityVerified
    | VerificationFailed
    | VerificationExpired
    | DataForgotten
)
