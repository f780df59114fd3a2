import ast
import inspect
import re
from enum import StrEnum

import pytest

from anmc.api import names
from anmc.api.names import NEEDS_ATTENTION, Category, Reason

ENUMS = [
    member
    for _, member in inspect.getmembers(names, inspect.isclass)
    if issubclass(member, StrEnum) and member is not StrEnum
]


@pytest.mark.parametrize("enum", ENUMS)
def test_each_value_is_pascal_case_and_spelled_like_its_member(enum: type[StrEnum]) -> None:
    for member in enum:
        assert re.fullmatch("([A-Z][a-z]+)+", member.value)
        assert member.name == re.sub("(?<=[a-z])(?=[A-Z])", "_", member.value).upper()


@pytest.mark.parametrize("enum", ENUMS)
def test_a_sentence_defines_each_member(enum: type[StrEnum]) -> None:
    class_body = ast.parse(inspect.getsource(enum)).body[0]
    assert isinstance(class_body, ast.ClassDef)
    statements = class_body.body[1:]

    sentences = [
        statement.value.value
        for statement in statements[1::2]
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    ]

    assert len(sentences) == len(enum)
    assert all(str(sentence).endswith(".") for sentence in sentences)


def test_categories_begin_with_the_ten_of_the_vendor() -> None:
    assert [category.value for category in Category][:10] == [
        "DeferredSubscription",
        "FieldConflict",
        "NoNewChanges",
        "NoDifference",
        "UnableToUpdate",
        "NoImport",
        "NoExport",
        "SkippedMembers",
        "ValidationError",
        "ProcessingError",
    ]
    assert len(Category) == 19


@pytest.mark.parametrize("reason", [Reason.PREVIOUSLY_OPTED_OUT, Reason.SERVICE_FAILED, Reason.APPLIED])
def test_what_goes_its_way_by_itself_needs_nobody(reason: Reason) -> None:
    assert reason not in NEEDS_ATTENTION
