"""What the verifier is told and what it says."""

from typing import ClassVar

from schemas.base import Fact, Moment
from schemas.intake import Challenge
from schemas.request import Proof, Request


class SubmitProof(Fact):
    """Command: somebody presented a secret; ``digest`` is its SHA-256, so the log never holds one that works."""

    TYPE: ClassVar[str] = "dsr.verifier.submit-proof.v1"

    digest: str


class ChallengeIssued(Fact):
    """The person is asked to prove control of their address until ``expires_at`` (R34; 11 CCR 7060-7062)."""

    TYPE: ClassVar[str] = "dsr.verifier.challenge-issued.v1"

    request: Request
    offered: Proof
    challenge: Challenge
    expires_at: Moment
    attempts: int
    policies: int


class ProofRejected(Fact):
    """A wrong secret was presented; ``attempts_left`` more may be tried."""

    TYPE: ClassVar[str] = "dsr.verifier.proof-rejected.v1"

    attempts_left: int


class IdentityVerified(Fact):
    """Identity is proved to the degree the request needs; the owner may be asked now."""

    TYPE: ClassVar[str] = "dsr.verifier.identity-verified.v1"

    request: Request
    proof: Proof


class VerificationFailed(Fact):
    """Identity could not be proved: ``reason`` is ``too_many_attempts``. The request ends here (R28)."""

    TYPE: ClassVar[str] = "dsr.verifier.verification-failed.v1"

    request: Request
    reason: str


class VerificationExpired(Fact):
    """Nobody proved anything in time. The request ends here, and is purged with its personal data (R28)."""

    TYPE: ClassVar[str] = "dsr.verifier.verification-expired.v1"

    request: Request


Event = ChallengeIssued | ProofRejected | IdentityVerified | VerificationFailed | VerificationExpired
