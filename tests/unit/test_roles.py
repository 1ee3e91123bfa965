"""The table of roles, row by row: whoever changes it changes this too, and sees what follows."""

import pytest

from schemas.catalogue import Account, Catalogue
from schemas.roles import Permission, Role, enters_for, grantable, needs_second_step, permissions
from tests.support import builders as made

SEE, INSTRUCT, MANAGE = Permission.SEE, Permission.INSTRUCT, Permission.MANAGE
OPERATE, OVERSEE = Permission.OPERATE, Permission.OVERSEE
ENTER, FOR_ALL = Permission.ENTER, Permission.ENTER_FOR_ALL

CITY, CUSTODIAN = made.an_owner("city"), made.an_owner("company", kind="custodian")
CATALOGUE = Catalogue().with_entry(CITY).with_entry(CUSTODIAN)


def an_account(owner: str, *roles: str, **changes: object) -> Account:
    return made.an_account(1, owner=owner, roles=roles, **changes)


@pytest.mark.parametrize(
    ("role", "at_a_city", "at_the_custodian"),
    [
        (Role.ADMIN, {SEE, INSTRUCT, MANAGE, ENTER}, {SEE, INSTRUCT, MANAGE, ENTER}),
        (Role.HANDLER, {SEE, INSTRUCT, ENTER}, {SEE, INSTRUCT, ENTER}),
        (Role.READER, {SEE}, {SEE}),
        (Role.OPERATOR, set(), {OPERATE, OVERSEE}),
        (Role.PHONE_DESK, set(), {ENTER, FOR_ALL}),
        (Role.PRIVACY, set(), {SEE, INSTRUCT, ENTER, FOR_ALL}),
    ],
)
def test_a_role_permits_exactly_this(
    role: Role, at_a_city: set[Permission], at_the_custodian: set[Permission]
) -> None:  # fmt: skip
    assert permissions(an_account("city", role), CATALOGUE) == at_a_city
    assert permissions(an_account("company", role), CATALOGUE) == at_the_custodian


def test_two_roles_permit_what_either_does() -> None:
    assert permissions(an_account("company", "reader", "phone-desk"), CATALOGUE) == {SEE, ENTER, FOR_ALL}


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(
    ("owner", "role", "owners"),
    [
        ("city", "admin", ["city"]), ("city", "handler", ["city"]), ("city", "reader", []), ("city", "phone-desk", []),
        ("company", "handler", ["company"]), ("company", "operator", []),
        ("company", "phone-desk", ["city", "company"]), ("company", "privacy", ["city", "company"]),
    ],
)  # fmt: skip
def test_owners_staff_enter_for_their_own_the_custodians_desk_for_all(
    owner: str, role: str, owners: list[str]
) -> None:  # fmt: skip
    assert [each.slug for each in enters_for(an_account(owner, role), CATALOGUE)] == owners


@pytest.mark.parametrize(
    "account",
    [
        an_account("city", "stranger"),
        an_account("city"),
        an_account("nowhere", "admin"),
        an_account("city", "admin", deactivated=True),
    ],
)
def test_nothing_is_permitted_to(account: Account) -> None:
    assert permissions(account, CATALOGUE) == frozenset()


@pytest.mark.parametrize(
    ("held", "at_a_city", "at_the_custodian"),
    [
        ({MANAGE}, {"admin", "handler", "reader"}, {"admin", "handler", "reader", "privacy"}),
        ({OVERSEE}, {"admin", "handler", "reader"}, set(Role)),
        ({SEE, INSTRUCT, OPERATE, ENTER}, set(), set()),
    ],
)
def test_only_these_roles_may_be_given(held: set[Permission], at_a_city: set[str], at_the_custodian: set[str]) -> None:
    assert set(grantable(held, CITY)) == at_a_city
    assert set(grantable(held, CUSTODIAN)) == at_the_custodian


@pytest.mark.parametrize(
    ("owner", "role", "needed"),
    [("city", "admin", True), ("city", "handler", False), ("company", "operator", True), ("company", "privacy", False)],
)
def test_whoever_manages_people_needs_a_second_step(owner: str, role: str, needed: bool) -> None:
    account = an_account(owner, role)
    assert needs_second_step(account, CATALOGUE) is needed
    assert not needs_second_step(made.changed(account, totp=made.sealed_text("record", "totp", 1)), CATALOGUE)
    assert not needs_second_step(made.changed(account, demo=True), CATALOGUE)
