"""The table of duties and their tests is true, and no test claims a duty that does not exist."""

import pytest

from tests.support.duties import DUTIES
from tests.support.requirements import TABLE, Proof, marks, proofs, table, unknown

SOURCE = """
import pytest
pytestmark = [pytest.mark.requirement("R01"), pytest.mark.stack]

@pytest.mark.requirement("R02")
@pytest.mark.requirement("R03")
async def test_one() -> None: ...

@pytest.mark.requirement("R04")
class TestGroup:
    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.requirement("R05"))])
    def test_two(self, n: int) -> None: ...

@pytest.mark.requirement("R06")
def no_test() -> None: ...
"""


def test_the_table_is_up_to_date() -> None:
    assert TABLE.read_text() == table(proofs()), "run: python -m tests.support.requirements"


def test_every_mark_names_a_duty() -> None:
    assert unknown(proofs()) == []


def test_there_are_fifty_duties() -> None:
    assert list(DUTIES) == [f"R{n:02}" for n in range(1, 51)]


def test_marks_are_found_on_tests_classes_modules_and_parameters() -> None:
    assert sorted(marks(SOURCE)) == [
        ("TestGroup.test_two", "R01"),
        ("TestGroup.test_two", "R04"),
        ("TestGroup.test_two", "R05"),
        ("test_one", "R01"),
        ("test_one", "R02"),
        ("test_one", "R03"),
    ]


@pytest.mark.parametrize("mark", ["pytest.mark.requirement()", "pytest.mark.requirement(DUTY)"])
def test_a_mark_whose_duty_cannot_be_read_is_an_error(mark: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        list(marks(f"\n@{mark}\ndef test_one(): ..."))


def test_a_duty_without_tests_is_told_as_such() -> None:
    text = table([Proof("R01", "unit/test_a.py", "test_the_owner_decides")])
    assert "1 of 50 duties have tests." in text
    assert "| [unit/test_a.py](unit/test_a.py): the owner decides |" in text
    assert f"| R02 | {DUTIES['R02']} | none yet |" in text


def test_a_mark_of_an_unknown_duty_would_be_seen() -> None:
    proof = Proof("R99", "unit/test_a.py", "test_something")
    assert unknown([proof]) == [proof]
