// Small helpers of the page: texts, elements (never from markup), and requests to the server below our own path.

const data = JSON.parse(document.getElementById("data").textContent);
export const lang = data.lang;
export const nonce = data.nonce;
const format = new Intl.NumberFormat(lang, { useGrouping: "always" }); // Spanish would write 3027 beside 12.430

/** The text called `name`, with its parts filled in; the one called `name_1` where there is one and `n` is 1. */
export function word(name, parts = {}) {
  const text = (parts.n === 1 ? data.words[`${name}_1`] : undefined) ?? data.words[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => (typeof parts[key] === "number" ? format.format(parts[key]) : parts[key] ?? ""));
}

/** What is said of so many rows of a status. */
export function statuses(name, count) {
  return maybe(`${count === 1 ? "s" : "sn"}_${name}`, name);
}

/** The text called `name` where there is one, else `otherwise`. */
export function maybe(name, otherwise) {
  return data.words[name] ?? otherwise;
}

export const number = (count) => format.format(count);
export const by = (id) => document.getElementById(id);

/** An element with attributes, listeners (on...) and children; texts stay texts. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** What the server refused: `status` of the answer, `remedy` what to do. */
export class Refused extends Error {
  constructor(status, told) {
    super(told.error ?? `HTTP ${status}`);
    this.status = status;
    this.remedy = told.remedy ?? "";
  }
}

async function told(answer) {
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, content);
  return content;
}

export async function read(name, asked = {}) {
  return told(await fetch(`api/${name}?${new URLSearchParams(asked)}`, { cache: "no-store" }));
}

export async function change(name, asked = {}) {
  const body = JSON.stringify(asked);
  return told(await fetch(`api/${name}`, { method: "POST", headers: { "Content-Type": "application/json" }, body }));
}

let fading;
/** Say something for a while; `link` is [text, address]. */
export function toast(text, { bad = false, link = null } = {}) {
  const place = by("toast");
  place.replaceChildren(text, ...(link ? [" ", element("a", { href: link[1], download: true }, link[0])] : []));
  place.classList.toggle("bad", bad);
  place.classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove("on"), bad ? 12000 : 6000);
}
