"""The deciders ask nobody: no clock, no chance, no environment, no file, no network (law 5)."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKING = {
    "now", "utcnow", "today", "time", "monotonic", "uuid1", "uuid4", "random", "choice", "randint", "token_urlsafe",
    "token_hex", "getenv", "environ", "open", "print", "input", "settings", "sleep",
}  # fmt: skip
"""Names that, called or looked up, would ask the world something."""


def pure_modules() -> list[str]:
    """The modules that the import contract calls pure."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pure: list[str] = next(one["source_modules"] for one in contracts if one["name"].startswith("Deciders are pure"))
    return pure


def asked(source: str) -> set[str]:
    """What a module's code asks the world."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func
            found.add(name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", ""))
        elif isinstance(node, ast.Attribute) and node.attr == "environ":
            found.add("environ")
    return found & ASKING


@pytest.mark.parametrize("module", pure_modules())
def test_a_decider_asks_nobody(module: str) -> None:
    assert asked((ROOT / f"{module.replace('.', '/')}.py").read_text()) == set()


@pytest.mark.parametrize("line", ["x = datetime.now(UTC)", "x = uuid4()", "x = os.environ['A']", "x = open('f')"])
def test_the_check_sees_a_decider_that_asks(line: str) -> None:
    assert asked(line) != set()


def test_every_domain_is_held_to_it() -> None:
    domains = {f"services.{path.parent.name}.domain" for path in ROOT.glob("services/*/domain.py")}
    assert domains <= set(pure_modules())
