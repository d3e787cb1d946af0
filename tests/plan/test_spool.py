"""What was spooled comes back as it was, in order; a row's problems become its list."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import issues
from pipeline.plan import problems
from pipeline.plan.spool import Spool

TEXT = st.one_of(st.none(), st.sampled_from(["", "a", "é\n"]))
CODES = ["email.syntax", "plan.unverified", "state.unchecked", "text.too_long"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(parts=st.lists(st.lists(st.tuples(st.booleans(), TEXT, TEXT), max_size=4), max_size=4), same=TEXT)
def test_what_was_put_comes_back(
    tmp_path_factory: object, parts: list[list[tuple[bool, str | None, str | None]]], same: str | None
) -> None:
    """Every row of every part in order, with its position, also where a column is blank or one text throughout."""
    spool = Spool(tmp_path_factory.mktemp("spool"))  # type: ignore[attr-defined]
    schema = {"valid": pl.Boolean, "c0": pl.String, "c1": pl.String}
    for number, rows in enumerate(parts):
        told = problems.of_rows([(at, _problem(CODES[number])) for at in range(len(rows))])
        spool.put(pl.DataFrame(rows, schema=schema, orient="row"), told, {"source": same})
    read = list(spool.parts())
    every = [row for rows in parts for row in rows]
    assert [row for part in read for row in part.rows.iter_rows()] == [(*row, same) for row in every]
    assert [at for part in read for at in part.seq] == list(range(len(every))) and spool.rows == len(every)
    assert [part.rows.columns for part in spool.parts({"c1", "valid"}.__contains__)] == [["valid", "c1"]] * len(read)
    kept = [(CODES[number], len(rows)) for number, rows in enumerate(parts) if rows]
    assert [list(spool.problems(part.seq[0])["code"]) for part in read] == [[code] * count for code, count in kept]


def test_the_private_folder_holds_nothing_else(tmp_path: Path) -> None:
    """A part without rows leaves no file."""
    Spool(tmp_path).put(pl.DataFrame(schema={"valid": pl.Boolean}), problems.of_rows([]), {})
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(CODES)), max_size=8),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(CODES)), max_size=3),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_the_problems_of_a_row_are_its_list(
    cells: list[tuple[int, str]], rows: list[tuple[int, str]], unverified: list[bool]
) -> None:
    """Errors of cells, warnings of cells, what is said of the row, that nobody was looked up; never null."""
    own = problems.errors_first(problems.of_rows([(at, _problem(code)) for at, code in cells]))
    more = problems.of_rows([(at, _problem(code)) for at, code in rows])
    made = problems.lists([own, more], pl.Series(unverified)).to_list()
    wrong = [code for code in CODES if issues.catalogue()[code].severity == "error"]
    for at, found in enumerate(made):
        here = [code for row, code in cells if row == at]
        expected = [code for code in here if code in wrong] + [code for code in here if code not in wrong]
        expected += [code for row, code in rows if row == at] + ["plan.unverified"] * unverified[at]
        assert [problem["code"] for problem in found] == expected


def _problem(code: str) -> problems.Problem:
    return dict.fromkeys(problems.NAMES, None) | {"code": code}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=5), st.integers(1, 4))
def test_rows_that_are_dealt_out_come_back_share_by_share(
    tmp_path_factory: object, parts: list[list[int]], count: int
) -> None:
    """Each row once, in its own share, in the order in which it came."""
    shares = Spool(tmp_path_factory.mktemp("spool")).shares(count)  # type: ignore[attr-defined]
    for part in parts:
        rows = pl.DataFrame({"who": part}, schema={"who": pl.UInt64})
        shares.deal(rows, rows["who"] % count)
    every = [who for part in parts for who in part]
    expected = [[who for who in every if who % count == share] for share in range(count)]
    assert [rows["who"].to_list() for rows in shares if rows.height] == [share for share in expected if share]
