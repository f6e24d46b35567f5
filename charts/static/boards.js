/* Draws the figures of a board from the data in the page, and keeps the filters in its address. No request is made. */
(() => {
  "use strict";
  const page = JSON.parse(document.getElementById("board").textContent);
  const NARROW = 640;
  const MINUS = "\u2212";
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  /* ---------- the data: columns, texts once each ---------- */
  const decoded = {};
  function rowsOf(name) {
    if (!decoded[name]) {
      const { n, columns } = page.data[name];
      const get = Object.entries(columns).map(([key, column]) =>
        Array.isArray(column) ? [key, (i) => column[i]] : [key, (i) => (column.i[i] === null ? null : column.w[column.i[i]])]);
      decoded[name] = Array.from({ length: n }, (_, i) => Object.fromEntries(get.map(([key, value]) => [key, value(i)])));
    }
    return decoded[name];
  }

  /* ---------- numbers and dates as people read them; ai_impact.boards writes the same ---------- */
  function number(x) {
    if (x === null || x === undefined) return "";
    const size = Math.abs(x);
    const places = size >= 100 || Number.isInteger(x) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5;
    return Math.abs(x).toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: places })
      .replace(/^/, x < 0 && Number(size.toFixed(places)) !== 0 ? MINUS : "");
  }
  function share(x, signed) {
    if (x === null || x === undefined) return "";
    const percent = 100 * x;
    const size = Math.abs(percent);
    const text = size.toLocaleString("en-US", { maximumFractionDigits: size >= 100 ? 0 : 1 });
    return (text === "0" ? "" : percent < 0 ? MINUS : signed ? "+" : "") + text + "\u00a0%";
  }
  const signed = (x) => (x > 0 ? "+" : "") + number(x);
  function day(text) {
    if (!text) return "";
    const [y, m, d] = text.slice(0, 10).split("-");
    return `${Number(d)} ${MONTHS[m - 1]} ${y}`;
  }
  const month = (text) => (text ? `${MONTHS[text.slice(5, 7) - 1]} ${text.slice(0, 4)}` : "");
  const time = (text) => Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
  const dayBefore = (text) => new Date(time(text) - 864e5).toISOString();
  function inUnit(x, unit) {
    if (x === null || x === undefined) return "";
    if (unit === "share") return share(x);
    if (unit === "percent") return `${number(x)}\u00a0%`;
    if (unit === "0 to 1") return number(x);
    return `${number(x)} ${(unit || "").replace("reporting currency", page.currency)}`.trim();
  }
  const effect = (x, scale) => (scale === "relative" ? share(x, true) : signed(x));
  const between = (low, high, write) => (low === null || high === null ? "" : `${write(low)} to ${write(high)}`);
  const FORMATS = {
    text: (x) => (x === null || x === undefined ? "" : String(x)),
    number, signed, day, month, share,
    count: (x) => (x === null ? "" : x.toLocaleString("en-US").replace("-", MINUS)),
    percent: (x) => (x === null ? "" : `${number(x)} %`),
    yes: (x) => (x === null ? "" : x ? "yes" : "no"),
  };
  function cell(row, column) {
    if (column.t === "effect") return row[column.f] === null ? "" : effect(row[column.f], row.scale);
    if (column.t === "effects") return between(row[column.f], row[column.g], (x) => effect(x, row.scale));
    if (column.t === "unit") return inUnit(row[column.f], row.unit);
    if (column.t === "units") return between(row[column.f], row[column.g], (x) => inUnit(x, row.unit));
    if (column.g) return between(row[column.f], row[column.g], FORMATS[column.t]);
    return FORMATS[column.t || "text"](row[column.f]);
  }

  /* ---------- filters: the state is in the address ---------- */
  const controls = [...document.querySelectorAll("select[data-filter]")];
  function read() {
    const asked = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    for (const control of controls) {
      const wanted = asked.get(control.dataset.filter);
      const known = [...control.options].some((option) => option.value === wanted);
      control.value = known ? wanted : control.dataset.first;
    }
  }
  function write() {
    const set = new URLSearchParams();
    for (const control of controls) if (control.value !== control.dataset.first) set.set(control.dataset.filter, control.value);
    const text = set.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname);
  }
  const state = () => Object.fromEntries(controls.map((control) => [control.dataset.filter, control.value]));
  function chosen(figure) {
    let rows = rowsOf(figure.data);
    for (const [key, value] of Object.entries(figure.keep || {})) rows = rows.filter((row) => row[key] === value);
    for (const [key, value] of Object.entries(state())) {
      if (!(figure.filters || []).includes(key)) continue;
      if (key === "months") {
        const ends = [...new Set(rows.map((row) => row.period_end))].sort();
        const first = value === "all" ? "" : ends[Math.max(0, ends.length - Number(value))];
        rows = rows.filter((row) => row.period_end >= first);
      } else rows = rows.filter((row) => row[key] === value);
    }
    return rows;
  }

  /* ---------- specs ---------- */
  const filled = (part, values) =>
    typeof part === "string" && part[0] === "$" && part.slice(1) in values ? values[part.slice(1)]
      : Array.isArray(part) ? part.map((one) => filled(one, values))
        : part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([k, v]) => [k, filled(v, values)])) : part;

  /* Rows with a label to the left and the result to the right; on a narrow screen all above the mark. */
  function ruled(rows, width, { third = false, labels = 0.36 } = {}) {
    const narrow = width < NARROW;
    if (narrow) {
      for (const row of rows) {
        if (row._range) row._result += ` (${row._range})`;
        row._range = "";
      }
    }
    const has = rows.some((row) => row._sub);
    return narrow
      ? { step: has ? 84 : 66, titledy: has ? -28 : -20, subdy: -11, resultdy: has ? 6 : -3, rangedy: 6, rangedx: 0, markdy: has ? 26 : 18, ticksize: 24, grid: false,
          left: 8, right: "width-8", limit: width - 12, resultalign: "left", resultx: 0, size: width }
      : { step: third ? 50 : 44, titledy: has ? -8 : 0, subdy: 9, resultdy: -8, rangedy: 9, rangedx: 0, markdy: 0, ticksize: third ? 50 : 44, grid: true,
          left: Math.min(420, Math.round(width * labels)), right: "width-190", limit: Math.min(410, Math.round(width * labels) - 16),
          resultalign: "right", resultx: "width" };
  }
  /* The scale of what lies along a row, between its label and its result. */
  const along = (place, domain, more) => ({ ...place, scale: { domain, nice: false, clamp: true, range: [place.left, { expr: place.right }], ...more } });
  function spread(values, pad, log) {
    const known = values.filter((x) => x !== null && x !== undefined && Number.isFinite(x));
    let [low, high] = [Math.min(...known), Math.max(...known)];
    if (!known.length) [low, high] = log ? [0.5, 2] : [0, 1];
    if (log) return [low / (1 + pad), high * (1 + pad)];
    const room = (high - low || Math.abs(high) || 1) * pad;
    return [low - room, high + room];
  }
  const inside = (ticks, [low, high]) => ticks.filter((x) => x >= low && x <= high);

  function tone(row) {
    if (["D", "E"].includes(row.evidence_grade) || !row.evidence_grade) return "weak";
    if (row.is_stale) return "stale";
    return { Better: "good", Worse: "bad" }[row.finding] || "unclear";
  }

  const CHARTS = {
    /* Effects with intervals, on a scale of factors where all of them are shares. */
    forest(rows, width, figure) {
      const relative = rows.every((row) => row.scale === "relative");
      const key = relative ? "factor" : "estimate";
      for (const row of rows) {
        row._low = row[relative ? "factor_ci_low" : "ci_low"];
        row._high = row[relative ? "factor_ci_high" : "ci_high"];
        row._value = row[key];
        row._tone = tone(row);
        row._grade = row.evidence_grade || "none";
        const titles = { methods: row.method_name, segments: row.segment_name };
        row._title = titles[figure.by] ? titles[figure.by][0].toUpperCase() + titles[figure.by].slice(1) : row.metric;
        row._sub = figure.by === "segments" ? `${FORMATS.count(row.n_treatment + row.n_control)} units`
          : figure.by === "methods" ? `grade ${row.evidence_grade || "none"}${row.is_quoted ? ", quoted" : ""}`
            : `${row.is_stale ? `stale since ${day(row.stale_since)} · ` : ""}grade ${row.evidence_grade || "none"} · ${figure.by === "metrics" ? row.metric_role : row.experiment}`;
        row._result = row.estimate === null ? "not estimated" : effect(row.estimate, row.scale);
        row._range = between(row.ci_low, row.ci_high, (x) => effect(x, row.scale));
      }
      const domain = spread(rows.flatMap((row) => [row._low, row._high, row._value, relative ? 1 : 0]), 0.06, relative);
      if (relative) { domain[0] = Math.max(domain[0], 0.18); domain[1] = Math.min(domain[1], 6); }
      const reach = relative ? domain[1] / domain[0] : 0;
      const ticks = inside(reach > 4.5 ? [0.25, 0.5, 1, 2, 4] : reach > 2 ? [0.33, 0.5, 0.75, 1, 1.5, 2, 3] : [0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5], domain);
      return {
        ...along(ruled(rows, width, { labels: figure.by === "methods" ? 0.46 : 0.38 }), domain, relative ? { type: "log" } : { zero: false }), nothing: relative ? 1 : 0,
        ticks: relative ? ticks : undefined,
        labels: relative
          ? `datum.value === 1 ? 'no change' : (datum.value < 1 ? '${MINUS}' : '+') + format(abs(datum.value - 1) * 100, '.0f') + ' %'` : "datum.label",
        axistitle: relative ? "Change caused by AI; equal distances are equal factors" : "Change caused by AI, in the unit of the metric",
      };
    },

    /* One KPI over time. */
    kpi(rows, width, figure) {
      const unit = rows[0] ? rows[0].unit : "";
      for (const row of rows) row._at = figure.at === "end" ? dayBefore(row.period_end) : row.period_start;
      const shown = rows.filter((row) => row.value !== null);
      const newest = shown[shown.length - 1] || rows[rows.length - 1] || {};
      const baseline = newest.baseline_value;
      const limits = [newest.target_from, newest.target_to].filter((x) => x !== null && x !== undefined);
      const bars = limits.length ? limits : [];
      let values = shown.flatMap((row) => [row.value, row.ci_low, row.ci_high]);
      const core = spread(shown.map((row) => row.value).concat([baseline ?? null]), 0);
      const reach = Math.max(core[1] - core[0], 0.3 * Math.abs(core[1])) || 1;
      /* One wide interval must not flatten all others. */
      values = values.map((x) => (x === null ? null : Math.max(core[0] - 1.2 * reach, Math.min(core[1] + 1.2 * reach, x))));
      const first = bars.length ? (newest.direction === "up" ? Math.min(...bars) : Math.max(...bars)) : null;
      let domain = spread(values.concat([baseline ?? null, first !== null && Math.abs(first - core[0]) < 3 * reach ? first : null]), 0.1);
      const least = 0.05 * Math.max(Math.abs(domain[0]), Math.abs(domain[1]));
      if (domain[1] - domain[0] < least) domain = [domain[0] - least, domain[1] + least];
      const marked = rowsOf("milestones").some((mark) => mark.use_case_id === newest.use_case_id);
      if (marked) domain[1] += 0.2 * (domain[1] - domain[0]);
      if (values.every((x) => x === null || x >= 0)) domain[0] = domain[0] < 0.45 * domain[1] ? 0 : Math.max(0, domain[0]);
      const zone = [];
      if (bars.length) {
        const from = newest.target_from ?? domain[0];
        const to = newest.target_to ?? domain[1];
        const [low, high] = [Math.max(Math.min(from, to), domain[0]), Math.min(Math.max(from, to), domain[1])];
        if (high > low) zone.push({ from: low, to: high });
      }
      const times = rows.map((row) => Date.parse(row._at));
      const span = [Math.min(...times), Math.max(...times)];
      const clip = (text) => new Date(Math.min(Math.max(time(text), span[0]), span[1])).toISOString();
      const known = (text) => text && time(text) >= span[0] && time(text) <= span[1];
      const events = rowsOf("milestones").filter((mark) => mark.use_case_id === (newest.use_case_id || "") && known(mark.x_date))
        .sort((a, b) => (a.x_date < b.x_date ? -1 : 1))
        .filter((mark, i, all) => !(mark.series === "model" && all.some((other) => other.series === "live" && other.x_date === mark.x_date)))
        .map((mark, i) => ({
          at: `${mark.x_date.slice(0, 10)}T00:00:00Z`, label: mark.label, kind: mark.series, level: 8 + 14 * (i % 3),
          right: (time(mark.x_date) - span[0]) / (span[1] - span[0] || 1) > 0.72,
        }));
      const over = newest.baseline_from && newest.baseline_to && time(newest.baseline_to) > span[0] && time(newest.baseline_from) < span[1];
      const few = unit === "share" ? "format(100 * datum.value, '~g') + ' %'" : unit === "percent" ? "datum.label + ' %'" : "datum.label";
      return {
        domain, labels: few, panelheight: figure.tall || 190, low: (figure.tall || 190) - 6,
        datasets: {
          windows: over ? [{ from: clip(newest.baseline_from), to: clip(newest.baseline_to) }] : [{ from: span[0], to: span[0] }],
          zones: zone, limits: bars.filter((x) => x >= domain[0] && x <= domain[1]).map((at) => ({ at })),
          baselines: baseline === null || baseline === undefined ? [] : [{ at: baseline }], events,
        },
      };
    },

    /* Return on investment: half, four fifths and nineteen twentieths of the simulations. */
    ranges(rows, width) {
      for (const row of rows) {
        row._title = row.use_case;
        row._sub = row.is_company ? "as it was, on the days there were" : "scaled to a year";
        row._result = row.roi === null ? "not known" : share(row.roi, true);
        row._range = between(row.roi_ci_low, row.roi_ci_high, (x) => share(x, true)) || (row.roi === null ? "" : "no established benefit");
      }
      const domain = spread(rows.flatMap((row) => [row.roi_ci_low, row.roi_ci_high, row.roi, 0]), 0.04);
      return {
        ...ruled(rows, width, { labels: 0.26 }), domain, ticks: inside([-1, -0.5, 0, 0.5, 1, 2, 4, 8, 16, 32], domain), axistitle: "Net benefit as a share of cost (wider apart near 0)",
        labels: `datum.value === 0 ? 'break-even' : (datum.value < 0 ? '${MINUS}' : '+') + format(abs(datum.value) * 100, ',.0f') + ' %'`,
      };
    },

    tornado(rows, width) {
      rows.sort((a, b) => a.place - b.place);
      for (const row of rows) {
        row._title = row.driver[0].toUpperCase() + row.driver.slice(1);
        row._sub = row.break_even === null ? (row.reason ? "no value breaks even" : "") : `breaks even at ${number(row.break_even)}`;
        row._result = row.roi_at_low === null ? "not varied" : between(row.roi_at_low, row.roi_at_high, (x) => share(x, true));
        row._range = row.low_value === row.high_value ? number(row.base_value) : `input ${number(row.low_value)} to ${number(row.high_value)}`;
      }
      return { ...ruled(rows, width, { labels: 0.26 }), domain: spread(rows.flatMap((row) => [row.roi_at_low, row.roi_at_high, row.roi, 0]), 0.05), axistitle: "Return on investment" };
    },

    bridge(rows, width) {
      const company = rows.find((row) => row.is_company);
      const parts = rows.filter((row) => !row.is_company && row.full_year_net_benefit !== null).sort((a, b) => b.full_year_net_benefit - a.full_year_net_benefit)
        .map((row) => ({ _title: row.use_case, _change: row.full_year_net_benefit, _kind: row.full_year_net_benefit < 0 ? "loss" : "gain" }));
      if (company) {
        parts.push({ _title: "From a full year to the days AI ran", _change: company.rescaled || 0, _kind: "adjust" });
        if (company.counted_twice) parts.push({ _title: "Counted twice", _change: company.counted_twice, _kind: "adjust" });
        parts.push({ _title: "The company", _change: 0, _total: company.company_net_benefit, _kind: "total" });
      }
      parts.forEach((row) => { row._result = row._kind === "total" ? number(Math.round(row._total)) : signed(Math.round(row._change)); });
      const narrow = width < NARROW;
      return { rows: parts, step: 34, left: narrow ? 130 : 300, right: "width-80", limit: narrow ? 122 : 290, axistitle: `Net benefit, ${page.currency}` };
    },

    fan: () => ({}),
    counterfactual(rows, width, figure) {
      rows.sort((a, b) => (a.x_date < b.x_date ? -1 : 1));
      const last = rows[rows.length - 1];
      const start = rows.find((row) => row.state === "after");
      return { datasets: {
        events: start ? [{ at: start.x_date, label: "AI live" }] : [],
        ends: last ? [{ at: last.x_date, y: last.value, label: "observed", tone: "observed" }, { at: last.x_date, y: last.expected, label: "expected without AI", tone: "expected" }] : [],
      } };
    },
    eventstudy(rows) {
      const before = rows.filter((row) => row.state === "before").map((row) => row.x_number);
      return { axistitle: "Periods since AI went live in the unit", datasets: { windows: before.length ? [{ from: Math.min(...before) - 0.5, to: -0.5 }] : [{ from: 0, to: 0 }] } };
    },
    assigned: () => ({}),
    uplift: () => ({ axistitle: "Share of units that get AI" }),
    balance(rows, width) {
      for (const row of rows) {
        row._title = row.label; row._sub = "";
        row._result = row.value === null ? "not known" : `${signed(row.value)}, ${row.state}`;
      }
      const reach = Math.max(0.3, ...rows.flatMap((row) => [Math.abs(row.value || 0), Math.abs(row.expected || 0)])) * 1.1;
      return { ...ruled(rows, width, { labels: 0.26 }), domain: [-reach, reach], axistitle: "Difference of the arms, in standard deviations" };
    },
    calibration(rows) {
      rows.forEach((row, i) => { row._result = row.n === null ? "" : `n ${FORMATS.count(row.n)}`; row._dy = i % 2 ? 17 : -17; });
      return { axistitle: "Confidence that AI stated", ytitle: "Decisions that succeeded" };
    },
    /* Lengths with a result: rows in quarantine, the smallest effect that a plan detects. */
    bars(rows, width, figure) {
      const [value, title, sub, kind] = figure.by;
      for (const row of rows) {
        row._value = row[value];
        row._title = String(row[title] ?? ""); row._title = row._title.charAt(0).toUpperCase() + row._title.slice(1);
        row._sub = row[sub] ? String(row[sub]) : "";
        row._result = row._value === null ? "not known" : kind === "share" ? share(row._value) : FORMATS.count(row._value);
        row._range = figure.note_field && row[figure.note_field] !== null ? `${FORMATS.count(row[figure.note_field])} ${figure.note_words}` : "";
      }
      const high = Math.max(...rows.map((row) => row._value || 0), 0) * 1.05 || 1;
      return { ...ruled(rows, width, { labels: 0.34 }), domain: [0, high], axistitle: figure.axis || "", labels: kind === "share" ? "format(100 * datum.value, '.0f') + ' %'" : "datum.label" };
    },
    /* The state of each service level, day by day; letters tell the colours apart. */
    states(rows, width) {
      const KINDS = { ok: ["#cfe3ef", ""], recovering: ["#5f9bc2", ""], unknown: ["#ffffff", ""], warning: ["#f0cf6b", "w"], breach: ["#e08c63", "b"] };
      const newest = rows.filter((row) => row.is_newest);
      /* 99.95 % is not 100 %. */
      const parts = (x) => (x > 0.99 && x < 1 ? `${(100 * x).toFixed(2)} %` : share(x));
      const ends = [...new Set(rows.map((row) => row.as_of))].sort();
      newest.forEach((row, i) => {
        row._title = row.indicator.charAt(0).toUpperCase() + row.indicator.slice(1); row._sub = `${row.use_case}, objective ${parts(row.objective)}`;
        row._result = row.state === "unknown" || row.budget_left === null ? row.state
          : `${row.state}, ${row.budget_left < 0 ? "budget spent" : `${share(row.budget_left)} of the budget left`}`;
        row._range = row.value === null ? "no events" : `${parts(row.value)} of ${FORMATS.count(row.n)}`;
        for (const one of rows) if (one.use_case === row.use_case && one.indicator === row.indicator) one._i = i;
      });
      const drawn = rows.filter((row) => row.is_shown !== false && row._i !== undefined).map((row) => {
        const at = ends.indexOf(row.as_of), [color, mark] = KINDS[row.state] || KINDS.unknown;
        return { ...row, _from: at, _to: at + 1, _middle: at + 0.5, _color: color, _mark: width < NARROW ? "" : mark };
      });
      return { ...ruled(newest, width, { labels: 0.22 }), right: width < NARROW ? "width-8" : "width-230", rows: newest, datasets: { days: drawn }, days: ends.length,
        ticks: [0, ends.length], labels: `datum.value < 1 ? '${day(ends[0])}' : '${day(ends[ends.length - 1])}'` };
    },
    /* Shares of decisions with intervals. */
    rates(rows, width) {
      for (const row of rows) {
        row._low = row.ci_low; row._high = row.ci_high; row._value = row.value; row._grade = "A"; row._tone = { off_target: "bad", on_target: "good", better_than_target: "good" }[row.status] || "unclear";
        row._title = row.kpi; row._sub = `${row.use_case} · ${row.status_name.toLowerCase()}`;
        row._result = row.value === null ? "not shown" : inUnit(row.value, row.unit);
        row._range = row.value === null ? "" : `${between(row.ci_low, row.ci_high, (x) => inUnit(x, row.unit))}, n ${FORMATS.count(row.n)}`;
      }
      return { ...along(ruled(rows, width), [0, 100], {}), nothing: 0, ticks: [0, 25, 50, 75, 100], labels: "datum.label + ' %'", axistitle: "Percent" };
    },
  };

  /* ---------- what a panel says in words ---------- */
  const SAYS = {
    kpi(rows) {
      const shown = rows.filter((row) => row.value !== null);
      const last = rows[rows.length - 1];
      if (!last) return { big: "No data", small: "for this choice of filters", chips: [] };
      if (!shown.length) {
        return { big: last.status === "suppressed" ? "Not shown" : "No value", small: last.reason || "", chips: [] };
      }
      const row = shown[shown.length - 1];
      const when = row.period_grain === "month" ? month(row.period_start) : row.period_grain === "week" ? `Week from ${day(row.period_start)}` : `${row.period_grain === "rolling_365d" ? 365 : 90} days to ${day(dayBefore(row.period_end))}`;
      const points = ["percent", "share", "points", "squared share"].includes(row.unit);
      const change = row.change_absolute === null || row.baseline_value === null ? ""
        : points || row.change_percent === null ? `${row.unit === "share" ? signed(100 * row.change_absolute) : signed(row.change_absolute)} points from its baseline of ${inUnit(row.baseline_value, row.unit)}`
          : `${row.change_percent > 0 ? "+" : ""}${number(Math.round(row.change_percent))} % from its baseline of ${inUnit(row.baseline_value, row.unit)}`;
      const of = row.n === null ? "" : `, n ${FORMATS.count(row.n)}`;
      /* Without a target there is nothing to be on. */
      const aimed = row.target_from !== null || row.target_to !== null || row.status === "suppressed";
      const chips = !aimed ? [] : [[row.status_name, { on_target: "good", better_than_target: "good", off_target: "bad" }[row.status] || "plain"]];
      if (row.guardrail) {
        const held = { holds: ["holds", "good"], worsened: ["worsened", "bad"], not_shown: ["not shown to hold", "plain"] }[row.guardrail_status];
        if (held) chips.push([`${row.guardrail} ${held[0]}`, held[1]]);
      }
      const last_hidden = last !== row && last.status === "suppressed" ? ` ${row.period_grain === "month" ? month(last.period_start) : "The newest period"} is not shown.` : "";
      const [big, ...unit] = inUnit(row.value, row.unit).split(" ");
      return { big, unit: unit.join(" "), small: `${when}${of}.${change && ` Before and after: ${change}.`}${last_hidden}`, chips };
    },
  };

  /* ---------- drawing ---------- */
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const views = {};

  function table(node, figure, rows) {
    const body = node.querySelector("tbody");
    body.replaceChildren(...rows.map((row) => {
      const line = element("tr", undefined, row.is_shown === false ? "hidden-row" : "");
      figure.table.forEach((column, place) => {
        const text = cell(row, column);
        const made = element(place ? "td" : "th", text || (row.is_shown === false && column.main ? "not shown" : text));
        if (!place) made.scope = "row";
        if (["number", "count", "share", "percent", "signed", "unit", "effect"].includes(column.t)) made.className = "num";
        line.append(made);
      });
      return line;
    }));
    node.querySelector(".count").textContent = `${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  }

  async function draw(id) {
    const figure = page.figures[id];
    const node = document.getElementById(id);
    const rows = chosen(figure).map((row, i) => ({ ...row, _i: i }));
    if (figure.says) {
      const said = SAYS[figure.says](rows);
      node.querySelector(".big").replaceChildren(said.big, element("span", said.unit ? ` ${said.unit}` : "", "unit"));
      node.querySelector(".small").textContent = said.small;
      node.querySelector(".chips").replaceChildren(...said.chips.map(([text, kind]) => element("span", text, `chip ${kind}`)));
    }
    table(node, figure, rows);
    const holder = node.querySelector(".chart");
    if (views[id]) { views[id].finalize(); delete views[id]; }
    const drawable = rows.some((row) => row.is_shown !== false);
    holder.classList.toggle("empty", !drawable);
    if (!drawable) {
      holder.replaceChildren(element("p", rows.length ? "There is no number to draw: the table says why." : "There is nothing for this choice.", "none"));
      node.dataset.drawn = "empty";
      return;
    }
    holder.replaceChildren();
    const width = holder.clientWidth;
    const values = CHARTS[figure.chart](rows, width, figure);
    const kept = (values.rows || rows).map((row, i) => ({ ...row, _i: i }));
    const spec = filled(page.specs[figure.spec || figure.chart], { description: figure.description, height: kept.length * (values.step || 0), ...values });
    const datasets = { rows: kept, ...(values.datasets || {}) };
    views[id] = await vegaEmbed(holder, { ...spec, datasets, config: page.config }, {
      ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: false, mode: "vega-lite", logLevel: 1,
    });
    const svg = holder.querySelector("svg");
    /* One picture with one description; its numbers are in the table below. */
    for (const part of svg.querySelectorAll("[role]")) {
      for (const name of ["role", "aria-roledescription", "aria-label"]) part.removeAttribute(name);
    }
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", figure.description);
    node.dataset.drawn = "yes";
  }

  let running = Promise.resolve();
  function drawAll(ids) {
    document.body.dataset.state = "drawing";
    running = running.then(async () => {
      for (const id of ids) await draw(id);
      document.body.dataset.state = "ready";
    });
    return running;
  }
  const all = Object.keys(page.figures);

  for (const control of controls) {
    control.addEventListener("change", () => {
      write();
      drawAll(all.filter((id) => (page.figures[id].filters || []).includes(control.dataset.filter)));
    });
  }
  window.addEventListener("hashchange", () => { if (location.hash.includes("=") || !location.hash) { read(); drawAll(all); } });
  let last = window.innerWidth;
  window.addEventListener("resize", () => { if (window.innerWidth !== last) { last = window.innerWidth; drawAll(all); } });
  let closed = [];
  window.addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("details:not([open])")]; closed.forEach((d) => { d.open = true; }); });
  window.addEventListener("afterprint", () => closed.forEach((d) => { d.open = false; }));
  read();
  (document.fonts ? document.fonts.ready : Promise.resolve()).then(() => drawAll(all));
})();
