// Shows a corpus.
(() => {
  const percent = (part, whole) => {
    if (!whole) return "–";
    const share = (100 * part) / whole;
    if (share === 0 || share === 100) return `${share} %`;
    // What is not all is not called all, nor what is something nothing.
    return share < 0.1 ? "< 0.1 %" : share > 99.9 ? "> 99.9 %" : `${share.toFixed(share < 10 || share > 99 ? 1 : 0)} %`;
  };
  const round = (number) => many.format(Number(number.toPrecision(2)));
  const seconds = (time) => time < 0.0995 ? `${(time * 1000).toPrecision(2)} ms` : time < 99.5 ? `${Number(time.toPrecision(2))} s` : time < 5400 ? `${(time / 60).toFixed(0)} min` : `${(time / 3600).toFixed(1)} h`;
  const atLeast = ([number, exact]) => `${exact ? "" : "more than "}${many.format(number)}`;
  const siteName = (site) => site || NO_ADDRESS;
  const statusClass = (status) => `k s-${status}`;
  const statusBar = (statuses, most) => stack(statuses.map(([status, pages]) => [pages, statusClass(status), `${status}: ${count(pages, "page")}`]), most);

  // ── Summary ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function summary() {
    const ok = new Map(data.statuses).get("ok") ?? 0;
    return el("section", { id: "summary", "aria-label": "Summary" },
      el("p", { class: "lead" }, count(data.pages, "page"), el("span", null, data.pages ? ` from ${atLeast(data.sites_total)} site${data.sites_total[0] === 1 ? "" : "s"}, ${percent(ok, data.pages)} ok` : "")),
      data.pages > 0 && el("div", { class: "whole", "aria-hidden": "true" }, statusBar(data.statuses, data.pages)),
      el("ul", { class: "legend", "aria-label": "Pages by status" }, ...data.statuses.map(([status, pages]) =>
        el("li", { class: statusClass(status) }, el("span", { class: "swatch" }), status, el("b", null, many.format(pages)), percent(pages, data.pages)))));
  }

  function figures() {
    const [, median] = data.after.quantiles;
    return el("section", { "aria-label": "Figures" }, figureTiles([
      ["words on the pages", data.words], ["words in the bodies", data.body], ["of the text is body", percent(data.body, data.words)],
      ["words of the median body", round(median)],
      ["pages to look at", data.flagged, data.flagged ? "warn" : "gain"],
    ]), remarks());
  }

  function remarks() {
    const told = [];
    if (!data.complete) told.push("The run that wrote this has not come to its end: the same command goes on with it.");
    const [broken, some] = data.broken;
    if (broken) told.push(`${count(broken, "record")} could not be read, and ${broken === 1 ? "is" : "are"} not counted: ${some.map(([where, why]) => `${where}: ${why}`).join("; ")}`);
    if (data.versions.length > 1) told.push(`Several versions of cleaner wrote these records: ${data.versions.map(([version, pages]) => `${version} (${count(pages, "page")})`).join(", ")}`);
    return told.length ? el("div", { class: "remarks" }, ...told.map((text) => el("p", { class: "notes" }, text))) : null;
  }

  // ── Pages to look at ──────────────────────────────────────────────────────────────────────────────────────────────

  const FLAGS = {
    failed: ["could not be cleaned", "unreadable, too large, too slow, or a bug"],
    emptied: ["nothing kept", "the page has no body, or every block of it was removed"],
    guarded: ["a guard tripped", "a rule would have taken too much, and was not applied"],
    walled: ["behind a wall", "captcha, consent, block or paywall: not the whole article was saved"],
    scant: ["nearly empty", "called ok, with fewer than 50 words"],
    unsure: ["low confidence", "the body is expected to be wrong in part"],
  };
  const FEW = 5;

  function flagged() {
    const flags = data.flags.filter(([, pages]) => pages);
    const head = el("h2", null, "Look at these first", el("small", null, flags.length ? `${count(data.flagged, "page")} of ${many.format(data.pages)}; the worst of each kind` : ""));
    if (!flags.length) {
      return el("section", { id: "look" }, head, el("p", { class: "calm" }, data.pages ? el("b", null, "Nothing stands out. ") : "", data.pages ? "Every page was cleaned, kept a body, and no guard tripped." : "There are no pages here."));
    }
    return el("section", { id: "look" }, head, el("div", { class: "flagged" }, ...flags.map(group)));
  }

  function group([flag, pages, worst], at) {
    const [name, meaning] = FLAGS[flag];
    const rows = el("div");
    const more = el("button", { type: "button", class: "quiet more", onclick: () => show(Infinity) });
    function show(most) {
      rows.replaceChildren(...worst.slice(0, most).map(look));
      more.hidden = worst.length <= most;
      more.textContent = `${many.format(worst.length - Math.min(most, worst.length))} more${pages > worst.length ? `, of ${many.format(pages)}` : ""}`;
    }
    show(FEW);
    return el("details", { class: `flag ${flag === "failed" || flag === "emptied" ? "grave" : ""}`, open: at < 3 },
      el("summary", null, el("b", null, name), el("span", { class: "num" }, many.format(pages)), el("span", { class: "soft" }, meaning)), rows, more);
  }

  function look([location, site, title, status, reason, words, body]) {
    return el("div", { class: "look" },
      el("div", null, el("b", { dir: "auto" }, title || siteName(site)), el("span", { class: "mono" }, el("bdi", null, location))),
      el("div", null, status === "ok" ? null : el("span", { class: "status" }, status), status === "ok" ? null : " ", reason),
      el("div", { class: "num", title: "words of the page → of its body" }, words ? `${many.format(words)} → ${many.format(body)} words` : ""));
  }

  // ── Charts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const power = (at) => (at < 0 ? String(10 ** at) : at < 3 ? String(10 ** at) : at < 6 ? `${10 ** (at - 3)}k` : `${10 ** (at - 6)}M`);

  /** Bars over a logarithmic scale, those of `back` behind those of `front`. */
  function histogram(front, back, unit, name) {
    const step = front.to_ten;
    const all = [...front.bins, ...(back?.bins ?? [])].map(([at]) => at);
    if (!all.length && !front.zeros) return el("p", { class: "calm" }, "Nothing to show.");
    let first = all.length ? Math.min(...all) : 0;
    let last = (all.length ? Math.max(...all) : 0) + 1;
    if (last - first < step) [first, last] = [Math.floor(first / step) * step, Math.ceil(last / step) * step];
    const zeros = front.zeros + (back?.zeros ?? 0) > 0;
    const [fronts, backs] = [new Map(front.bins), new Map(back?.bins)];
    const most = Math.max(front.zeros, back?.zeros ?? 0, ...fronts.values(), ...backs.values());
    const bar = (look, number) => {
      if (!number) return null;
      const made = el("i", { class: look });
      made.style.height = `max(2px, ${(100 * number) / most}%)`;
      return made;
    };
    const bin = (label, behind, before, nought) => el("div", { class: nought ? "bin nought" : "bin", title: `${label}: ${back ? `${many.format(behind)} before, ${many.format(before)} after` : many.format(before)}` },
      back && bar("ghost", behind), bar(back ? "solid" : "only", before));
    const bins = [];
    if (zeros) bins.push(bin(`0 ${unit}`, back?.zeros ?? 0, front.zeros, true));
    for (let at = first; at < last; at += 1) bins.push(bin(`${round(10 ** (at / step))} to ${round(10 ** ((at + 1) / step))} ${unit}`, backs.get(at) ?? 0, fronts.get(at) ?? 0));
    const place = (at) => (100 * (at - first + (zeros ? 1 : 0))) / bins.length;
    const ticks = [];
    const tick = (left, label) => {
      const made = el("span", { class: left < 3 ? "first" : left > 97 ? "last" : null }, label);
      made.style.left = `${left}%`;
      ticks.push(made);
    };
    if (zeros) tick(0, "0");
    const tens = [];
    for (let ten = Math.ceil(first / step); ten * step <= last; ten += 1) tens.push([place(ten * step), power(ten)]);
    const ends = [first, last].map((at) => [place(at), round(10 ** (at / step))]);
    for (const [left, label] of tens.length > 1 ? tens : ends) if (!zeros || left > 6) tick(left, label);
    return el("div", null, el("div", { class: "hist", role: "img", "aria-label": name }, ...bins), el("div", { class: "ticks", "aria-hidden": "true" }, ...ticks));
  }

  function lengths() {
    const line = (look, name, { quantiles: [low, median, high] }) =>
      el("p", null, el("span", { class: `swatch ${look}` }), `${name}: half have `, el("b", null, round(median)), " words or more",
        low < high && "; most, ", low < high && el("b", null, `${round(low)} to ${round(high)}`));
    return el("section", { id: "length" }, el("h2", null, "Length", el("small", null, "words of each page, before and after")),
      el("div", { class: "series" }, line("ghost", "before", data.before), line("solid", "after", data.after)),
      histogram(data.after, data.before, "words", "Words of each page, before and after: how many pages of which length"));
  }

  function confidence() {
    const all = data.confidence.reduce((sum, pages) => sum + pages, 0);
    const most = Math.max(1, ...data.confidence);
    const bins = data.confidence.map((pages, at) => {
      const made = el("i", { class: "only" });
      made.style.height = pages ? `max(2px, ${(100 * pages) / most}%)` : "0";
      return el("div", { class: "bin", title: `${(at / 20).toFixed(2)} to ${((at + 1) / 20).toFixed(2)}: ${count(pages, "page")}` }, made);
    });
    const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => {
      const made = el("span", { class: { 0: "first", 1: "last" }[at] }, String(at));
      made.style.left = `${100 * at}%`;
      return made;
    });
    return el("section", { id: "confidence" }, el("h2", null, "Confidence", el("small", null, "how right each body is expected to be (F1)")),
      el("div", { class: "series" }, el("p", null, el("b", null, count(all, "article")), ` ${all === 1 ? "has" : "have"} an estimate`), el("p", null, el("b", null, many.format(data.by_rules)), ` ${data.by_rules === 1 ? "was" : "were"} decided by rules alone, or by a judge without one`)),
      all ? el("div", null, el("div", { class: "hist", role: "img", "aria-label": "Confidence: how many articles of which" }, ...bins), el("div", { class: "ticks", "aria-hidden": "true" }, ...ticks)) : el("p", { class: "calm" }, "No article has one."));
  }

  const chosen = { kind: null };

  function noise() {
    const kinds = [...data.left_out].sort((a, b) => b[3] - a[3]);
    const most = Math.max(1, ...kinds.map(([, , , words]) => words));
    return el("section", { id: "noise" }, el("h2", null, "Left out, by kind", el("small", null, "words, and pages that have it; choose one to see its rules")),
      ...kinds.map(([kind, pages, blocks, words]) => el("button", { type: "button", class: `measure kind-row ${kindClass(kind)}`, "aria-pressed": String(chosen.kind === kind), title: count(blocks, "block"), onclick: () => choose(kind) },
        el("span", { class: "name" }, el("span", { class: "swatch" }), el("span", null, data.kinds[kind])),
        el("span", { class: "track", "aria-hidden": "true" }, stack([[words, "", ""]], most)),
        el("span", { class: "num" }, format(words)), el("span", { class: "num share" }, percent(pages, data.pages)))),
      kinds.length ? null : el("p", { class: "calm" }, "Nothing was left out."));
  }

  function choose(kind) {
    chosen.kind = chosen.kind === kind ? null : kind;
    byId("noise").replaceWith(noise());
    byId("rules").replaceWith(rules());
    byId("noise").querySelector("[aria-pressed=true]")?.focus();
  }

  function fields() {
    return el("section", { id: "fields" }, el("h2", null, "Fields", el("small", null, `share of ${count(data.articles, "article")} that state it, and where`)),
      ...(data.articles ? data.fields.map(([name, pages, origins]) => {
        const from = origins.filter(([origin]) => origin).map(([origin, of]) => `${origin} ${percent(of, pages)}`).join(", ");
        return el("div", { class: "measure share-row" }, el("span", { class: "name" }, el("span", null, name === "url" ? "canonical url" : name.replaceAll("_", " "))),
          el("span", { class: "track good", "aria-hidden": "true" }, stack([[pages, "", ""]], data.articles)),
          el("span", { class: "num share" }, percent(pages, data.articles)), el("span", { class: "from", title: from }, from));
      }) : [el("p", { class: "calm" }, "There are no articles.")]));
  }

  function times() {
    const { quantiles: [, median, high, highest] } = data.seconds;
    const head = el("h2", null, "Time", el("small", null, "to clean each page"));
    if (!data.slowest.length) return el("section", { id: "time" }, head, el("p", { class: "calm" }, "Not known: records hold no clock, and there is no .cleaner beside them that does."));
    return el("section", { id: "time" }, head,
      el("div", { class: "series" }, el("p", null, "half take ", el("b", null, seconds(median)), " or less, nine of ten ", el("b", null, seconds(high)), ", 99 of 100 ", el("b", null, seconds(highest)), "; all together ", el("b", null, seconds(data.total_seconds)), " of one processor")),
      histogram(data.seconds, null, "s", "Seconds for each page: how many pages took how long"));
  }

  function slowest() {
    if (!data.slowest.length) return "";
    return el("section", { id: "slowest" }, el("h2", null, "Slowest pages"),
      el("div", { class: "tablewrap" }, el("table", null, el("tbody", null, ...data.slowest.slice(0, 12).map(([name, status, time]) =>
        el("tr", null, el("td", { class: "num" }, seconds(time)), el("td", { class: "mono" }, el("bdi", null, name)), el("td", null, status === "ok" ? null : el("span", { class: "status" }, status))))))));
  }

  // ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const tables = { sites: { sort: "pages", shown: 15 }, rules: { sort: "pages", shown: 20 } };
  const listed = (rows, total) => (total[0] > rows.length ? `the ${many.format(rows.length)} with most pages, of ${atLeast(total)}` : "");

  function sites() {
    const most = Math.max(1, ...data.sites.map(([, pages]) => pages));
    const made = table({
      title: "Sites", hint: listed(data.sites, data.sites_total), find: "Find a site", state: tables.sites, text: ({ name }) => name,
      rows: data.sites.map(([site, pages, marked, words, body, statuses]) => ({ name: siteName(site), pages, marked, kept: words ? body / words : 0, words, body, statuses, each: pages ? body / pages : 0, ok: (new Map(statuses).get("ok") ?? 0) / pages })),
      columns: [
        { key: "name", name: "site", cell: ({ name }) => el("bdi", null, name) },
        { key: "pages", number: true, cell: ({ pages }) => format(pages) },
        { key: "ok", name: "by status", cell: ({ statuses }) => el("span", { class: "track" }, statusBar(statuses, most)) },
        { key: "marked", name: "to look at", number: true, cell: ({ marked }) => marked ? el("span", { class: "warn" }, format(marked)) : "–" },
        { key: "each", name: "words of a body", number: true, cell: ({ each }) => format(Math.round(each)) },
        { key: "kept", name: "text that is body", number: true, cell: ({ words, body }) => percent(body, words) },
      ],
    });
    made.id = "sites";
    return made;
  }

  function rules() {
    const all = data.rules.map(([kind, id, where, pages, blocks, words]) => ({ kind, kindName: data.kinds[kind], id: id || "no rule", where, pages, blocks, words }));
    const made = table({
      title: chosen.kind === null ? "Rules that fired" : `Rules that fired: ${data.kinds[chosen.kind]}`, hint: listed(data.rules, data.rules_total),
      find: "Find a rule", state: tables.rules, text: ({ id, where }) => `${id} ${where}`,
      rows: chosen.kind === null ? all : all.filter(({ kind }) => kind === chosen.kind),
      columns: [
        { key: "id", name: "rule", look: "mono", cell: ({ id }) => id },
        { key: "kindName", name: "kind", cell: kindCell },
        { key: "pages", number: true, cell: ({ pages }) => format(pages) },
        { key: "words", number: true, cell: ({ words }) => format(words) },
        { key: "where", name: "file and line", look: "mono soft", cell: ({ where }) => where },
      ],
    });
    made.id = "rules";
    return made;
  }

  // ── The start ─────────────────────────────────────────────────────────────────────────────────────────────────────

  byId("about").textContent = data.subject;
  byId("about").title = `${data.subject}, cleaner ${data.version}`;
  byId("parts").append(...[["look", "Look first"], ["length", "Length"], ["noise", "Noise"], ["fields", "Fields"], ["time", "Time"], ["sites", "Sites"], ["rules", "Rules"]].map(([id, name]) => el("a", { href: `#${id}` }, name)));
  const pair = (...sections) => el("section", { class: "pair" }, ...sections);
  byId("main").append(summary(), figures(), flagged(), pair(lengths(), confidence()), pair(noise(), el("div", null, fields(), times())), slowest(), sites(), rules(), noteList());
})();
