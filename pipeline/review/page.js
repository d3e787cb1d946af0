// The page: causes, filters, the grid, what is wrong with the row in hand, and what to do about it.

import { columnsDialog, pushDialog } from "./dialogs.js";
import { table } from "./table.js";
import { Refused, by, change, element, maybe, number, read, statuses, toast, word } from "./talk.js";

const MOST_VALUES = 30;
let state = null;
let chosen = null; // the cause in hand: {code, column, field}
let inHand = null; // the row in hand, and its node in the grid
let grid = null;
let lost = 0;
let working = 0;
let queue = Promise.resolve();

const filters = () => ({ code: chosen?.code ?? "", column: chosen?.column ?? "", status: by("status").value,
  where: by("where-column").value, text: by("text").value });

/** Change the run, one change after the other: each is made on what the one before it has shown. */
function act(name, asked = {}, how = {}) {
  queue = queue.then(() => acted(name, asked, how));
  return queue;
}

/** Do it, say what the server says against it, and show how things stand. */
async function acted(name, asked, { rows = true }) {
  working += 1;
  document.body.classList.add("busy");
  const wait = setTimeout(() => toast(word("busy")), 700);
  try {
    const answer = await change(name, { ...asked, version: state.version });
    await refresh({ rows });
    return answer;
  } catch (error) {
    failed(error);
    if (error instanceof Refused && error.status === 409) await refresh({ rows: true });
    return null;
  } finally {
    clearTimeout(wait);
    working -= 1;
    document.body.classList.toggle("busy", working > 0);
  }
}

function failed(error) {
  if (error instanceof Refused) toast([error.message, error.remedy].filter(Boolean).join(". "), { bad: true });
  else gone();
}

function gone() {
  if (lost < 3) return;
  by("gone").textContent = word("gone", { path: state?.path ?? "RUN" });
  by("gone").hidden = false;
}

async function refresh({ rows = true } = {}) {
  state = await read("state");
  draw();
  if (rows) grid.again();
  if (chosen) await drawCause();
}

function draw() {
  by("run").textContent = state.run;
  const mode = element("span", { class: `mode ${state.mode.toLowerCase()}` }, maybe(`mode_${state.mode}`, state.mode));
  by("where").replaceChildren(`→ ${state.target} `, mode);
  document.title = `${word("title")}: ${state.run}`;
  const counts = Object.entries(state.counts).sort();
  by("counts").replaceChildren(...counts.map(([name, count]) =>
    element("li", { class: name, "data-status": name }, element("b", {}, number(count)), ` ${statuses(name, count)}`)));
  const pending = (state.all.ready ?? 0) + (state.all.unknown ?? 0);
  if (pending) by("counts").append(element("li", {}, word("pending", { n: pending })));
  for (const name of ["undo", "redo"]) {
    const one = state[name];
    by(name).disabled = !one || state.pushing;
    by(name).title = one ? word(`e_${one.kind}`, { n: one.count }) : "";
  }
  for (const name of ["check", "save", "columns"]) by(name).disabled = state.pushing;
  drawCauses();
  drawColumns();
}

function drawCauses() {
  const wrong = Object.values(state.counts).reduce((sum, count) => sum + count, 0);
  const lines = [causeLine(null, word("all_rows"), "", wrong, wrong)];
  for (const one of state.causes) lines.push(causeLine(one, one.title, one.column, one.rows, one.had));
  by("causes").replaceChildren(...lines);
}

const same = (one, other) => one?.code === other?.code && one?.column === other?.column && one?.field === other?.field;

function causeLine(cause, title, column, rows, had) {
  const on = same(cause ?? undefined, chosen ?? undefined);
  const count = rows ? number(rows) : `✓ ${word("settled")}`;
  return element("li", {}, element("button", {
    type: "button", "aria-pressed": String(on), class: `${cause?.severity ?? "all"} ${rows ? "" : "settled"}`,
    "data-code": cause?.code ?? "", "data-rows": String(rows), onclick: () => choose(cause),
    title: had > rows ? `${number(rows)} / ${number(had)}` : "",
  }, element("span", { class: "title" }, title, column ? element("em", {}, ` ${column}`) : null), element("b", {}, count)));
}

async function choose(cause) {
  chosen = cause ? { code: cause.code, column: cause.column, field: cause.field } : null;
  drawCauses();
  placeColumns();
  grid.show();
  await drawCause();
}

function placeColumns() {
  const names = (chosen?.column ?? "").split(" + ");
  const first = state.headers.map((header, i) => (header && names.includes(header) ? i : -1)).filter((i) => i >= 0);
  grid.columns(state.headers, state.several, first);
}

function drawColumns() {
  const where = by("where-column");
  if (where.options.length) return;
  const named = [...new Set(state.headers.filter(Boolean))];
  where.replaceChildren(element("option", { value: "" }, word("any_column")),
    ...named.map((header) => element("option", { value: header }, header)));
  by("status").replaceChildren(...["", "todo", "fixed", "invalid", "rejected", "failed"].map((name) =>
    element("option", { value: name }, word(`f_${name || "all"}`))));
}

/** The cause in hand: what to do, its suggestions, and its values to correct once. */
async function drawCause() {
  const place = by("cause");
  const cause = state.causes.find((one) => same(one, chosen));
  if (!cause) {
    place.hidden = true;
    return;
  }
  const parts = [element("h2", {}, cause.title, cause.column ? element("em", {}, ` ${cause.column}`) : null)];
  if (cause.remedy) parts.push(element("p", {}, cause.remedy));
  if (cause.suggested) {
    parts.push(element("button", { type: "button", id: "accept-all", onclick: () => acceptAll(cause) },
      word("accept_all", { n: cause.suggested })));
  }
  if (cause.once && cause.rows) {
    const found = (await read("values", { code: cause.code, column: cause.column })).values;
    if (!same(cause, chosen)) return;
    const often = found.filter((value) => value.rows > 1);
    if (often.length) {
      parts.push(element("p", { class: "lead" }, word("once_lead")), element("ul", { class: "values" },
        ...often.slice(0, MOST_VALUES).map((value) => valueLine(cause, value))));
    }
    if (often.length > MOST_VALUES) parts.push(element("p", {}, word("and_more", { n: often.length - MOST_VALUES })));
  }
  const kept = document.activeElement?.closest?.("#cause") ? document.activeElement.dataset.value : undefined;
  place.replaceChildren(...parts);
  place.hidden = false;
  if (kept !== undefined) place.querySelector("input, button")?.focus();
}

function valueLine(cause, value) {
  const text = value.value || word("once_blank");
  const field = element("input", { value: value.suggestion ?? "", "data-value": value.value, autocomplete: "off",
    "aria-label": word("once_new", { text }) });
  const line = element("form", { class: "value" }, element("b", {}, number(value.rows)),
    element("q", {}, text), "→", field, element("button", { type: "submit" }, word("once_do")));
  line.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) {
      act("once", { field: value.field, value: value.value, replacement: field.value, code: cause.code, column: cause.column });
    }
  });
  return element("li", {}, line);
}

async function acceptAll(cause) {
  const answer = await act("accept", { code: cause.code, column: cause.column });
  if (answer) toast(word("accepted", { n: answer.count }));
}

async function edit(row, cell, text, node) {
  const before = row.cells[cell] ?? "";
  if (text === before) return;
  const answer = await act("edit", { id: row.id, cell, before, text }, { rows: false });
  if (!answer) return;
  const fresh = answer.row[0];
  if (fresh && node?.data?.id === fresh.id) node.setData(fresh);
  if (fresh && inHand?.row.id === fresh.id) detail(fresh, node);
  if (state.causes.some((one) => one.code.startsWith("duplicate."))) grid.again();
}

const accept = (row, problem, node) => edit(row, problem.cell, problem.suggestion, node);

/** Say what is wrong with a row; null: no row is in hand. */
function detail(row, node) {
  if (!row) {
    inHand = null;
    by("detail").replaceChildren(element("p", {}, word("detail_none")));
    return;
  }
  inHand = { row, node };
  const place = by("detail");
  const title = element("h2", {}, word("detail_row", { row: String(row.row) }), ` · ${maybe(`s_${row.status}`, row.status)}`);
  if (!row.problems.length) {
    place.replaceChildren(element("p", {}, word("detail_ok", { row: String(row.row) })));
    return;
  }
  const lines = row.problems.map((one) => element("li", { class: one.severity }, element("strong", {}, one.message),
    " ", element("span", {}, one.remedy), " ", one.suggestion !== null && one.cell !== null
      ? element("button", { type: "button", onclick: () => accept(row, one, node) }, word("accept_use", { text: one.suggestion }))
      : null));
  place.replaceChildren(title, element("ul", {}, ...lines));
}

/** Ask once a second what is new: another page's edits, the progress of a push, whether the server is there. */
async function pulse() {
  try {
    const told = await read("pulse");
    lost = 0;
    by("gone").hidden = true;
    push.told(told);
    if (!working && (told.version !== state.version || told.pushing !== state.pushing)) {
      const other = !told.pushing && !state.pushing;
      await refresh();
      if (other) toast(word("elsewhere"));
    }
  } catch (error) {
    lost += 1;
    if (!(error instanceof Refused)) gone();
  } finally {
    setTimeout(pulse, 1000);
  }
}

const columns = columnsDialog(by("columns-dialog"), { state: () => state, act });
const push = pushDialog(by("push-dialog"), { state: () => state, change, refresh, failed });

function listen() {
  by("undo").addEventListener("click", () => act("undo"));
  by("redo").addEventListener("click", () => act("redo"));
  by("columns").addEventListener("click", () => columns.open());
  by("push").addEventListener("click", () => push.open());
  by("check").addEventListener("click", async () => {
    const answer = await act("check");
    if (!answer) return;
    const ready = answer.counts.ready ?? 0;
    const all = Object.values(answer.counts).reduce((sum, count) => sum + count, 0);
    toast(word("checked", { ready, wrong: all - ready }));
  });
  by("save").addEventListener("click", async () => {
    const answer = await act("save", {}, { rows: false });
    if (answer) toast(word("saved", { path: answer.path }), { link: [word("download"), answer.name] });
  });
  for (const name of ["status", "where-column"]) by(name).addEventListener("change", () => grid.show());
  let typing;
  by("text").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => grid.show(), 250);
  });
  document.addEventListener("keydown", shortcut);
}

function shortcut(event) {
  if (document.querySelector("dialog[open]")) return;
  const key = event.code.replace("Key", "").toLowerCase(); // with Alt some keyboards give another sign
  const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.target.closest("input, select");
  if (control && (key === "z" || key === "y")) {
    event.preventDefault();
    by(key === "y" || event.shiftKey ? "redo" : "undo").click();
  }
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const does = { z: () => by("undo").click(), y: () => by("redo").click(), g: () => grid.focus(),
    c: () => by("causes").querySelector("[aria-pressed=true]")?.focus() }[key];
  if (does) {
    event.preventDefault();
    does();
  }
}

async function begin() {
  state = await read("state");
  if (matchMedia("(max-width: 700px)").matches) by("causes-box").open = false;
  grid = table(by("grid"), { filters, once: () => state.once, edit, accept, failed,
    chosen: detail,
    counted: (total) => { by("shown").textContent = word("shown", { n: total }); } });
  draw();
  placeColumns();
  grid.show();
  listen();
  setTimeout(pulse, 1000);
}

begin();
