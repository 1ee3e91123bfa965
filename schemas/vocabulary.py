"""The field's words: rights, outcomes, channels and degrees of proof. No synonyms anywhere else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """What a person may ask for (Cal. Civ. Code 1798.100 ff.; 11 CCR 7020-7027)."""

    KNOW = "know"
    ACCESS = "access"
    DELETE = "delete"
    CORRECT = "correct"
    OPT_OUT = "opt_out"
    LIMIT = "limit"


class Outcome(StrEnum):
    """How one data set, or one order, ended. A request is never summed up by anything weaker than its list of these."""

    DELIVERED = "delivered"
    ERASED = "erased"
    DEIDENTIFIED = "deidentified"
    AGGREGATED = "aggregated"
    CORRECTED = "corrected"
    OPTED_OUT = "opted_out"
    RETAINED = "retained"
    NOT_FOUND = "not_found"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"
    REFUSED = "refused"
    UNVERIFIED = "unverified"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Channel(StrEnum):
    """The door a request came through (R33)."""

    WEB = "web"
    API = "api"
    BUS = "bus"
    PHONE = "phone"
    POST = "post"
    EMAIL = "email"
    TICKET = "ticket"


class Assurance(StrEnum):
    """The degree to which identity is proved (11 CCR 7060-7062; R34)."""

    NONE = "none"
    REASONABLE = "reasonable"
    REASONABLY_HIGH = "reasonably_high"


class Method(StrEnum):
    """How identity was proved."""

    NOT_NEEDED = "not_needed"
    EMAIL_LINK = "email_link"
    SMS_CODE = "sms_code"
    KNOWLEDGE = "knowledge"
    DECLARATION = "declaration"
    REAUTHENTICATION = "reauthentication"
    ATTESTATION = "attestation"
    CONFIRMATION = "confirmation"
    PERMISSION = "permission"
    POWER_OF_ATTORNEY = "power_of_attorney"


class Sensitivity(StrEnum):
    """How much harm data does in the wrong hands (11 CCR 7060(c)(3)(A)); ordered, the least first."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"


class Category(StrEnum):
    """What personal data is, in the terms of the data map (R12; Cal. Civ. Code 1798.140(v))."""

    IDENTIFYING = "identifying"
    CONTACT = "contact"
    VISITOR = "visitor"
    PROTECTED = "protected"
    FINANCIAL = "financial"
    APPLICANT = "applicant"
    EMPLOYEE = "employee"
    IMAGES = "images"
    DEVICE = "device"


class Span(StrEnum):
    """How far back a request to know reaches (R15; Cal. Civ. Code 1798.130(a)(2)(B))."""

    TWELVE_MONTHS = "twelve_months"
    SINCE = "since"
    EVERYTHING = "everything"


class PointKind(StrEnum):
    """A kind of data point that a person may name so that it is compared with what is held about them."""

    STREET_ADDRESS = "street_address"
    POSTAL_CODE = "postal_code"
    DATE_OF_BIRTH = "date_of_birth"
    ACCOUNT_NUMBER = "account_number"


class Basis(StrEnum):
    """On what an authorised agent rests (11 CCR 7063)."""

    PERMISSION = "permission"
    POWER_OF_ATTORNEY = "power_of_attorney"


class Signal(StrEnum):
    """What a browser says of its own accord (11 CCR 7025)."""

    GPC = "gpc"


class Scope(StrEnum):
    """How far a delete reaches: the products, or derived data as well (R46)."""

    PRODUCT = "product"
    COMPREHENSIVE = "comprehensive"


class Exemption(StrEnum):
    """The fixed list of reasons for refusing an order, whole or in part (R18; Cal. Civ. Code 1798.105(d), 1798.145)."""

    TRANSACTION = "transaction"
    SECURITY = "security"
    DEBUG = "debug"
    SPEECH = "speech"
    CALECPA = "calecpa"
    RESEARCH = "research"
    INTERNAL_USE = "internal_use"
    LEGAL_OBLIGATION = "legal_obligation"
    OTHER_PERSON = "other_person"
    ACCURATE = "accurate"
    EXCESSIVE = "excessive"
    NOT_REQUIRED = "not_required_to_comply"


NEEDS_NO_PROOF = frozenset({Right.OPT_OUT, Right.LIMIT})
"""Rights that go ahead without proof of identity (11 CCR 7060(b))."""

STATUTORY: Final[Mapping[Right, Mapping[Sensitivity, Assurance]]] = {
    Right.KNOW: {
        Sensitivity.ORDINARY: Assurance.REASONABLE,
        Sensitivity.SENSITIVE: Assurance.REASONABLE,
    },
    Right.ACCESS: {
        Sensitivity.ORDINARY: Assurance.REASONABLY_HIGH,
        Sensitivity.SENSITIVE: Assurance.REASONABLY_HIGH,
    },
    Right.CORRECT: {
        Sensitivity.ORDINARY: Assurance.REASONABLE,
        Sensitivity.SENSITIVE: Assurance.REASONABLY_HIGH,
    },
    Right.DELETE: {
        Sensitivity.ORDINARY: Assurance.REASONABLE,
        Sensitivity.SENSITIVE: Assurance.REASONABLY_HIGH,
    },
    Right.OPT_OUT: {
        Sensitivity.ORDINARY: Assurance.NONE,
        Sensitivity.SENSITIVE: Assurance.NONE,
    },
    Right.LIMIT: {
        Sensitivity.ORDINARY: Assurance.NONE,
        Sensitivity.SENSITIVE: Assurance.NONE,
    },
}
"""What is needed where no rule of the owner's fits (11 CCR 7060(b), 7062(b)-(d))."""

TAKEN_IN_BY_STAFF = frozenset({Channel.PHONE, Channel.POST, Channel.EMAIL})
"""Doors behind which staff spoke to the person, or saw a letter."""

IRREVERSIBLE = frozenset({Right.DELETE, Right.CORRECT})
"""Rights whose execution cannot be undone: an event says they have begun before any product is called (law 4)."""
