// Shows a comparison.
(() => {
  const compared = data.against !== null;

  // ── Data ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  const [DROP, META] = [1, 2];
  const [GAINED, LOST, RELABELLED] = [1, 2, 3];
  const CHANGES = ["unchanged", "gained", "lost", "relabelled"];
  const ZONES = ["before the main text", "in the main text", "after the main text"];
  const [HIDDEN, CONTINUES] = [1, 2];

  const pages = data.pages.map(
    ([path, site, title, status, was, words, kept, concern, confidence, changed, sums], number) => {
      const rows = [];
      for (let at = 0; at < sums.length; at += 5) {
        const [kind, rule, lost, gained, relabelled] = sums.slice(at, at + 5);
        rows.push({ kind, rule, lost, gained, relabelled });
      }
      const name = data.sites[site];
      const text = `${path} ${name} ${title}`.toLowerCase();
      return { number, path, site, title, status, was, words, kept, concern, confidence, changed, sums: rows, text };
    },
  );

  /** How many characters all paths begin with: the folder that they lie in. */
  const shared = (() => {
    if (pages.length < 2) return 0;
    let [common] = [pages[0].path];
    for (const { path } of pages) while (!path.startsWith(common)) common = common.slice(0, -1);
    return common.lastIndexOf("/") + 1;
  })();

  const details = new Map(); // the last few pages looked at
  const loaded = new Promise((done) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done, { once: true });
    else done();
  });

  async function detailOf(number) {
    if (!details.has(number)) {
      if (!byId(`page-${number}`)) await loaded; // the file is still being read
      if (details.size > 8) details.delete(details.keys().next().value);
      details.set(number, JSON.parse(byId(`page-${number}`).textContent));
    }
    return details.get(number);
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  const siteName = (site) => data.sites[site] || NO_ADDRESS;
  const kindClass = (kind) => (kind < 0 ? "" : `k k-${data.kinds[kind]}`);
  const sign = (mark, number, name) => number > 0 && el("span", { class: name }, `${mark}${many.format(number)}`);
  const signs = ({ lost, gained, relabelled }) => [sign("−", lost, "loss"), sign("+", gained, "gain"), !lost && !gained && sign("≈", relabelled, "soft")].filter(Boolean);
  const isNarrow = () => matchMedia("(max-width: 820px)").matches;

  // ── State, which the address keeps ────────────────────────────────────────────────────────────────────────────────

  const state = { page: null, kinds: new Set(), rule: null, site: null, query: "", sort: "worst", view: "both", only: false };

  function readAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    const number = (name, limit) => {
      const value = Number.parseInt(told.get(name) ?? "", 10);
      return value >= 0 && value < limit ? value : null;
    };
    state.page = number("page", pages.length);
    state.rule = number("rule", data.rules.length);
    state.site = number("site", data.sites.length);
    state.kinds = new Set((told.get("kinds") ?? "").split(",").map((name) => data.kinds.indexOf(name)).filter((kind) => kind >= 0));
    state.query = told.get("find") ?? "";
  }

  function writeAddress(push) {
    const told = new URLSearchParams();
    for (const name of ["page", "rule", "site"]) if (state[name] !== null) told.set(name, state[name]);
    if (state.kinds.size) told.set("kinds", [...state.kinds].map((kind) => data.kinds[kind]).join(","));
    if (state.query) told.set("find", state.query);
    const hash = `#${told}`;
    if (hash !== location.hash && (told.size || location.hash)) history[push ? "pushState" : "replaceState"](null, "", hash);
  }

  const passes = (kind, rule) => (!state.kinds.size || state.kinds.has(kind)) && (state.rule === null || state.rule === rule);
  const isFiltered = () => state.kinds.size > 0 || state.rule !== null;

  /** Sums of a page over what passes the filters. */
  function tally(page) {
    const total = { lost: 0, gained: 0, relabelled: 0 };
    for (const sum of page.sums) {
      if (!passes(sum.kind, sum.rule)) continue;
      total.lost += sum.lost;
      total.gained += sum.gained;
      total.relabelled += sum.relabelled;
    }
    return total;
  }
  const weight = ({ lost, gained, relabelled }) => (lost + gained) * 1e6 + relabelled;

  // ── The list of pages: only the rows in view exist ────────────────────────────────────────────────────────────────

  const ROW = 66;
  const list = byId("list");
  const rows = byId("rows");
  let shown = []; // [page, tally], in order

  const SORTS = {
    worst: ["worst first", (a, b) => (isFiltered() ? weight(b[1]) - weight(a[1]) : b[0].concern - a[0].concern || weight(b[1]) - weight(a[1]))],
    ...(compared && {
      lost: ["most words lost", (a, b) => b[1].lost - a[1].lost],
      gained: ["most words gained", (a, b) => b[1].gained - a[1].gained],
    }),
    ...(!compared && {
      removed: ["most words removed", (a, b) => b[1].lost - a[1].lost],
      short: ["shortest body", (a, b) => a[0].kept - b[0].kept],
    }),
    site: ["site", (a, b) => siteName(a[0].site).localeCompare(siteName(b[0].site))],
    path: ["path", () => 0],
  };

  function refilter() {
    const query = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [];
    let changed = 0;
    for (const page of pages) {
      if (state.site !== null && page.site !== state.site) continue;
      if (!query.every((word) => page.text.includes(word))) continue;
      const words = tally(page);
      if (isFiltered() && !weight(words)) continue;
      changed += page.changed;
      shown.push([page, words]);
    }
    shown.sort((a, b) => SORTS[state.sort][1](a, b) || (a[0].path < b[0].path ? -1 : 1));
    byId("count").textContent = shown.length === pages.length && !compared
      ? count(pages.length, "page")
      : `${many.format(shown.length)} of ${count(pages.length, "page")}${compared ? `, ${many.format(changed)} changed` : ""}`;
    rows.style.height = `${shown.length * ROW}px`;
    list.scrollTop = Math.min(list.scrollTop, Math.max(0, shown.length * ROW - list.clientHeight));
    drawRows();
  }

  const positionOf = (number) => shown.findIndex(([page]) => page.number === number);

  function drawRows() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
    const last = Math.min(shown.length, first + Math.ceil((list.clientHeight || 600) / ROW) + 8);
    const made = [];
    for (let at = first; at < last; at += 1) {
      const [page, words] = shown[at];
      const concern = page.was !== null && page.was !== page.status
        ? el("span", { class: "warn" }, `${page.was} → ${page.status}`)
        : page.status !== "ok" ? el("span", { class: "warn" }, page.status) : null;
      const side = compared ? format(page.kept) : page.confidence === null ? "by rules" : page.confidence.toFixed(2);
      const hint = compared ? "words of the body" : "confidence in the body";
      const row = el(
        "div",
        { class: "row", id: `row-${page.number}`, role: "option", "aria-selected": String(page.number === state.page), "aria-setsize": shown.length, "aria-posinset": at + 1, onclick: () => open(page.number) },
        el("b", { dir: "auto" }, page.title || page.path.split("/").pop()),
        el("small", null, el("bdi", null, page.path.slice(shared))),
        el("div", { class: "facts" }, concern, sign("+", words.gained, "gain"), sign("−", words.lost, "loss"),
          sign("≈", words.relabelled, "soft"), el("span", { class: "soft end", title: hint }, side)),
      );
      row.style.top = `${at * ROW}px`;
      made.push(row);
    }
    if (!shown.length) made.push(el("p", { class: "empty" }, "No page passes."));
    rows.replaceChildren(...made);
    if (state.page !== null && byId(`row-${state.page}`)) list.setAttribute("aria-activedescendant", `row-${state.page}`);
    else list.removeAttribute("aria-activedescendant");
  }

  let waiting = false;
  list.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawRows(); });
  });

  function reveal(position) {
    const top = position * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  }

  function step(by) {
    if (!shown.length) return;
    const at = positionOf(state.page);
    const next = at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by));
    open(shown[next][0].number, { stay: true });
    reveal(next);
    drawRows();
  }

  list.addEventListener("keydown", (event) => {
    const screen = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -pages.length, End: pages.length }[event.key];
    if (event.key === "Enter") byId("main").querySelector(".raw-pane, .clean-pane")?.focus();
    else if (by) step(by);
    else return;
    event.preventDefault();
  });

  // ── Overview ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const overview = byId("overview");
  const tables = { rules: { sort: "words", shown: 40 }, sites: 20 };

  function toggleKind(kind) {
    if (!state.kinds.delete(kind)) state.kinds.add(kind);
    filtersChanged();
  }
  function toggleRule(rule) {
    state.rule = state.rule === rule ? null : rule;
    filtersChanged();
  }
  function toggleSite(site) {
    state.site = state.site === site ? null : site;
    filtersChanged();
  }
  function filtersChanged() {
    writeAddress(true);
    drawFilters();
    refilter();
    if (state.page === null) drawOverview();
    else markFiltered();
  }

  function drawFilters() {
    const chips = [];
    const chip = (label, clear, swatch) => chips.push(
      el("button", { type: "button", class: `chip ${swatch ?? ""}`, onclick: clear, "aria-label": `Remove filter ${label}` }, swatch ? el("span", { class: "swatch" }) : null, label, " ×"),
    );
    for (const kind of state.kinds) chip(data.kinds[kind], () => toggleKind(kind), kindClass(kind));
    if (state.rule !== null) chip(data.rules[state.rule][0], () => toggleRule(state.rule));
    if (state.site !== null) chip(siteName(state.site), () => toggleSite(state.site));
    if (chips.length) chips.push(el("button", { type: "button", class: "chip all", onclick: clearFilters }, "clear"));
    byId("active").replaceChildren(...chips);
  }

  function clearFilters() {
    state.kinds.clear();
    state.rule = state.site = null;
    state.query = byId("search").value = "";
    filtersChanged();
  }

  /** Bars for one name: words lost by kind, and (of two rule sets) words gained. */
  function track(kinds, most) {
    const bar = (key, name) => stack([...kinds].filter(([, words]) => words[key]).sort((a, b) => b[1][key] - a[1][key])
      .map(([kind, words]) => [words[key], kindClass(kind), `${data.kinds[kind]}: ${count(words[key], "word")}`]), most, name);
    return el("span", { class: "track", "aria-hidden": "true" }, bar("lost", "losses"), compared ? bar("gained", "gains") : null);
  }

  function figures(kinds, sites) {
    const total = { lost: 0, gained: 0, relabelled: 0 };
    for (const words of kinds.values()) for (const key of Object.keys(total)) total[key] += words[key];
    const sum = (key) => pages.reduce((all, page) => all + page[key], 0);
    const notOk = pages.filter((page) => page.status !== "ok").length;
    const told = compared
      ? [["pages", pages.length], ["changed", sum("changed")], ["words in the bodies", sum("kept")], ["words gained", total.gained, "gain"], ["words lost", total.lost, "loss"], ["words relabelled", total.relabelled]]
      : [["pages", pages.length], ["sites", sites.size], ["words on the pages", sum("words")], ["words in the bodies", sum("kept")], ["words left out", total.lost], ["pages not ok", notOk, notOk ? "warn" : ""]];
    return figureTiles(told);
  }

  function drawOverview() {
    const kinds = new Map();
    const sites = new Map();
    const rules = new Map();
    const add = (map, key, sum) => {
      const words = map.get(key) ?? { lost: 0, gained: 0, relabelled: 0, pages: new Set() };
      map.set(key, words);
      for (const name of ["lost", "gained", "relabelled"]) words[name] += sum[name];
      return words;
    };
    for (const page of pages) {
      if (!sites.has(page.site)) sites.set(page.site, new Map());
      for (const sum of page.sums) {
        add(kinds, sum.kind, sum);
        if (!state.kinds.size || state.kinds.has(sum.kind)) {
          if (state.rule === null || state.rule === sum.rule) add(sites.get(page.site), sum.kind, sum);
          if (state.site === null || state.site === page.site) add(rules, `${sum.rule} ${sum.kind}`, sum).pages.add(page.number);
        }
      }
    }
    const axis = compared ? el("div", { class: "axis" }, el("span"), el("span", null, el("span", null, "← lost"), el("span", null, "gained →"))) : null;
    const numbers = (words) => compared
      ? el("span", { class: "num signs" }, ...signs(words))
      : el("span", { class: "num" }, format(words.lost));

    const byKind = [...kinds].sort((a, b) => weight(b[1]) - weight(a[1]));
    const mostOfKind = Math.max(1, ...byKind.map(([, words]) => Math.max(words.lost, words.gained)));
    const kindChart = el("section", { class: compared ? "two" : "" },
      el("h2", null, compared ? "Words lost and gained, by kind" : "Words left out, by kind", el("small", null, "choose kinds to filter by")), axis,
      ...byKind.map(([kind, words]) => el("button",
        { type: "button", class: `measure ${kindClass(kind)}`, "aria-pressed": String(state.kinds.has(kind)), onclick: () => toggleKind(kind) },
        el("span", { class: "name" }, el("span", { class: "swatch" }), el("span", null, data.kinds[kind])),
        track(new Map([[kind, words]]), mostOfKind), numbers(words))));

    const sums = [...sites].map(([site, map]) => {
      const words = { lost: 0, gained: 0, relabelled: 0 };
      for (const part of map.values()) for (const key of Object.keys(words)) words[key] += part[key];
      return [site, map, words];
    }).filter(([, , words]) => words.lost + words.gained).sort((a, b) => weight(b[2]) - weight(a[2]));
    const mostOfSite = Math.max(1, ...sums.map(([, , words]) => Math.max(words.lost, words.gained)));
    const siteChart = el("section", { class: compared ? "two" : "" },
      el("h2", null, "By site", el("small", null, `${count(sums.length, "site")}, most words first`)), axis?.cloneNode(true),
      ...sums.slice(0, tables.sites).map(([site, map, words]) => el("button",
        { type: "button", class: "measure", "aria-pressed": String(state.site === site), onclick: () => toggleSite(site) },
        el("span", { class: "name", title: siteName(site) }, el("span", null, siteName(site))), track(map, mostOfSite), numbers(words))),
      sums.length > tables.sites && el("button", { type: "button", class: "quiet more", onclick: () => { tables.sites = Infinity; drawOverview(); } }, `${many.format(sums.length - tables.sites)} more`));

    const top = overview.scrollTop;
    overview.replaceChildren(figures(kinds, sites), el("div", { class: "charts" }, kindChart, siteChart), noteList(), ruleTable(rules));
    overview.scrollTop = top;
  }

  function ruleTable(rules) {
    const rows = [...rules].map(([key, words]) => {
      const [rule, kind] = key.split(" ").map(Number);
      const [id, where] = data.rules[rule];
      return { rule, kind, kindName: data.kinds[kind], id, where, ...words, words: weight(words), pages: words.pages.size };
    });
    const words = compared
      ? [{ key: "lost", sum: "words", look: "loss" }, { key: "gained", look: "gain" }, { key: "relabelled" }]
      : [{ key: "lost", name: "words", sum: "words" }];
    return table({
      title: "By rule", hint: "choose one to filter by", find: "Find a rule", state: tables.rules, rows,
      text: ({ id, where }) => `${id} ${where}`,
      look: (row) => (state.rule === row.rule ? "on" : ""),
      columns: [
        { key: "id", name: "rule", cell: ({ rule, id }) => el("button", { type: "button", class: "rule", "aria-pressed": String(state.rule === rule), onclick: () => toggleRule(rule) }, id) },
        { key: "kindName", name: "kind", cell: kindCell },
        ...words.map(({ key, name, sum, look }) => ({ key: sum ?? key, name: name ?? key, number: true, look, cell: (row) => format(row[key]) })),
        { key: "pages", number: true, cell: (row) => format(row.pages) },
        { key: "where", name: "file and line", look: "mono soft", cell: (row) => row.where },
      ],
    });
  }

  function showOverview() {
    state.page = null;
    writeAddress(true);
    show();
  }

  // ── One page ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const panel = byId("detail");
  const inspector = byId("inspector");
  let page = null; // what is on the screen: { blocks, left, right, at, … }

  function open(number, { stay = false } = {}) {
    const moved = state.page !== number;
    state.page = number;
    writeAddress(moved && !stay);
    if (!stay) document.body.classList.remove("list-open");
    byId("show-list").setAttribute("aria-expanded", String(document.body.classList.contains("list-open")));
    show();
  }

  function show() {
    const isPage = state.page !== null;
    overview.hidden = isPage;
    panel.hidden = inspector.hidden = !isPage;
    drawRows();
    if (isPage) drawPage(state.page);
    else { page = null; drawOverview(); }
  }

  const parse = (row) => {
    const [text, shape, words, flags, path, change, glue, fate, kind, whys, field, was] = row;
    const before = was ? { fate: was[0], kind: was[1], whys: was[2], field: was[3] } : null;
    return { text, shape: data.shapes[Math.floor(shape / 10)], level: shape % 10, words, flags, path, change, glue, fate, kind, whys, field, before };
  };
  /** The verdict whose kind a block counts under: the one that keeps it out, or kept it out before. */
  const blame = (block) => (block.fate || !block.before ? block : block.before);
  const isMoved = (block) => compared && (block.change === GAINED || block.change === LOST);
  /** The rule that it counts under: one that keeps what was gained, else what keeps or kept it out. */
  const ruleOf = (block) => {
    const rule = ({ whys }) => (whys.length ? page.detail.whys[whys[0]][0] : null);
    const now = rule(block);
    return block.fate || !block.before?.fate || (now !== null && data.rules[now][1]) ? now : rule(block.before);
  };
  const label = (verdict) => (verdict.fate === META ? verdict.field || "metadata" : data.kinds[verdict.kind]);
  const isBrief = (block) => block.fate && block.words <= 5 && block.text.length < 48 && !(compared && block.change);

  async function drawPage(number) {
    const detail = await detailOf(number);
    if (state.page !== number) return; // someone was quicker
    const facts = pages[number];
    const blocks = detail.blocks.map(parse);
    page = { number, detail, blocks, left: [], right: [], at: -1 };

    const title = detail.meta.title || facts.path.split("/").pop();
    const address = detail.url ?? detail.meta.url ?? "";
    const link = /^https?:\/\//i.test(address) && el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address.length > 90 ? `${address.slice(0, 90)}…` : address);
    const changes = tallyOf(blocks);
    const views = ["both", "raw", "clean"].map((name) => el("button", { type: "button", "data-view": name, onclick: () => setView(name) }, name));
    const only = el("input", { type: "checkbox", onchange: (event) => { state.only = event.target.checked; markFiltered(); } });
    only.checked = state.only;
    const head = el("div", { class: "pagehead" },
      el("h2", { dir: "auto" }, title),
      el("div", { class: "facts" },
        el("span", { class: `status ${facts.status}` }, facts.was !== null && facts.was !== facts.status ? `${facts.was} → ${facts.status}` : facts.status),
        detail.reason ? el("span", null, detail.reason) : null,
        el("span", null, `${many.format(facts.kept)} of ${count(facts.words, "word")}`),
        facts.confidence === null ? null : el("span", { title: "the F1 to expect of this body" }, `confidence ${facts.confidence.toFixed(2)}`),
        compared ? el("span", { class: "signs" }, ...signs(changes)) : null,
        el("span", { class: "mono" }, facts.path), link || null,
        el("span", { class: "end" },
          el("label", { class: "check" }, only, compared ? "changes only" : "removed only"),
          el("span", { class: "segments", role: "group", "aria-label": "What to show" }, ...views))),
      detail.notes.length ? el("div", { class: "notes" }, ...detail.notes.map(([id, message, where]) => el("div", null, el("span", { class: "mono" }, id), where ? ` (${where})` : "", `: ${message}`))) : null);

    const left = el("div", { class: "pane raw-pane", tabindex: "0", role: "region", "aria-label": compared ? "All text of the page, by what changed" : "The raw page, block by block" },
      el("h3", null, compared ? `All text of the page: ${data.against} → ${data.rules_name}` : "Raw: every block, by what became of it"));
    const right = el("div", { class: "pane clean-pane", tabindex: "0", role: "region", "aria-label": "The clean article" }, el("h3", null, compared ? "Clean, with what was gained and lost" : "Clean"));
    const map = el("canvas", { class: "map", "aria-hidden": "true", title: "the whole page" });
    const panes = el("div", { class: "panes" }, map, left, right);
    panel.replaceChildren(head, panes);
    Object.assign(page, { panes, map, leftPane: left, rightPane: right });

    right.append(drawArticle(detail, blocks));
    for (const pane of [left, right]) {
      const on = (event) => {
        const target = event.target.closest("[data-b]");
        if (target) inspect(Number(target.dataset.b), event.type === "click" ? (pane === left ? "right" : "left") : "");
      };
      pane.addEventListener("mouseover", on);
      pane.addEventListener("click", on);
      pane.addEventListener("keydown", (event) => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (by && page.at >= 0) { move(by, () => true); event.preventDefault(); }
      });
    }
    map.addEventListener("click", (event) => {
      const at = event.offsetY / map.clientHeight;
      inspect(page.starts.findLastIndex((start) => start <= at), "both");
    });
    setView(isNarrow() && state.view === "both" ? "raw" : state.view, false);
    drawBlocks(page, 0);
    tell(null);
  }

  function tallyOf(blocks) {
    const sum = (change) => blocks.reduce((all, block) => all + (block.change === change ? block.words : 0), 0);
    return { gained: sum(GAINED), lost: sum(LOST), relabelled: sum(RELABELLED) };
  }

  function setView(name, keep = true) {
    if (keep) state.view = name;
    page.panes.className = `panes ${name}`;
    for (const button of panel.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === name));
    page.view = name;
    markFiltered();
  }

  /** Draw blocks from `first` on: some at once, the rest of a long page when there is time. */
  function drawBlocks(drawn, first) {
    if (page !== drawn) return;
    const some = document.createDocumentFragment();
    const last = Math.min(drawn.blocks.length, first + 500);
    for (let at = first; at < last; at += 1) {
      const made = drawBlock(drawn.blocks[at], at);
      drawn.left[at] = made;
      some.append(made);
    }
    drawn.leftPane.append(some);
    markFiltered(first);
    if (last < drawn.blocks.length) setTimeout(() => drawBlocks(drawn, last), 0);
    else drawMap();
  }

  function drawBlock(block, at) {
    const tone = isMoved(block) ? CHANGES[block.change] : block.fate ? "gone" : "kept";
    const classes = ["b", tone, kindClass(blame(block).kind)];
    if (block.fate === META) classes.push("meta");
    if (block.flags & HIDDEN) classes.push("hid");
    if (block.shape === "heading") classes.push("h");
    if (block.shape === "list-item") classes.push("li");
    if (block.shape === "code") classes.push("code");
    const brief = isBrief(block);
    if (brief) classes.push("brief");
    let tag = null;
    if (compared && block.change === GAINED) tag = `+ was ${label(block.before)}`;
    else if (compared && block.change === LOST) tag = `− ${label(block)}`;
    else if (compared && block.change === RELABELLED) tag = `${label(block.before)} → ${label(block)}`;
    else if (block.fate && !brief) tag = label(block);
    return el("div", { class: classes.join(" "), "data-b": at, dir: "auto", tabindex: "-1", title: brief ? label(block) : null }, block.text, tag && el("span", { class: "tag", dir: "ltr" }, tag));
  }

  function drawArticle(detail, blocks) {
    const { title, authors, date, site_name: site, language } = detail.meta;
    const byline = [authors?.join(", "), date, site].filter(Boolean).join(" · ");
    const made = el("div", { class: "article", lang: language ?? null },
      title ? el("div", { class: "title", dir: "auto" }, title) : null, byline ? el("div", { class: "byline" }, byline) : null);
    let last = null;
    let empty = true;
    blocks.forEach((block, at) => {
      const tone = isMoved(block) ? CHANGES[block.change] : "";
      if (block.fate && tone !== "lost") { if (!(block.flags & CONTINUES)) last = null; return; }
      empty = false;
      if (last && block.flags & CONTINUES) { // a fragment of the same paragraph
        const piece = el("span", { class: `s ${tone}`, "data-b": at }, block.text);
        last.append(block.glue, piece);
        page.right[at] = piece;
        return;
      }
      const shape = { heading: "h", "list-item": "li" }[block.shape] ?? block.shape;
      const mark = block.shape === "list-item" ? `${block.glue.trim().replace(/^[-*]?$/, "•")} ` : "";
      last = el("div", { class: `a ${shape} ${tone}`, "data-b": at, dir: "auto", role: shape === "h" ? "heading" : null, "aria-level": shape === "h" ? Math.min(6, (block.level || 1) + 2) : null }, mark + block.text);
      if (block.shape === "list-item" && block.level) last.style.marginInlineStart = `${block.level * 1.4}em`;
      page.right[at] = last;
      made.append(last);
    });
    if (empty) made.append(el("p", { class: "empty" }, "Nothing of this page is body."));
    return made;
  }

  /** Whether a block is one to look at: removed or (of two rule sets) changed, and passing the filters. */
  function counts(block) {
    if (!isFiltered()) return compared ? isMoved(block) : Boolean(block.fate);
    if (!block.change) return false;
    return passes(blame(block).kind, ruleOf(block));
  }

  function markFiltered(from = 0) {
    if (!page) return;
    page.panes.classList.toggle("dimming", isFiltered() && !state.only);
    page.panes.classList.toggle("only", state.only);
    for (let at = from; at < page.left.length; at += 1) page.left[at].classList.toggle("off", (isFiltered() || state.only) && !counts(page.blocks[at]));
    if (!from) drawMap();
  }

  /** The whole page as a strip: a stroke for each block, as high as its text is long. */
  function drawMap() {
    if (!page?.left.length || page.left.length < page.blocks.length || !page.map.clientHeight) return;
    const { map, blocks } = page;
    const scale = window.devicePixelRatio || 1;
    map.width = map.clientWidth * scale;
    map.height = map.clientHeight * scale;
    const canvas = map.getContext("2d");
    const length = (block) => 12 + block.text.length;
    const total = blocks.reduce((sum, block) => sum + length(block), 0) || 1;
    const colours = new Map();
    const colour = (at) => {
      const key = page.left[at].className;
      if (!colours.has(key)) colours.set(key, getComputedStyle(page.left[at]).borderLeftColor);
      return colours.get(key);
    };
    page.starts = [];
    let sum = 0;
    blocks.forEach((block, at) => {
      page.starts.push(sum / total);
      const [top, bottom] = [sum, sum + length(block)].map((value) => (value / total) * map.height);
      const on = !page.left[at].classList.contains("off");
      canvas.globalAlpha = on ? 1 : 0.2;
      canvas.fillStyle = colour(at);
      const wide = block.fate || (compared && block.change) ? 1 : 0.5;
      canvas.fillRect(3 * scale, top, (map.width - 6 * scale) * wide, Math.max(scale * 0.75, bottom - top - 0.5 * scale));
      sum += length(block);
    });
  }

  // ── Why ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  function inspect(at, scroll) {
    if (!page || at < 0 || at >= page.blocks.length) return;
    for (const side of [page.left, page.right]) {
      side[page.at]?.classList.remove("on");
      side[at]?.classList.add("on");
    }
    page.at = at;
    tell(page.blocks[at]);
    if (scroll === "left" || scroll === "both") page.left[at]?.scrollIntoView({ block: "nearest" });
    if (scroll === "right" || scroll === "both") {
      let near = at; // what is not in the body lies after something that is
      while (near > 0 && !page.right[near]) near -= 1;
      page.right[near]?.scrollIntoView({ block: "nearest" });
    }
  }

  function reason([rule, detail]) {
    const [id, where] = data.rules[rule];
    return [el("span", { class: "mono" }, id), where ? el("span", { class: "mono where" }, where) : null, detail ? el("span", { class: "soft" }, detail) : null];
  }

  function say(name, verdict, extra) {
    const whys = verdict.whys.map((why) => page.detail.whys[why]);
    const fate = verdict.fate === DROP ? `removed: ${label(verdict)}` : verdict.fate === META ? `metadata: ${label(verdict)}` : "body";
    return el("div", { class: `why ${kindClass(verdict.kind)}` }, el("span", { class: "verdict" }, `${name}${fate}`), ...(whys.length ? reason(whys[0]) : []),
      ...(whys.length > 1 ? [el("span", { class: "soft", title: whys.slice(1).map(([rule, detail]) => `${data.rules[rule].filter(Boolean).join(" ")} ${detail}`).join("\n") }, `also: ${whys.slice(1, 4).map(([rule]) => data.rules[rule][0]).join(", ")}${whys.length > 4 ? " …" : ""}`)] : []), extra);
  }

  function tell(block) {
    if (!block) {
      inspector.replaceChildren(el("div", { class: "place" }, "Point at a block, or press ", el("kbd", null, "n"), " for the next that was ", compared ? "changed" : "removed", ": its rule, file and line are shown here."));
      return;
    }
    const steps = [];
    for (let at = block.path; at >= 0; [at] = page.detail.steps[at]) steps.unshift(page.detail.steps[at][1]);
    const place = [block.shape, ZONES[block.flags >> 2], count(block.words, "word"), block.flags & HIDDEN ? "not shown by the page" : "", steps.slice(-3).join("/")];
    const button = block.fate || block.before?.fate
      ? el("button", { type: "button", class: "chip", onclick: filterByRule }, "filter by this rule") : null;
    inspector.replaceChildren(
      ...(block.before ? [say("before: ", block.before), say("now: ", block, button)] : [say("", block, button)]),
      el("div", { class: "place mono", title: steps.join("/") }, place.filter(Boolean).join(" · ")));
  }

  function filterByRule() {
    const block = page?.blocks[page.at];
    if (block && blame(block).fate && ruleOf(block) !== null) toggleRule(ruleOf(block));
  }

  function move(by, wanted) {
    if (!page) return;
    for (let at = page.at + by; at >= 0 && at < page.blocks.length; at += by) {
      if (wanted(page.blocks[at]) && (!page.left[at] || !page.left[at].classList.contains("off"))) {
        inspect(at, "both");
        return;
      }
    }
  }

  // ── Keys, and the start ───────────────────────────────────────────────────────────────────────────────────────────

  const VIEWS = ["both", "raw", "clean"];
  const KEYS = {
    j: () => move(1, () => true),
    k: () => move(-1, () => true),
    n: () => move(1, counts),
    p: () => move(-1, counts),
    "]": () => step(1),
    "[": () => step(-1),
    v: () => page && setView(VIEWS[(VIEWS.indexOf(page.view) + 1) % VIEWS.length]),
    f: filterByRule,
    x: clearFilters,
    o: showOverview,
    "/": () => { document.body.classList.add("list-open"); byId("search").focus(); },
    "?": () => byId("help").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Escape") document.body.classList.remove("list-open");
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.body.classList.toggle("compared", compared);
  byId("about").textContent = compared ? `${data.subject} · rules: ${data.against} → ${data.rules_name}` : `${data.subject} · rules: ${data.rules_name}`;
  byId("about").title = `cleaner ${data.version}`;
  byId("sort").append(...Object.entries(SORTS).map(([key, [name]]) => el("option", { value: key }, name)));
  byId("sort").addEventListener("change", (event) => { state.sort = event.target.value; list.scrollTop = 0; refilter(); });
  byId("search").addEventListener("input", (event) => { state.query = event.target.value; writeAddress(false); refilter(); });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    list.focus();
    if (state.page === null || positionOf(state.page) < 0) step(0);
  });
  byId("show-overview").addEventListener("click", () => { document.body.classList.remove("list-open"); showOverview(); });
  byId("show-help").addEventListener("click", () => byId("help").showModal());
  byId("show-list").addEventListener("click", (event) => {
    event.currentTarget.setAttribute("aria-expanded", String(document.body.classList.toggle("list-open")));
    drawRows();
  });
  new ResizeObserver(() => { drawRows(); drawMap(); }).observe(byId("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawMap);
  window.addEventListener("popstate", () => { readAddress(); start(); });

  function start() {
    byId("search").value = state.query;
    drawFilters();
    refilter();
    show();
    if (state.page !== null && positionOf(state.page) >= 0) { reveal(positionOf(state.page)); drawRows(); }
  }
  readAddress();
  if (pages.length === 1 && state.page === null) state.page = 0;
  start();
})();
