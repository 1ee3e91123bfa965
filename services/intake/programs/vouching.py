"""A client that has accounts of its own says that the person has just signed in there anew (11 CCR 7061)."""

from schemas.catalogue import Client
from schemas.envelope import derived_id
from schemas.verifier import AttestIdentity
from schemas.vocabulary import Method
from services.intake.receiving import Receipt, person_of
from services.intake.submission import Submission
from services.runtime.floor import Floor
from services.runtime.web.problem import Problem


def may_vouch(client: Client) -> bool:
    """True. Raises a 403 problem if the custodian does not take this client's word on it."""
    if not client.reauthenticates:
        raise Problem(
            403,
            "We do not take your word on that",
            code="may-not-vouch",
            detail="Leave out that the person signed in anew: they are asked to confirm by a letter.",
        )
    return True


async def vouch(floor: Floor, client: Client, submission: Submission, receipt: Receipt) -> None:
    """Tells the verifier, once however often it is sent. Whether it is enough, the verifier decides. Raises
    BusUnavailable: then the whole submission may be sent again.
    """
    if not submission.after_proof:
        return
    await floor.bus.send(
        AttestIdentity(by=client.id, method=Method.REAUTHENTICATION),
        to="verifier",
        subject=receipt.request_id,
        owner=submission.owner,
        person_key=person_of(floor, submission),
        id=derived_id("attest", receipt.request_id, client.id),
        correlation=receipt.request_id,
    )
