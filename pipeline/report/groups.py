"""Turn causes and automatic changes into the foldable lists of the report page."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report.facts import Cause, Change, Example
from pipeline.report.markup import Html, tag
from pipeline.report.shown import cut
from pipeline.report.words import Words

MOST_CAUSES = 60
MOST_PAIRS = 12
LONGEST = 160


def cause_group(title: str, lead: str | None, causes: Sequence[Cause], words: Words) -> Html:
    """A section with one foldable entry for each cause, the first one open; nothing where there is none."""
    if not causes:
        return Html()
    most = max(cause.rows for cause in causes)
    cards = [_cause(cause, most, words, first=not at) for at, cause in enumerate(causes[:MOST_CAUSES])]
    return tag(
        "section",
        tag("h2", title),
        tag("p", lead, class_="lead") if lead else None,
        *cards,
        _more(len(causes) - MOST_CAUSES, words),
    )


def change_group(changes: Sequence[Change], words: Words) -> Html:
    """A section with one foldable entry for each field that was changed; nothing where there is none."""
    if not changes:
        return Html()
    lead = tag("p", words("p_changes_lead"), class_="lead")
    return tag("section", tag("h2", words("p_changes")), lead, *(_change(change, words) for change in changes))


def _cause(cause: Cause, most: int, words: Words, *, first: bool) -> Html:
    share = tag("rect", class_=f"f-{cause.severity}", width=round(100 * cause.rows / most, 1), height=4)
    picture = tag("svg", share, class_="share", viewBox="0 0 100 4", preserveAspectRatio="none", aria_hidden="true")
    title = f"{cause.title}: {cause.detail}" if cause.detail else cause.title
    column = tag("span", cause.column, class_="column") if cause.column else None
    button = tag("button", words("p_show_rows"), type="button", hidden=True, data_code=cause.code,
                 data_column=cause.column)  # fmt: skip
    return tag(
        "details",
        tag(
            "summary",
            tag("span", words.number(cause.rows), class_="count"),
            tag("span", tag("b", title), " ", column, picture, class_="what"),
        ),
        tag("p", cause.remedy, class_="remedy"),
        _examples(cause.examples, words),
        tag("p", button, " ", tag("code", cause.code), class_="foot"),
        class_=f"cause {cause.severity}",
        open=first,
    )


def _examples(examples: Sequence[Example], words: Words) -> Html:
    if not any(example.value for example in examples):
        return Html()
    suggested = any(example.suggestion for example in examples)
    heads = ["p_row", "p_value", *(["p_suggestion"] if suggested else [])]
    lines = []
    for example in examples:
        place = f"{example.sheet} · {example.row}" if example.sheet else str(example.row)
        cells = [tag("td", place), tag("td", tag("code", cut(example.value, LONGEST)))]
        if suggested:
            cells.append(tag("td", cut(example.suggestion, LONGEST)))
        lines.append(tag("tr", *cells))
    head = tag("thead", tag("tr", *(tag("th", words(name), scope="col") for name in heads)))
    return tag("div", tag("table", head, tag("tbody", *lines)), class_="wide")


def _change(change: Change, words: Words) -> Html:
    column = tag("span", change.column, class_="column") if change.column != change.field else None
    lines = [
        tag(
            "tr",
            tag("td", tag("code", cut(before, LONGEST))),
            tag("td", "→ ", tag("code", cut(after, LONGEST))),
            tag("td", words.number(count) if count else None, class_="n"),
        )
        for before, after, count in change.pairs[:MOST_PAIRS]
    ]
    return tag(
        "details",
        tag(
            "summary",
            tag("span", words.number(change.cells), class_="count"),
            tag("span", tag("b", change.field), " ", column, class_="what"),
        ),
        None if change.complete else tag("p", words("p_changes_many")),
        tag("div", tag("table", tag("tbody", *lines)), class_="wide"),
        _more(len(change.pairs) - MOST_PAIRS, words),
        class_="change",
    )


def _more(count: int, words: Words) -> Html | None:
    return tag("p", words("p_more", count=count), class_="more") if count > 0 else None
