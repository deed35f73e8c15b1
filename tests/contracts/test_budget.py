"""Budget arithmetic: seven dimensions that never mix."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.budget import DIMENSIONS, MOST, NOTHING, Amounts, Budget
from interlock.contracts.message import encode

counts = st.integers(0, 2**50)
amounts: Any = st.builds(Amounts, **dict.fromkeys(DIMENSIONS, counts))
budgets: Any = st.builds(Budget, **{dimension: st.none() | counts for dimension in DIMENSIONS})


def test_the_dimensions_are_the_fields() -> None:
    assert Amounts.__struct_fields__ == DIMENSIONS == Budget.__struct_fields__


@given(amounts, amounts, amounts)
def test_sums_do_not_depend_on_order_and_differences_undo_them(a: Amounts, b: Amounts, c: Amounts) -> None:
    assert a.plus(b) == b.plus(a)
    assert a.plus(b).plus(c) == a.plus(b.plus(c))
    assert a.plus(b).minus(b) == a
    assert a.plus(NOTHING) == a


@given(amounts, amounts)
def test_each_dimension_is_counted_for_itself(a: Amounts, b: Amounts) -> None:
    for dimension in DIMENSIONS:
        one, other = getattr(a, dimension), getattr(b, dimension)
        assert getattr(a.plus(b), dimension) == one + other
        over = a.beyond(b)
        assert (0 if over is None else getattr(over, dimension)) == max(0, one - other)


@given(amounts)
def test_nothing_is_beyond_itself(a: Amounts) -> None:
    assert a.beyond(a) is None


@given(budgets, budgets)
def test_gaps_are_filled_from_the_default_and_nothing_else_changes(mine: Budget, default: Budget) -> None:
    filled = mine.or_else(default)
    for dimension in DIMENSIONS:
        own = getattr(mine, dimension)
        assert getattr(filled, dimension) == (getattr(default, dimension) if own is None else own)


@given(budgets, amounts)
def test_a_raise_adds_to_what_is_limited_and_leaves_the_rest_unlimited(budget: Budget, more: Amounts) -> None:
    raised = budget.raised_by(more)
    for dimension in DIMENSIONS:
        limit = getattr(budget, dimension)
        assert getattr(raised, dimension) == (None if limit is None else limit + getattr(more, dimension))


def test_a_limit_is_never_raised_beyond_what_can_be_written() -> None:
    assert Budget(tokens=MOST).raised_by(Amounts(tokens=MOST)) == Budget(tokens=MOST)


def test_amounts_leave_nothing_out_but_zeros() -> None:
    assert encode(Amounts(tokens=3)) == b'{"tokens":3}'
