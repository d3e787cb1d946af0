"""Turn a summary and a choice of rows into report.html: one page for a person, which opens anywhere, offline.

Nothing that comes from a cell can become markup or script: texts are escaped, the rows travel as JSON that the
script shows as text only, and the page's own policy admits no script, style or request but the two hashed here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources

from pipeline.report.facts import NOT_IN, STATUSES, Cause, Change, Facts, Summary
from pipeline.report.shown import MOST_COLUMNS, Shown, cut
from pipeline.report.words import Words

MOST_CAUSES = 60
MOST_PAIRS = 12
LONGEST = 160


def page(summary: Summary, facts: Facts, shown: Shown, words: Words) -> str:
    """The whole page as HTML."""
    style, script = _asset("page.css"), _asset("page.js")
    body = "".join((_top(summary, facts, words), _causes(summary, facts, words), _changes(summary, words),
                    _rows(summary, shown, words), _about(summary, facts, words)))  # fmt: skip
    title = f"{words('p_title')}: {facts.run}"
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="{words.lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{_t(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}</main>\n"
        f'<script type="application/json" id="data">{_json(_data(facts, shown, words))}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _top(summary: Summary, facts: Facts, words: Words) -> str:
    badge = {"LIVE": "live", "test": "test", "sandbox": "sandbox"}.get(facts.mode, "dry")
    broken = ""
    if not summary.conservation:
        said = words("p_broken", rows=sum(summary.counts.values()), expected=facts.expected or summary.rows)
        broken = f'<p class="alarm" role="alert">{_t(said)}</p>\n'
    source = ", ".join(source.name for source in facts.sources)
    return (
        f'<header>\n<p class="over">{_t(words("p_title"))} · {_t(source)} → {_t(facts.target)} '
        f'<span class="badge {badge}">{_t(facts.mode)}</span></p>\n<h1>{_t(_headline(summary, facts, words))}</h1>\n'
        f"{broken}{_bar(summary, facts, words)}</header>\n{_next(summary, facts, words)}"
    )


def _headline(summary: Summary, facts: Facts, words: Words) -> str:
    if not summary.rows:
        return words("p_head_none")
    inside = summary.rows - summary.not_in
    kind = "p_head_ready" if facts.dry_run else "p_head_done"
    if inside == summary.rows:
        return words("p_head_ready_all" if facts.dry_run else "p_head_all", rows=summary.rows)
    return words(kind, in_=inside, rows=summary.rows)


def _bar(summary: Summary, facts: Facts, words: Words) -> str:
    """The totals as a picture: one bar, its parts in proportion (never thinner than can be seen), and a legend."""
    parts = [(status, summary.counts[status]) for status in STATUSES if summary.counts[status]]
    total = sum(max(count, summary.rows * 0.008) for _, count in parts) or 1
    drawn, legend, left = "", "", 0.0
    for status, count in parts:
        width = 1000 * max(count, summary.rows * 0.008) / total
        name = words(f"s_{status}")
        drawn += (f'<rect class="f-{status}" x="{left:.1f}" y="0" width="{max(width - 2, 1):.1f}" height="36">'
                  f"<title>{words.number(count)} {_t(name)}</title></rect>")  # fmt: skip
        left += width
        legend += (f'<li><span class="dot b-{status}"></span><b>{words.number(count)}</b> {_t(name)}'
                   f'<small>{_t(words(f"h_{status}", target=facts.target))}</small></li>')  # fmt: skip
    label = ", ".join(f"{words.number(count)} {words(f's_{status}')}" for status, count in parts)
    return (f'<svg class="bar" viewBox="0 0 1000 36" preserveAspectRatio="none" role="img" aria-label="{_t(label)}">'
            f'{drawn}</svg>\n<ul class="legend">{legend}</ul>\n')  # fmt: skip


def _next(summary: Summary, facts: Facts, words: Words) -> str:
    steps = []
    if summary.counts["unknown"]:
        steps.append(f"<p>{_t(words('p_unknown_note', count=summary.counts['unknown']))}</p>")
    correct = summary.counts["invalid"] + summary.counts["rejected"]
    if correct:
        steps.append(f"<p>{_t(words('p_next_errors'))}</p>")
    if facts.next_command:
        lead = words("p_next_command" if correct else "p_next_command_only")
        steps.append(f"<p>{_t(lead)}</p><pre><code>{_t(facts.next_command)}</code></pre>")
    if not steps:
        steps.append(f"<p>{_t(words('p_next_none'))}</p>")
    dry = f"<p><strong>{_t(words('f_dry'))}</strong></p>" if facts.dry_run else ""
    return f'<section class="next"><h2>{_t(words("p_next"))}</h2>{dry}{"".join(steps)}</section>\n'


def _causes(summary: Summary, facts: Facts, words: Words) -> str:
    rest = [cause for cause in summary.causes if cause.family not in ("duplicate",)
            and not cause.code.startswith("plan.existing")]  # fmt: skip
    refused = [cause for cause in rest if cause.code.startswith("target.rejected")]
    errors = [cause for cause in rest if cause.severity == "error" and cause not in refused]
    same = [cause for cause in summary.causes if cause not in rest]
    warnings = [cause for cause in rest if cause.severity != "error"]
    out = _group(words("p_causes"), "", errors, words) if errors or refused or summary.not_in else ""
    out += _group(words("p_refusals", target=facts.target), "", refused, words) if refused else ""
    out += _group(words("p_duplicates"), "", same, words) if same else ""
    out += _group(words("p_warnings"), words("p_warnings_lead"), warnings, words) if warnings else ""
    return out


def _group(title: str, lead: str, causes: list[Cause], words: Words) -> str:
    most = max((cause.rows for cause in causes), default=1)
    cards = "".join(_card(cause, most, words, first=not at) for at, cause in enumerate(causes[:MOST_CAUSES]))
    left_out = len(causes) - MOST_CAUSES
    more = f'<p class="more">{_t(words("p_more", count=left_out))}</p>' if left_out > 0 else ""
    intro = f'<p class="lead">{_t(lead)}</p>' if lead else ""
    return f"<section><h2>{_t(title)}</h2>{intro}{cards}{more}</section>\n" if causes else ""


def _card(cause: Cause, most: int, words: Words, *, first: bool) -> str:
    examples = "".join(
        f"<tr><td>{_t(_place(e.row, e.sheet, words))}</td><td><code>{_t(cut(e.value, LONGEST))}</code></td>"
        f"<td>{_t(cut(e.suggestion, LONGEST))}</td></tr>"
        for e in cause.examples
    )
    title = f"{cause.title}: {cause.detail}" if cause.detail else cause.title
    where = f' <span class="column">{_t(cause.column)}</span>' if cause.column else ""
    heads = "".join(f"<th>{_t(words(name))}</th>" for name in ("p_row", "p_value", "p_suggestion"))
    table = f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{examples}</tbody></table></div>'
    width = 100 * cause.rows / most
    return (
        f'<details class="cause {cause.severity}"{" open" if first else ""}><summary><span class="count">{words.number(cause.rows)}</span>'
        f'<span class="what"><b>{_t(title)}</b>{where}'
        f'<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="f-{cause.severity}" '
        f'width="{width:.1f}" height="4"/></svg></span></summary>'
        f'<p class="remedy">{_t(cause.remedy)}</p>{table if examples else ""}'
        f'<p class="foot"><button type="button" hidden data-code="{_t(cause.code)}" data-column="{_t(cause.column)}">'
        f"{_t(words('p_show_rows'))}</button> <code>{_t(cause.code)}</code></p></details>"
    )


def _changes(summary: Summary, words: Words) -> str:
    if not summary.changes:
        return ""
    cards = "".join(_change(change, words) for change in summary.changes)
    return (f"<section><h2>{_t(words('p_changes'))}</h2><p class=\"lead\">{_t(words('p_changes_lead'))}</p>"
            f"{cards}</section>\n")  # fmt: skip


def _change(change: Change, words: Words) -> str:
    pairs = "".join(
        f"<tr><td><code>{_t(cut(before, LONGEST))}</code></td><td>→ <code>{_t(cut(after, LONGEST))}</code></td>"
        f'<td class="n">{words.number(count) if count else ""}</td></tr>'
        for before, after, count in change.pairs[:MOST_PAIRS]
    )
    left_out = len(change.pairs) - MOST_PAIRS
    more = f'<p class="more">{_t(words("p_more", count=left_out))}</p>' if left_out > 0 else ""
    lead = "" if change.complete else f"<p>{_t(words('p_changes_many'))}</p>"
    label = change.column if change.column != change.field else ""
    return (f'<details class="change"><summary><span class="count">{words.number(change.cells)}</span><span class="what">'
            f'<b>{_t(change.field)}</b> <span class="column">{_t(label)}</span></span></summary>{lead}'
            f'<div class="wide"><table><tbody>{pairs}</tbody></table></div>{more}</details>')  # fmt: skip


def _rows(summary: Summary, shown: Shown, words: Words) -> str:
    count, total = len(shown.rows), summary.not_in
    if not count:
        return ""
    if shown.complete:
        said = words("p_rows_all", shown=count)
    elif count == total:
        said = words("p_rows_out", shown=count)
    else:
        said = words(
            "p_rows_some_unknown" if summary.counts["unknown"] else "p_rows_some", shown=count, total=total
        )
    return (
        f'<section id="rows"><h2>{_t(words("p_rows"))}</h2><p class="lead">{_t(said)} {_t(words("p_rows_cut"))}</p>'
        f'<noscript><p class="alarm">{_t(words("p_nojs"))}</p></noscript>'
        f'<div id="tools" hidden><input id="search" type="search" placeholder="{_t(words("p_search"))}" '
        f'aria-label="{_t(words("p_search"))}"><div id="chips"></div><p id="found" aria-live="polite"></p></div>'
        '<div id="list"></div><p><button type="button" id="more" hidden>'
        f"{_t(words('p_show_more'))}</button></p></section>\n"
    )


def _about(summary: Summary, facts: Facts, words: Words) -> str:
    pairs = [("f_run", facts.run), ("f_target", facts.target), ("f_workspace", facts.workspace), ("f_mode", facts.mode),
             ("f_host", facts.host), ("f_started", facts.started), ("f_finished", facts.finished),
             ("f_requests", words.number(facts.requests)), ("f_version", facts.version)]  # fmt: skip
    listed = "".join(f"<dt>{_t(words(name))}</dt><dd>{_t(value)}</dd>" for name, value in pairs if value)
    for source in facts.sources:
        parts = [source.name, source.encoding, source.sheet, f"{words('f_header_row')} {source.header_row}"]
        listed += f"<dt>{_t(words('f_source'))}</dt><dd>{_t(' · '.join(part for part in parts if part))}</dd>"
    for name, value in facts.decisions.items():
        listed += f"<dt>{_t(name)}</dt><dd>{_t(value)}</dd>"
    notes = (
        *summary.notes,
        *facts.mapping.notes,
        *(note for source in facts.sources for note in source.notes),
    )
    return (
        f"{_bullets(words('p_unchecked'), facts.unchecked)}{_bullets(words('p_notes'), notes)}"
        f'<section class="about"><h2>{_t(words("p_facts"))}</h2><dl>{listed}</dl>{_mapping(facts, words)}</section>\n'
    )


def _mapping(facts: Facts, words: Words) -> str:
    composed = {index: name for name, indexes in facts.mapping.parts.items() for index in indexes}
    rows = "".join(
        f"<tr><td>{_t(choice.header)}</td><td>{_t(choice.field or composed.get(choice.index) or words('p_mapping_none'))}</td>"
        f"<td>{_t(choice.reason or words(f'how_{choice.how}'))}</td></tr>"
        for choice in facts.mapping.choices
    )
    for given, name in ((facts.mapping.constants, "f_constants"), (facts.mapping.defaults, "f_defaults")):
        rows += "".join(
            f"<tr><td>“{_t(value)}”</td><td>{_t(field)}</td><td>{_t(words(name))}</td></tr>"
            for field, value in given.items()
        )
    heads = "".join(f"<th>{_t(words(f'p_mapping_{name}'))}</th>" for name in ("column", "field", "how"))
    return (f'<details><summary>{_t(words("p_mapping"))}</summary><div class="wide"><table><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div></details>") if rows else ""  # fmt: skip


def _bullets(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_t(line)}</li>" for line in lines)
    return f"<section><h2>{_t(title)}</h2><ul>{items}</ul></section>\n" if items else ""


def _place(row: int, sheet: str | None, words: Words) -> str:
    return f"{sheet} · {row}" if sheet else f"{row}"


def _data(facts: Facts, shown: Shown, words: Words) -> dict[str, object]:
    texts = {status: words(f"s_{status}") for status in STATUSES}
    texts |= {name: words(f"p_{name}") for name in ("all", "row", "cells")} | {
        "found": words("p_found", n="{n}")
    }
    named = {choice.field: choice.index for choice in facts.mapping.choices if choice.field}
    label = [named[name] for name in ("name", "company_name", "email", "reference") if name in named][:1]
    return {"headers": [cut(h, LONGEST) for h in facts.headers[:MOST_COLUMNS]], "label": [i for i in label if i < MOST_COLUMNS],
            "bad": NOT_IN, "several": len(facts.sources) > 1, "rows": shown.rows, "words": texts}  # fmt: skip


def _json(content: Mapping[str, object]) -> str:
    """JSON that cannot end the script element it stands in, nor open a comment there."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _t(text: str | None) -> str:
    """Text that stays text, between tags and in a quoted attribute."""
    return escape(text or "", quote=True)


def _asset(name: str) -> str:
    return resources.files("pipeline.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
