"""Turn a summary and a choice of rows into report.html: one page for a person, which opens anywhere, offline.

Nothing that comes from a cell can become markup or script: texts are escaped, the rows travel as JSON that
the script shows as text only, and the page's own policy admits no script, style or request but its own two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import resources

from pipeline import language
from pipeline.options import decided
from pipeline.report.facts import NOT_IN, STATUSES, Cause, Facts, Summary
from pipeline.report.groups import cause_group, change_group
from pipeline.report.markup import Html, asset, data, join, tag
from pipeline.report.shown import MOST_COLUMNS, Shown, cut
from pipeline.report.words import Words

LONGEST = 160
_THINNEST = 0.008  # of the bar: one row of a million can still be seen
_LABELS = ("name", "company_name", "email", "reference")


def page(summary: Summary, facts: Facts, shown: Shown, words: Words, again: str = "") -> str:
    """The whole page as HTML; `again` is the command that imports the corrected error file."""
    style, style_hash = asset(_asset("page.css"), "style")
    script, script_hash = asset(_asset("page.js"), "script")
    policy = (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("title", f"{words('p_title')}: {facts.run}"),
        style,
    )
    main = tag(
        "main",
        _top(summary, facts, words),
        _next(summary, facts, words, again),
        _causes(summary, facts, words),
        change_group(summary.changes, words),
        _rows(summary, shown, words),
        _bullets(words("p_unchecked"), facts.unchecked),
        _bullets(words("p_notes"), _notes(summary, facts)),
        _about(facts, words),
    )
    body = tag("body", main, data(_data(facts, shown, words), "data"), script)
    return "<!doctype html>\n" + tag("html", head, body, lang=language.tag(words.lang)) + "\n"


def _top(summary: Summary, facts: Facts, words: Words) -> Html:
    look = {"LIVE": "live", "test": "test", "sandbox": "sandbox"}.get(facts.mode, "dry")
    source = ", ".join(source.name for source in facts.sources)
    over = f"{words('p_title')} · {source} → {facts.target} "
    alarm = None
    if not summary.conservation:
        read = summary.rows if facts.expected is None else facts.expected
        said = words("p_broken", rows=sum(summary.counts.values()), expected=read)
        alarm = tag("p", said, class_="alarm", role="alert")
    return tag(
        "header",
        tag("p", over, tag("span", words.mode(facts.mode), class_=f"badge {look}"), class_="over"),
        tag("h1", _headline(summary, facts, words)),
        alarm,
        _bar(summary, facts, words),
    )


def _headline(summary: Summary, facts: Facts, words: Words) -> str:
    inside, dry = summary.rows - summary.not_in, facts.dry_run
    if not summary.rows:
        return words("p_head_none")
    if summary.rows == 1:
        return words(
            ("p_only_ready" if dry else "p_only_in") if inside else "p_only_not_ready" if dry else "p_only_out"
        )
    if inside == summary.rows:
        return words("p_head_ready_all" if dry else "p_head_all", rows=summary.rows)
    return words.counted("p_head_ready" if dry else "p_head_done", inside, in_=inside, rows=summary.rows)


def _bar(summary: Summary, facts: Facts, words: Words) -> Html:
    """The totals as a picture: one bar, its parts in proportion, and a legend."""
    parts = [(status, summary.counts[status]) for status in STATUSES if summary.counts[status]]
    if not parts:
        return Html()
    wide = {status: max(count, summary.rows * _THINNEST) for status, count in parts}
    total, left = sum(wide.values()), 0.0
    drawn, legend, label = [], [], []
    for status, count in parts:
        width = 1000 * wide[status] / total
        drawn.append(tag("rect", class_=f"f-{status}", x=round(left, 1), y=0, height=36, width=round(width - 2, 1)))
        left += width
        name, number = words(f"{'s1' if count == 1 else 's'}_{status}"), words.number(count)
        label.append(f"{number} {name}")
        meaning = tag("small", words(f"h_{status}", target=facts.target))
        part = tag("span", f" · {words.share(count, summary.rows)}", class_="part")
        legend.append(tag("li", tag("span", class_=f"dot b-{status}"), tag("b", number), f" {name}", part, meaning))
    bar = tag("svg", *drawn, class_="bar", viewBox="0 0 1000 36", preserveAspectRatio="none", role="img",
              aria_label=", ".join(label))  # fmt: skip
    return join(bar, tag("ul", *legend, class_="legend"))


def _next(summary: Summary, facts: Facts, words: Words, again: str) -> Html:
    counts, steps = summary.counts, []
    correct = counts["invalid"] + counts["rejected"]
    if facts.dry_run:
        steps.append(tag("p", tag("strong", words("f_dry"))))
    if counts["unknown"]:
        steps.append(tag("p", words.counted("p_unknown_note", counts["unknown"], count=counts["unknown"])))
    if correct:
        book = "errors.xlsx" if "errors.xlsx" in summary.files else "errors.csv"
        steps.append(tag("p", words("p_next_errors", file=book)))
        if book == "errors.xlsx":
            steps.append(tag("p", words("p_next_once", sheet=words("causes"))))
        if again:
            steps += [tag("p", words("p_next_again")), tag("pre", tag("code", again))]
    pending = facts.dry_run or counts["unknown"] or counts["failed"] or counts["not_attempted"]
    if pending and facts.next_command:
        steps.append(tag("p", words("p_next_command" if correct else "p_next_command_only")))
        steps.append(tag("pre", tag("code", facts.next_command)))
    elif not summary.not_in:
        steps.append(tag("p", words("p_next_none")))
    return tag("section", tag("h2", words("p_next")), *steps, class_="next")


def _causes(summary: Summary, facts: Facts, words: Words) -> Html:
    refused: list[Cause] = []
    same: list[Cause] = []
    errors: list[Cause] = []
    warnings: list[Cause] = []
    for cause in summary.causes:
        if cause.family == "duplicate" or cause.code.startswith("plan.existing"):
            same.append(cause)
        elif cause.code.startswith("target.rejected"):
            refused.append(cause)
        else:
            (errors if cause.severity == "error" else warnings).append(cause)
    return join(
        cause_group(words("p_causes"), None, errors, words),
        cause_group(words("p_refusals", target=facts.target), None, refused, words),
        cause_group(words("p_duplicates"), None, same, words),
        cause_group(words("p_warnings"), words("p_warnings_lead"), warnings, words),
    )


def _rows(summary: Summary, shown: Shown, words: Words) -> Html:
    count, total = len(shown.rows), summary.not_in
    if not count:
        return Html()
    if shown.complete:
        said = words.counted("p_rows_all", count, shown=count)
    elif count == total:
        said = words.counted("p_rows_out", count, shown=count)
    else:
        said = words("p_rows_some_unknown" if summary.counts["unknown"] else "p_rows_some", shown=count, total=total)
    search = tag("input", id="search", type="search", placeholder=words("p_search"), aria_label=words("p_search"))
    return tag(
        "section",
        tag("h2", words("p_rows")),
        tag("p", f"{said} {words('p_rows_cut')}", class_="lead"),
        tag("noscript", tag("p", words("p_nojs"), class_="alarm")),
        tag(
            "div",
            search,
            tag("div", id="chips"),
            tag("p", id="found", aria_live="polite"),
            id="tools",
            hidden=True,
        ),
        tag("div", id="list"),
        tag("p", id="printed", hidden=True),
        tag("p", tag("button", words("p_show_more"), type="button", id="more", hidden=True)),
        id="rows",
    )


def _about(facts: Facts, words: Words) -> Html:
    pairs = [
        ("run", facts.run), ("target", facts.target), ("workspace", facts.workspace), ("mode", words.mode(facts.mode)),
        ("host", facts.host), ("started", _time(facts.started)), ("finished", _time(facts.finished)),
        ("requests", words.number(facts.requests)), ("version", facts.version),
    ]  # fmt: skip
    listed = [(words(f"f_{name}"), value) for name, value in pairs if value]
    for source in facts.sources:
        rows = None if source.rows is None else words.rows(source.rows)
        parts = (
            source.name,
            source.encoding,
            source.sheet,
            f"{words('f_header_row')} {source.header_row}",
            rows,
        )
        listed.append((words("f_source"), " · ".join(part for part in parts if part)))
    listed += ((decided(name), how) for name, how in facts.decisions.items())
    terms = [join(tag("dt", name), tag("dd", value)) for name, value in listed]
    title = tag("h2", words("p_facts"))
    return tag("section", title, tag("dl", *terms), _mapping(facts, words), class_="about")


def _time(text: str) -> str:
    """An ISO 8601 time as people write it."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)T([\d:]+)(?:Z|\+00:00)$", r"\1 \2 UTC", text)


def _mapping(facts: Facts, words: Words) -> Html:
    composed = {index: name for name, indexes in facts.mapping.parts.items() for index in indexes}
    rows = []
    for choice in facts.mapping.choices:
        fed = choice.field or composed.get(choice.index) or words("p_mapping_none")
        rows.append((choice.header, fed, choice.reason or words(f"how_{choice.how}")))
    rows += [(f"“{value}”", name, words("f_constants")) for name, value in facts.mapping.constants.items()]
    rows += [(f"“{value}”", name, words("f_defaults")) for name, value in facts.mapping.defaults.items()]
    if not rows:
        return Html()
    heads = [tag("th", words(f"p_mapping_{name}"), scope="col") for name in ("column", "field", "how")]
    lines = [tag("tr", *(tag("td", text) for text in row)) for row in rows]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *lines))
    return tag("details", tag("summary", words("p_mapping")), tag("div", table, class_="wide"))


def _notes(summary: Summary, facts: Facts) -> Sequence[str]:
    return (
        *summary.notes,
        *facts.mapping.notes,
        *(note for source in facts.sources for note in source.notes),
    )


def _bullets(title: str, lines: Iterable[str]) -> Html:
    items = [tag("li", line) for line in lines]
    return tag("section", tag("h2", title), tag("ul", *items)) if items else Html()


def _data(facts: Facts, shown: Shown, words: Words) -> dict[str, object]:
    """What the script reads: headers, which column names the customer, rows (see `Shown`), words."""
    texts = {status: words(f"s1_{status}") for status in STATUSES}
    texts |= {"all": words("p_all"), "row": words("p_row"), "found": words("p_found", n="{n}"), "found_1": words("p_row_1"),
              "printed": words("p_printed", n="{n}", of="{of}")}  # fmt: skip
    fed = {choice.field: choice.index for choice in facts.mapping.choices if choice.field}
    label = [fed[name] for name in _LABELS if fed.get(name, MOST_COLUMNS) < MOST_COLUMNS]
    headers = [cut(header, LONGEST) for header in facts.headers[:MOST_COLUMNS]]
    return {"headers": headers, "label": label[:1], "bad": NOT_IN, "several": len(facts.sources) > 1,
            "rows": shown.rows, "words": texts}  # fmt: skip


def _asset(name: str) -> str:
    return resources.files("pipeline.report").joinpath(name).read_text(encoding="utf-8")
