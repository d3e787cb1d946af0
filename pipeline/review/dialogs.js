// The two dialogs: what each column feeds, and the push with its plan, its forecast, its progress and its results.

import { element, maybe, number, statuses, toast, word } from "./talk.js";

/** The table of columns. `page` has state() and act(name, asked). */
export function columnsDialog(place, page) {
  function choice(column, fields) {
    if (column.composes.length) return word("cols_parts", { text: column.composes.join(", ") });
    const select = element("select", { "aria-label": `${word("cols_field")}: ${column.header}`, disabled: !column.editable },
      element("option", { value: "" }, word("cols_none")),
      ...fields.map((one) => element("option", { value: one.name }, `${one.label} (${one.name})`)));
    if (column.field && ![...select.options].some((one) => one.value === column.field)) {
      select.append(element("option", { value: column.field }, column.field));
    }
    select.value = column.field;
    select.addEventListener("change", async () => {
      await page.act("column", { header: column.header, field: select.value });
      draw();
    });
    return select;
  }

  function fallback(one) {
    const input = element("input", { value: one.default, "aria-label": `${word("defaults_title")}: ${one.label}`, autocomplete: "off" });
    const line = element("form", {}, element("span", {}, `${one.label} (${one.name})`), input,
      element("button", { type: "submit" }, word("defaults_set")));
    line.addEventListener("submit", async (event) => {
      event.preventDefault();
      await page.act("default", { field: one.name, value: input.value.trim() });
      draw();
    });
    return element("li", {}, line);
  }

  function draw() {
    const state = page.state();
    const heads = ["cols_header", "cols_examples", "cols_field"].map((name) => element("th", { scope: "col" }, word(name)));
    const rows = state.columns.map((column) => element("tr", {}, element("th", { scope: "row" }, column.header || `#${column.index + 1}`),
      element("td", {}, column.examples.join(" · ")), element("td", {}, choice(column, state.fields))));
    const open = place.querySelector("details")?.open ?? false;
    place.replaceChildren(
      element("h2", { id: "columns-title" }, word("cols_title")), element("p", {}, word("cols_lead")),
      element("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "columns-title" },
        element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows))),
      element("details", { open }, element("summary", {}, word("defaults_title")), element("p", {}, word("defaults_lead")),
        element("ul", { class: "defaults" }, ...state.fields.filter((one) => !one.constant).map(fallback))),
      element("p", { class: "ends" }, element("button", { type: "button", class: "strong", onclick: () => place.close() }, word("close"))));
  }

  return { open() { draw(); place.showModal(); } };
}

/** The push. `page` has state(), change(), refresh() and failed(). */
export function pushDialog(place, page) {
  let running = false;
  let planned = null; // the version that was planned: what is pushed is what is shown here

  function show(...parts) {
    place.replaceChildren(element("h2", { id: "push-title" }, word("push_title")), ...parts.filter(Boolean));
  }

  const button = (name, does, attributes = {}) => element("button", { type: "button", onclick: does, ...attributes }, name);

  async function open() {
    const state = page.state();
    if (state.pushing) {
      begun();
      if (!place.open) place.showModal();
      return;
    }
    show(element("p", { role: "status" }, word("push_wait")));
    place.showModal();
    try {
      const plan = await page.change("plan", { version: state.version });
      planned = plan.at;
      forecast(plan);
    } catch (error) {
      place.close();
      page.failed(error);
    }
  }

  function forecast(plan) {
    const ahead = plan.forecast;
    const total = ahead.creates + ahead.updates;
    const wrong = Object.entries(plan.counts).filter(([name]) => name === "invalid").reduce((sum, [, count]) => sum + count, 0);
    const lines = [
      total ? word("push_where", { ...ahead, mode: maybe(`mode_${ahead.mode}`, ahead.mode) }) + ` · ${ahead.host}` : word("push_none"),
      ahead.creates ? word("push_creates", { n: ahead.creates }) : null, ahead.updates ? word("push_updates", { n: ahead.updates }) : null,
      ahead.doubtful ? word("push_doubtful", { n: ahead.doubtful }) : null,
      total ? word("push_requests", { n: ahead.requests, s: Math.ceil(ahead.seconds) }) : null,
      wrong ? word("push_wrong", { n: wrong }) : null,
      ...(total ? Object.entries(ahead.switches).map(([name, said]) => `${name}: ${said}`) : []),
      ...ahead.unchecked.map((text) => word("push_unchecked", { text })), ...plan.notes,
    ];
    const go = total || ahead.doubtful
      ? button(word("push_go", { n: total + ahead.doubtful }), begin, { class: plan.live ? "strong live" : "strong", id: "push-go" }) : null;
    show(element("ul", { class: "plan" }, ...lines.filter(Boolean).map((text) => element("li", {}, text))),
      element("p", { class: "ends" }, button(word("cancel"), () => place.close(), { id: "push-cancel" }), go));
    (go ?? place.querySelector("#push-cancel")).focus();
  }

  async function begin() {
    const version = planned;
    planned = null;
    try {
      await page.change("push", { version });
      begun();
    } catch (error) {
      place.close();
      page.failed(error);
    }
  }

  function begun() {
    running = true;
    show(element("p", { role: "status" }, word("push_running")), element("progress", { "aria-label": word("push_running") }),
      element("p", { class: "note" }));
  }

  /** What the server tells every second. */
  function told(pulse) {
    if (!running) return;
    const bar = place.querySelector("progress");
    if (pulse.pushing || !pulse.result) {
      if (bar && pulse.total) Object.assign(bar, { max: pulse.total, value: Math.min(pulse.done, pulse.total) });
      const note = place.querySelector(".note");
      if (note) note.textContent = [pulse.total ? `${number(pulse.done)} / ${number(pulse.total)}` : "", pulse.note].filter(Boolean).join(" · ");
      return;
    }
    running = false;
    ended(pulse.result);
  }

  function ended(result) {
    const counts = Object.entries(result.counts);
    const done = ["created", "updated", "unchanged", "skipped"];
    const left = counts.filter(([name]) => !done.includes(name)).reduce((sum, [, count]) => sum + count, 0);
    const head = result.stop ? word("push_stopped", { text: maybe(`stop_${result.stop}`, result.stop) }) : left ? word("push_left", { n: left }) : word("push_done");
    show(element("p", { role: "status", id: "push-result" }, head), result.remedy ? element("p", {}, result.remedy) : null,
      element("ul", { class: "plan" }, ...counts.map(([name, count]) => element("li", { "data-status": name },
        element("b", {}, number(count)), ` ${statuses(name, count)}`))),
      element("p", { class: "ends" }, button(word("close"), () => place.close(), { class: "strong", id: "push-close" })));
    place.querySelector("#push-close").focus();
    if (!left && !result.stop) toast(word("finished"));
    page.refresh();
  }

  place.addEventListener("close", () => {
    if (planned !== null) page.change("cancel").then(() => page.refresh()).catch(page.failed);
    planned = null;
  });
  place.addEventListener("cancel", (event) => {
    if (running) event.preventDefault(); // Escape does not hide a push under way
  });
  return { open, told };
}
