"use strict";
// What reports share. What pages say reaches the screen as text only: nodes are made here, never parsed from markup.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("index").textContent);

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
  return made;
}

const many = new Intl.NumberFormat("en");
const format = (number) => (number ? many.format(number) : "–");
const count = (number, noun) => `${many.format(number)} ${noun}${number === 1 ? "" : "s"}`;
const kindClass = (kind) => (kind < 0 ? "" : `k k-${data.kinds[kind]}`);
const kindCell = ({ kind }) => el("span", { class: kindClass(kind) }, el("span", { class: "swatch" }), data.kinds[kind]);
const NO_ADDRESS = "no address";

/** The sum of a whole in a few tiles: [name, number or text, look]. */
function figureTiles(told) {
  return el("div", { class: "figures" }, ...told.map(([name, value, look]) =>
    el("div", { class: "figure" }, el("b", { class: look }, typeof value === "number" ? many.format(value) : value), el("span", null, name))));
}

/** A bar as long as what it holds is of `most`, of pieces [amount, class, title]. */
function stack(pieces, most, name = "") {
  const total = pieces.reduce((sum, [amount]) => sum + amount, 0);
  const made = el("span", { class: `stack ${name}` }, ...pieces.map(([amount, look, title]) => {
    const piece = el("i", { class: look, title });
    piece.style.flexGrow = amount;
    return piece;
  }));
  made.style.width = total ? `max(2px, ${(100 * total) / most}%)` : "0";
  return made;
}

/** What guards and flags said, most pages first. */
function noteList() {
  if (!data.notes.length) return document.createTextNode("");
  const notes = [...data.notes].sort((a, b) => b[3] - a[3]).slice(0, 20);
  return el("section", { class: "noted" }, el("h2", null, "Notes", el("small", null, "what guards and flags said")),
    ...notes.map(([id, where, message, of]) => el("div", { class: "notes" }, el("span", { class: "mono" }, id), where ? ` (${where})` : "", `: ${message} · ${count(of, "page")}`)));
}

/**
 * A table to sort by its heads and to search. `state` keeps what the reader chose: { sort, reverse, query, shown }.
 * A column: { key, name, number, look, cell }; rows are sorted by `key`.
 */
function table({ title, hint, find, text, rows, columns, state, look }) {
  const body = el("tbody");
  const head = el("tr");
  const more = el("button", { type: "button", class: "quiet more", onclick: () => { state.shown += 200; draw(); } });
  const order = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));

  function draw() {
    const query = (state.query ?? "").toLowerCase();
    const chosen = query ? rows.filter((row) => text(row).toLowerCase().includes(query)) : [...rows];
    const { number } = columns.find(({ key }) => key === state.sort);
    const falls = Boolean(number) !== Boolean(state.reverse); // numbers begin with the most
    chosen.sort((a, b) => (falls ? -1 : 1) * order(a[state.sort], b[state.sort]));
    body.replaceChildren(...chosen.slice(0, state.shown).map((row) => el("tr", { class: look?.(row) }, ...columns.map((column) =>
      el("td", { class: [column.number ? "num" : "", column.look ?? ""].join(" ").trim() || null }, column.cell(row))))));
    if (!chosen.length) body.append(el("tr", null, el("td", { colspan: columns.length, class: "empty" }, rows.length ? "Nothing is called that." : "None.")));
    more.hidden = chosen.length <= state.shown;
    more.textContent = `${many.format(chosen.length - state.shown)} more`;
    head.replaceChildren(...columns.map(({ key, name, number: isNumber }) => {
      const on = state.sort === key;
      return el("th", { scope: "col", class: isNumber ? "num" : null, "aria-sort": on ? (falls ? "descending" : "ascending") : null },
        el("button", { type: "button", onclick: () => { state.reverse = on && !state.reverse; state.sort = key; draw(); } }, name ?? key, on ? (falls ? " ↓" : " ↑") : ""));
    }));
  }
  draw();
  return el("section", null,
    el("div", { class: "tablehead" }, el("h2", null, title, el("small", null, hint)),
      el("input", { type: "search", class: "find", placeholder: find, "aria-label": find, value: state.query ?? "", oninput: (event) => { state.query = event.target.value; draw(); } })),
    el("div", { class: "tablewrap" }, el("table", null, el("thead", null, head), body)), more);
}

