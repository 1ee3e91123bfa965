"""One person, however they write their address; two persons, however close their addresses come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.person import content_digest, login_key, normal_email, normal_phone, person_key

SECRET = b"s" * 32


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  Rosa.Okafor@Example.ORG ", "rosa.okafor@example.org"),
        ("rosa+parks@example.org", "rosa+parks@example.org"),
        ("JOSE\u0301@example.org", "jos\u00e9@example.org"),
        ("rosa@xn--mnchen-3ya.example", "rosa@m\u00fcnchen.example"),
        ("rosa@rec.test", "rosa@rec.test"),
    ],
)
def test_an_address_has_one_normal_form(written: str, normal: str) -> None:
    assert normal_email(written) == normal
    assert normal_email(normal) == normal


@pytest.mark.parametrize(
    "text", ["", "rosa", "rosa@", "@example.org", "rosa@localhost", "r o@example.org", "a@b\n.org"]
)
def test_what_is_no_address_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an e-mail address$") as refusal:
        normal_email(text)
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("(202) 555-0123", "+12025550123"),
        ("+1 202 555 0123", "+12025550123"),
        ("202.555.0123 ext. 7", "+12025550123"),
        ("+44 20 7946 0018", "+442079460018"),
    ],
)
def test_a_number_has_one_normal_form(written: str, normal: str) -> None:
    assert normal_phone(written) == normal


def test_a_number_is_read_in_its_region() -> None:
    assert normal_phone("020 7946 0018", region="GB") == "+442079460018"


@pytest.mark.parametrize("text", ["", "call me", "12", "+1 202 555 0123 4567 8901"])
def test_what_is_no_number_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a telephone number$") as refusal:
        normal_phone(text)
    assert refusal.value.__context__ is None


def test_a_person_has_one_key_at_one_owner_and_another_at_the_next() -> None:
    key = person_key(SECRET, "fairview", "Rosa@Example.org")
    assert key == person_key(SECRET, "fairview", "rosa@example.org")
    others = {
        person_key(SECRET, "fairview", "rosa@example.com"),
        person_key(SECRET, "lakeside", "rosa@example.org"),
        person_key(b"t" * 32, "fairview", "rosa@example.org"),
    }
    assert len(others | {key}) == 4


def test_a_person_key_is_the_digest_that_the_design_names() -> None:
    import hmac

    expected = hmac.new(SECRET, b"fairview\x1frosa@example.org", "sha256").hexdigest()
    assert person_key(SECRET, "fairview", "rosa@example.org") == expected


def test_no_kind_of_digest_stands_for_another() -> None:
    email = "rosa@example.org"
    digests = {
        login_key(SECRET, email),
        person_key(SECRET, "login", email),
        content_digest(SECRET, "login", email),
        content_digest(SECRET, email),
    }
    assert len(digests) == 4


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_contents_have_one_digest_only_if_they_are_equal_part_by_part(one: list[str], other: list[str]) -> None:
    assert (content_digest(SECRET, *one) == content_digest(SECRET, *other)) == (one == other)


def test_text_moved_from_one_part_to_the_next_is_other_content() -> None:
    assert content_digest(SECRET, "delete", "all") != content_digest(SECRET, "deletea", "ll")
    assert content_digest(SECRET, "1:a", "b") != content_digest(SECRET, "1:a1:b")
