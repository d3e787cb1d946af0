
"use strict";
// Shows the rows of the report. Every text from the file goes through textContent: nothing is ever parsed as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const list = document.getElementById("list");
  if (!list) return;
  const PAGE = 50;
  const words = data.words, bad = new Set(data.bad);
  const search = document.getElementById("search"), found = document.getElementById("found");
  const more = document.getElementById("more"), chips = document.getElementById("chips");
  const printed = document.getElementById("printed");
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const haystacks = data.rows.map((row) => plain([row.r, row.h, row.o, row.i, words[row.s], ...row.c, ...row.p.flat()]
    .filter((text) => text !== null).join("\n")));
  let status = "", cause = null, shown = PAGE, hits = [];

  const grouped = (count) => count.toLocaleString(document.documentElement.lang, { useGrouping: "always" });

  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  };

  const inside = (row) => {
    const box = make("div", "inside");
    for (const [severity, , , , , message, remedy] of row.p) {
      const problem = make("p", "problem " + (severity === "error" ? "error" : "warning"), message);
      if (remedy) problem.append(make("span", "", remedy));
      box.append(problem);
    }
    const cells = make("dl"), wrong = new Map();
    for (const [severity, , column] of row.p) {
      for (const name of column ? [column, ...column.split(" + ")] : []) if (wrong.get(name) !== "error") wrong.set(name, severity);
    }
    row.c.forEach((text, index) => {
      const header = data.headers[index], marked = header ? wrong.get(header) : undefined;
      if (text === null && !marked) return;
      const look = marked ? "wrong " + (marked === "error" ? "error" : "warning") : "";
      cells.append(make("dt", look, header || "(" + (index + 1) + ")"), make("dd", look, text === null ? "—" : text));
    });
    box.append(cells);
    return box;
  };

  const sheets = new Set(data.rows.map((row) => row.o + "\n" + row.h)).size > 1;
  const draw = (row) => {
    const item = make("details", "row"), line = make("summary");
    const where = [data.several ? row.o : null, sheets ? row.h : null, words.row + " " + row.r].filter(Boolean).join(" · ");
    const state = make("span", "state");
    state.append(make("span", "dot b-" + (row.s in words ? row.s : "unknown")), words[row.s] || row.s);
    const told = make("span", "told");
    const who = data.label.length ? row.c[data.label[0]] : row.c.find((text) => text !== null);
    told.append(make("span", "who", who || row.i || "—"));
    const first = row.p.find((problem) => problem[0] === "error") || row.p[0];
    if (first) told.append(make("span", "said", first[5] + (row.p.length > 1 ? " (+" + (row.p.length - 1) + ")" : "")));
    line.append(make("span", "where", where), state, told);
    item.append(line);
    item.addEventListener("toggle", () => { if (item.open && item.children.length === 1) item.append(inside(row)); });
    return item;
  };

  const fill = (from) => {
    const piece = document.createDocumentFragment();
    for (const index of hits.slice(from, shown)) piece.append(draw(data.rows[index]));
    list.append(piece);
    more.hidden = hits.length <= shown;
  };

  const filter = () => {
    const asked = plain(search.value).split(/\s+/).filter(Boolean);
    hits = [];
    data.rows.forEach((row, index) => {
      if (status && row.s !== status) return;
      if (cause && !row.p.some((p) => p[1] === cause.code && (p[2] || p[3] || "") === cause.column)) return;
      if (asked.every((word) => haystacks[index].includes(word))) hits.push(index);
    });
    shown = PAGE;
    list.replaceChildren();
    fill(0);
    found.textContent = hits.length === 1 ? words.found_1 : words.found.replace("{n}", grouped(hits.length));
    for (const chip of chips.children) {
      chip.setAttribute("aria-pressed", String(chip.dataset.status === status && !cause || chip.dataset.cause !== undefined && !!cause));
    }
  };

  const chip = (name, text) => {
    const button = make("button", "", text);
    button.type = "button";
    button.dataset.status = name;
    button.addEventListener("click", () => { status = name; drop(); filter(); });
    return button;
  };

  const drop = () => {
    cause = null;
    for (const old of chips.querySelectorAll("[data-cause]")) old.remove();
  };

  const counts = new Map();
  for (const row of data.rows) counts.set(row.s, (counts.get(row.s) || 0) + 1);
  chips.append(chip("", words.all));
  const order = [...counts.keys()].sort((a, b) => bad.has(b) - bad.has(a));
  for (const name of order) chips.append(chip(name, (words[name] || name) + " " + counts.get(name)));
  search.addEventListener("input", filter);
  more.addEventListener("click", () => { const from = shown; shown += PAGE; fill(from); });

  for (const button of document.querySelectorAll("button[data-code]")) {
    const { code, column } = button.dataset;
    if (!data.rows.some((row) => row.p.some((p) => p[1] === code && (p[2] || p[3] || "") === column))) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      drop();
      cause = { code, column };
      status = "";
      search.value = "";
      const label = make("button", "", code + (column ? " · " + column : "") + " ✕");
      label.type = "button";
      label.dataset.cause = code;
      label.addEventListener("click", () => { drop(); filter(); });
      chips.append(label);
      filter();
      document.getElementById("rows").scrollIntoView({ behavior: "smooth" });
    });
  }
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.row):not([open])")];
    for (const closed of opened) closed.open = true;
    printed.hidden = hits.length <= shown;
    printed.textContent = words.printed.replace("{n}", grouped(shown)).replace("{of}", grouped(hits.length));
  });
  addEventListener("afterprint", () => {
    for (const closed of opened) closed.open = false;
    printed.hidden = true;
  });
  document.getElementById("tools").hidden = false;
  filter();
})();
