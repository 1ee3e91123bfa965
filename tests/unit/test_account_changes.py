"""What may become of an account, decided on the catalogue alone."""

from collections.abc import Callable

import pytest

from schemas.catalogue import Account, Catalogue
from services.runtime.accounts import changes
from services.runtime.accounts.changes import Refused, Why
from tests.support import builders as made

OWNER = made.an_owner("city")
ADMIN = made.an_account(1, owner="city", roles=("admin",), password_hash="hash of the admin's")
HANDLER = made.an_account(2, owner="city", roles=("handler",), password_hash="hash of the handler's")
NEW = made.an_account(3, owner="city", roles=("reader",), password_hash="")


def catalogue(*accounts: Account) -> Catalogue:
    found = Catalogue().with_entry(OWNER).with_entry(made.an_owner("county"))
    for account in accounts:
        found = found.with_entry(account)
    return found


def refused(why: Why, change: Callable[[], object]) -> None:
    with pytest.raises(Refused) as raised:
        change()
    assert raised.value.why is why


def test_somebody_new_is_invited_once_by_an_owner() -> None:
    assert changes.invite(catalogue(ADMIN), NEW) == [NEW]
    refused(Why.ALREADY_HERE, lambda: changes.invite(catalogue(ADMIN, NEW), NEW))
    again = made.changed(NEW, id="another")
    refused(Why.ALREADY_HERE, lambda: changes.invite(catalogue(ADMIN, NEW), again))


def test_inviting_does_not_tell_whether_an_address_has_an_account_elsewhere() -> None:
    elsewhere = made.changed(NEW, id="elsewhere", owner="county", password_hash="set")
    assert changes.invite(catalogue(ADMIN, elsewhere), NEW) == [NEW]


def test_but_one_address_gets_one_password() -> None:
    elsewhere = made.changed(NEW, id="elsewhere", owner="county", password_hash="set")
    refused(Why.TAKEN, lambda: changes.set_password(catalogue(elsewhere, NEW), NEW, "hash"))


@pytest.mark.parametrize("roles", [(), ("operator",), ("reader", "phone-desk"), ("stranger",)])
def test_nobody_gets_a_role_that_means_nothing_there(roles: tuple[str, ...]) -> None:
    refused(Why.NO_ROLE, lambda: changes.invite(catalogue(ADMIN), made.changed(NEW, roles=roles)))
    refused(Why.NO_ROLE, lambda: changes.change_roles(catalogue(ADMIN, HANDLER), HANDLER.id, roles, ADMIN.id))


def test_a_link_sets_a_password_once() -> None:
    (after,) = changes.set_password(catalogue(NEW), NEW, "hash")
    assert (after.password_hash, after.generation, after.changed_by) == ("hash", 1, NEW.id)
    refused(Why.USED, lambda: changes.set_password(catalogue(after), NEW, "another hash"))


def test_a_link_of_before_a_deactivation_is_dead_even_after_the_reactivation() -> None:
    (gone,) = changes.deactivate(catalogue(ADMIN, HANDLER), HANDLER.id, ADMIN.id)
    refused(Why.UNKNOWN, lambda: changes.set_password(catalogue(gone), HANDLER, "hash"))
    (back,) = changes.reactivate(catalogue(ADMIN, gone), HANDLER.id, ADMIN.id)
    assert (back.deactivated, back.password_hash, back.changed_by) == (False, HANDLER.password_hash, ADMIN.id)
    refused(Why.USED, lambda: changes.set_password(catalogue(back), HANDLER, "hash"))


def test_what_is_so_already_is_not_written_again() -> None:
    gone = made.changed(HANDLER, deactivated=True)
    assert changes.deactivate(catalogue(ADMIN, gone), gone.id, ADMIN.id) == []
    assert changes.reactivate(catalogue(ADMIN, HANDLER), HANDLER.id, ADMIN.id) == []
    assert changes.change_roles(catalogue(ADMIN, HANDLER), HANDLER.id, ("handler",), ADMIN.id) == []
    assert changes.remove_second_step(catalogue(ADMIN, HANDLER), HANDLER.id, ADMIN.id) == []


SECOND_ADMIN = made.changed(HANDLER, roles=("admin",))


@pytest.mark.parametrize(
    "others",
    [
        (),
        (HANDLER,),
        (made.changed(SECOND_ADMIN, deactivated=True),),
        (made.changed(SECOND_ADMIN, password_hash=""),),
        (made.changed(SECOND_ADMIN, owner="county"),),
    ],
)
def test_the_last_admin_who_can_sign_in_stays(others: tuple[Account, ...]) -> None:
    refused(Why.LAST, lambda: changes.deactivate(catalogue(ADMIN, *others), ADMIN.id, "operator"))
    refused(Why.LAST, lambda: changes.change_roles(catalogue(ADMIN, *others), ADMIN.id, ("reader",), "operator"))


def test_with_a_second_admin_the_first_may_go_and_then_the_second_may_not() -> None:
    both = catalogue(ADMIN, SECOND_ADMIN)
    (gone,) = changes.deactivate(both, ADMIN.id, SECOND_ADMIN.id)
    refused(Why.LAST, lambda: changes.deactivate(both.with_entry(gone), SECOND_ADMIN.id, "operator"))


def test_the_last_operator_stays_whatever_admins_there_are() -> None:
    company = made.an_owner("company", kind="custodian")
    operator = made.an_account(4, owner="company", roles=("operator",), password_hash="set")
    admin = made.an_account(5, owner="company", roles=("admin",), password_hash="set")
    world = catalogue(operator, admin).with_entry(company)
    refused(Why.LAST, lambda: changes.deactivate(world, operator.id, admin.id))


def test_a_second_step_ends_what_was_open_and_is_set_up_once() -> None:
    sealed = made.sealed_text("record", "totp", 1)
    (after,) = changes.set_up_second_step(catalogue(ADMIN), ADMIN, sealed, ("digest",))
    assert (after.totp, after.recovery, after.generation) == (sealed, ("digest",), 1)
    refused(Why.USED, lambda: changes.set_up_second_step(catalogue(after), ADMIN, sealed, ()))
    (without,) = changes.remove_second_step(catalogue(after), ADMIN.id, "operator")
    assert (without.totp, without.recovery, without.generation) == (None, (), 2)


def test_a_recovery_code_counts_once() -> None:
    account = made.changed(ADMIN, recovery=("one", "two"))
    (after,) = changes.spend_recovery(catalogue(account), account.id, "one")
    assert (after.recovery, after.generation) == (("two",), account.generation)
    refused(Why.USED, lambda: changes.spend_recovery(catalogue(after), account.id, "one"))


def test_nobody_is_changed_who_is_not_there() -> None:
    for change in (changes.deactivate, changes.reactivate, changes.remove_second_step):
        refused(Why.UNKNOWN, lambda change=change: change(catalogue(), "nobody", "operator"))  # type: ignore[misc]
