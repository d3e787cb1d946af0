"""Pollock's kinds of pollution: the scores that the reader must have, and that no damaged row passes in silence."""

import warnings

import polars as pl
import pytest

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from tests.benchmarks import pollution

LISTED = list(pollution.files())


def test_the_scores_are_above_the_best_published_ones():
    """DuckDB that is told the dialect has 9.961 simple and 9.599 weighted; this reader is told nothing.

    What it asks instead of answering counts as nothing here: an empty file, and a header without rows.
    """
    simple, weighted, _ = pollution.scores(pollution.ours, LISTED)
    assert simple > 9.961
    assert weighted > 9.65


def test_the_scores_with_questions_answered():
    """Each question is answered with the flag that its own message proposes first."""
    simple, weighted, kinds = pollution.scores(pollution.ours_answered, LISTED)
    assert simple > 9.97
    assert weighted > 9.84
    assert min(kinds.values()) > 7.8
    assert min(kinds[name] for name in ("none", "payload", "preamble", "rows", "line ends", "quotes")) == 10


def test_the_measures_are_those_of_pollock():
    """A table against itself has 10, a refusal 0, a lost row what precision and recall say."""
    wanted = [["a", "b"], ["1", "2"], ["3", "4"]]
    assert pollution.measures(wanted, wanted) == 10
    assert pollution.measures(wanted, None) == 0
    assert pollution.measures(wanted, wanted[:2]) == pytest.approx(1 + 3 + (0.5 + 1 + 2 / 3) + (4 / 6 + 1 + 0.8))


def test_python_csv_scores_as_published():
    """The generator is as hard as Pollock's own: the standard library has 9.721 and 9.436 there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simple, weighted, _ = pollution.scores(pollution.standard, LISTED)
    assert 9.5 < simple < 9.98
    assert 9.3 < weighted < 9.75


@pytest.mark.parametrize("kind", ["missing delimiter", "extra delimiter", "extra quote", "row delimiter"])
def test_a_damaged_row_has_its_cells_or_an_issue_and_no_other_row_has_one(tmp_path, kind):
    """Whatever is done to one row, it is read as it was or it is reported; its neighbours are untouched."""
    path = tmp_path / "list.csv"
    for polluted in LISTED:
        number = int(polluted.name.rpartition(" ")[2]) if polluted.kind == kind else 0
        if not number:
            continue
        path.write_bytes(polluted.data)
        (batch,) = open_sheet(path, ReadOptions(), tmp_path, Silent()).batches(1000)
        rows = [[value or "" for value in row[1:]] for row in batch.cells.iter_rows()]
        said = batch.issues["at"].to_list()
        assert set(said) <= {number - 1}, polluted.name
        assert said or rows[number - 1] == polluted.wanted[number], polluted.name
        assert rows[: number - 1] + rows[number:] == polluted.wanted[1:number] + polluted.wanted[number + 1 :]


@pytest.mark.parametrize("kind", ["missing delimiter", "extra delimiter", "row delimiter"])
def test_a_damaged_header_loses_no_row(tmp_path, kind):
    """Where the header is damaged, all rows are there or the run asks; names are never moved to other columns."""
    path = tmp_path / "list.csv"
    for polluted in LISTED:
        if polluted.kind != kind or not polluted.name.endswith(" row 0"):
            continue
        path.write_bytes(polluted.data)
        try:
            (batch,) = open_sheet(path, ReadOptions(), tmp_path, Silent()).batches(1000)
        except Unreadable as stop:
            assert "--header-row" in stop.remedy
            continue
        assert batch.cells.height == pollution.ROWS
        errors = batch.issues.filter(pl.col("code") == "row.too_many_cells").height
        assert errors in (0, pollution.ROWS)
