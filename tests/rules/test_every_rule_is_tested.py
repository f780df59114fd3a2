"""The rules of docs/how-it-decides.md, the code and the tests speak of the same things.

A rule counts as tested if the id of a `pytest.param` begins with its own, or if a test carries `pytest.mark.rule`.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

ROW: Final = re.compile(r"^\| (?P<id>[A-Z]\d+b?) \|[^|]*\| (?P<what>[^|]*) \|", re.MULTILINE)
MENTION: Final = re.compile(r"\b[NMCFPAQWSOI]\d{1,2}b?\b")
BEGINS: Final = re.compile(r"(?P<id>C4(?=[a-h]-)|[NMCFPAQWSOIX]\d{1,2}b?(?=-|$))")
"""A param's id, such as `Q9-…`; the lines of C4 have letters of their own, as in `C4b-…`."""

NOT_THERE_YET: Final = "**Not there yet.**"
"""How the document marks a rule that nothing follows so far."""

DIFFERENCES: Final = "X"
"""Rows that compare the vendor's sync with rules that stand elsewhere in the document."""


def _rules() -> dict[str, str]:
    text = (ROOT / "docs" / "how-it-decides.md").read_text(encoding="utf-8")
    return {row["id"]: row["what"] for row in ROW.finditer(text)}


RULES: Final = _rules()
IN_FORCE: Final = [
    rule for rule, what in RULES.items() if not rule.startswith(DIFFERENCES) and not what.startswith(NOT_THERE_YET)
]


def _comments_and_docstrings(file: Path) -> Iterator[str]:
    with tokenize.open(file) as source:
        yield from (
            token.string for token in tokenize.generate_tokens(source.readline) if token.type == tokenize.COMMENT
        )
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text


@pytest.fixture(scope="module")
def in_the_code() -> frozenset[str]:
    files = (ROOT / "operator" / "anmc").rglob("*.py")
    return frozenset(
        rule for file in files for text in _comments_and_docstrings(file) for rule in MENTION.findall(text)
    )


def _of_param(node: ast.Call) -> Iterator[str]:
    """Yield the rule with which the id of a `pytest.param` begins."""
    for keyword in node.keywords:
        match keyword:
            case ast.keyword(arg="id", value=ast.Constant(value=str(text))):
                pass
            case ast.keyword(arg="id", value=ast.JoinedStr(values=[ast.Constant(value=str(text)), *_])):
                pass
            case _:
                continue
        if begins := BEGINS.match(text):
            yield begins["id"]


def _of_decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.rule":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def _tested() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="pytest"), attr="param")):
                    rules = _of_param(node)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test_"):
                    rules = _of_decorators(node)
                case ast.ClassDef(name=name) if name.startswith("Test"):
                    rules = _of_decorators(node)
                case _:
                    continue
            yield from ((rule, f"{file.relative_to(ROOT)}:{node.lineno}") for rule in rules)


@pytest.fixture(scope="module")
def in_the_tests() -> dict[str, str]:
    """The rules that tests name, each with one place."""
    return dict(_tested())


@pytest.mark.parametrize("rule", IN_FORCE)
def test_a_rule_is_named_in_the_code(rule: str, in_the_code: frozenset[str]) -> None:
    assert rule in in_the_code, f"{rule}: name it in a comment or docstring, beside the code that follows it"


@pytest.mark.parametrize("rule", IN_FORCE)
def test_a_rule_has_a_test(rule: str, in_the_tests: dict[str, str]) -> None:
    assert rule in in_the_tests, f"{rule}: begin the id of a param with it, or mark a test with it"


def test_every_rule_of_a_test_is_one(in_the_tests: dict[str, str]) -> None:
    unknown = {rule: place for rule, place in in_the_tests.items() if rule not in RULES}

    assert unknown == {}
