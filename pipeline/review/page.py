"""Turn the page's texts into its HTML in English or Spanish; what a run holds comes later, as JSON."""

from __future__ import annotations

import html as markup
import json
import tomllib
from functools import cache
from importlib import resources

from pipeline import language
from pipeline.language import say_of

SCRIPTS = ("page.js", "table.js", "dialogs.js", "talk.js")


@cache
def asset(name: str) -> str:
    """One of the files beside this module."""
    return resources.files("pipeline.review").joinpath(name).read_text(encoding="utf-8")


@cache
def words(lang: str) -> dict[str, str]:
    """The texts of a language by name."""
    return {name: say_of(f"review {name}", text, lang) for name, text in tomllib.loads(asset("words.toml")).items()}


def html(lang: str, nonce: str) -> str:
    """The page; `nonce` is for the grid's style sheets."""
    told = words(lang)
    texts = {name: markup.escape(text) for name, text in told.items()}
    # In a block of data only `<` could end the block.
    data = json.dumps({"lang": language.tag(lang), "nonce": nonce, "words": told}, ensure_ascii=False).replace(
        "<", "\\u003c"
    )
    return PAGE.format(**texts, lang=lang, data=data)


PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
</head>
<body>
<a class="skip" href="#grid">{skip}</a>
<header>
  <h1><span id="run"></span> <span id="where"></span></h1>
  <ul id="counts" aria-label="{status}"></ul>
  <div id="actions" role="toolbar" aria-label="{title}">
    <button id="undo" disabled>{undo}</button>
    <button id="redo" disabled>{redo}</button>
    <button id="columns">{columns}</button>
    <button id="check">{check}</button>
    <button id="save">{save}</button>
    <button id="push" class="strong">{push}</button>
  </div>
</header>
<p id="gone" role="alert" hidden></p>
<main>
  <nav aria-labelledby="causes-title">
    <details id="causes-box" open><summary><h2 id="causes-title">{causes}</h2></summary><ul id="causes"></ul></details>
  </nav>
  <section id="work" aria-label="{rows}">
    <div id="filters">
      <label>{filter_status} <select id="status"></select></label>
      <label>{filter_column} <select id="where-column"></select></label>
      <label>{filter_text} <input id="text" type="search" autocomplete="off"></label>
      <span id="shown" role="status"></span>
    </div>
    <div id="cause" hidden></div>
    <div id="grid" tabindex="-1"></div>
    <section id="detail" aria-live="polite" aria-label="{problem}" tabindex="-1"><p>{detail_none}</p></section>
    <p id="hint">{edit_hint}</p>
  </section>
</main>
<dialog id="columns-dialog" aria-labelledby="columns-title"></dialog>
<dialog id="push-dialog" aria-labelledby="push-title"></dialog>
<p id="toast" role="status"></p>
<script type="application/json" id="data">{data}</script>
<script type="module" src="page.js"></script>
</body>
</html>
"""
