// Pictures drawn from the tables of the page: each says what its table says. Without scripts, or
// without the library, the table stands alone.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  if (typeof echarts === "undefined") {
    return;
  }
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // A figure of the page as the length of a bar; what is said beside it stays the exact text.
  const measure = (text) => Number.parseFloat(text || "0");
  const grouped = (text) => String(text).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  const short = (value) => new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(value);
  const rowsOf = (figure) => [...document.querySelectorAll(`tr.of-${CSS.escape(figure.dataset.from)}`)].map((row) => row.dataset);
  const text = () => ({ color: token("--ink"), fontFamily: token("--font") });
  const colours = () => [1, 2, 3, 4, 5, 6].map((number) => token(`--series-${number}`));
  const axis = () => ({ axisLabel: { ...text(), hideOverlap: true }, axisLine: { lineStyle: { color: token("--edge") } }, splitLine: { lineStyle: { color: token("--rule") } } });
  const tooltip = (formatter) => ({ renderMode: "richText", formatter, backgroundColor: token("--paper"), borderColor: token("--edge"), textStyle: text() });

  const history = (figure) => {
    const rows = rowsOf(figure);
    return rows.length < 2 ? null : {
      tooltip: { ...tooltip((points) => `${points[0].data.on}\n${figure.dataset.asset} ${grouped(points[0].data.said)}`), trigger: "axis" },
      grid: { left: 8, right: 24, top: 16, bottom: 8, containLabel: true },
      xAxis: { type: "time", ...axis(), splitLine: { show: false } },
      yAxis: { type: "value", ...axis(), axisLabel: { ...text(), formatter: short } },
      series: [{ type: "line", step: "end", symbolSize: 5, areaStyle: { opacity: 0.12 }, data: rows.map((row) => ({ value: [row.on, measure(row.balance)], on: row.on, said: row.balance })) }],
    };
  };

  const left = (figure) => {
    const rows = rowsOf(figure).filter((row) => row.cap && row.used && measure(row.cap) > 0 && measure(row.used) > 0).slice(0, 20);
    if (!rows.length) {
      return null;
    }
    figure.style.height = `${rows.length * 34 + 60}px`;
    const share = (row) => Math.min(100, (100 * measure(row.used)) / measure(row.cap));
    return {
      tooltip: { ...tooltip((point) => `${point.data.row.label}\n${point.data.row.asset} ${grouped(point.data.row.used)} / ${grouped(point.data.row.cap)}`), trigger: "item" },
      grid: { left: 8, right: 40, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: "value", max: 100, ...axis(), axisLabel: { ...text(), formatter: "{value}%" } },
      yAxis: { type: "category", inverse: true, data: rows.map((row) => row.label), ...axis(), axisLabel: { ...text(), width: 260, overflow: "truncate" } },
      series: [
        { type: "bar", stack: "cap", data: rows.map((row) => ({ value: share(row), row })), label: { show: true, formatter: (point) => `${Math.round(point.value)}%`, color: token("--act-ink") }, itemStyle: { color: token("--series-1") } },
        { type: "bar", stack: "cap", data: rows.map((row) => ({ value: 100 - share(row), row })), itemStyle: { color: token("--paper-3"), borderColor: token("--edge") } },
      ],
    };
  };

  // Money may flow both ways between two kinds, so payers stand left and payees right.
  const sankey = (figure) => {
    const rows = rowsOf(figure).filter((row) => measure(row.amount) > 0);
    if (!rows.length) {
      return null;
    }
    const payers = [...new Set(rows.map((row) => row.payer))];
    const payees = [...new Set(rows.map((row) => row.payee))];
    const said = (name) => name.slice(2);
    return {
      tooltip: { ...tooltip((point) => (point.dataType === "edge" ? `${said(point.data.source)} → ${said(point.data.target)}\n${figure.dataset.asset} ${grouped(point.data.said)}` : said(point.name))), trigger: "item" },
      series: [{
        type: "sankey", left: 8, right: 220, top: 8, bottom: 8, emphasis: { focus: "adjacency" },
        data: [...payers.map((name) => ({ name: `0 ${name}` })), ...payees.map((name) => ({ name: `1 ${name}` }))],
        links: rows.map((row) => ({ source: `0 ${row.payer}`, target: `1 ${row.payee}`, value: measure(row.amount), said: row.amount })),
        label: { ...text(), formatter: (point) => said(point.name), width: 210, overflow: "truncate" },
        lineStyle: { color: "source", opacity: 0.35 },
      }],
    };
  };

  const causes = (figure) => {
    const rows = rowsOf(figure).slice(0, 16);
    if (!rows.length) {
      return null;
    }
    figure.style.height = `${rows.length * 34 + 40}px`;
    return {
      tooltip: { ...tooltip((point) => `${point.data.row.label}\n${point.data.row.direction}\n${point.data.row.amounts}`), trigger: "item" },
      grid: { left: 8, right: 48, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: "value", minInterval: 1, ...axis() },
      yAxis: { type: "category", inverse: true, data: rows.map((row) => row.label), ...axis(), axisLabel: { ...text(), width: 280, overflow: "truncate" } },
      series: [{ type: "bar", data: rows.map((row) => ({ value: measure(row.count), row })), label: { show: true, position: "right", color: token("--ink") }, itemStyle: { color: token("--series-2") } }],
    };
  };

  const kinds = { history, left, sankey, causes };
  const drawn = [];
  for (const figure of document.querySelectorAll("[data-chart]")) {
    const option = kinds[figure.dataset.chart](figure);
    if (option) {
      figure.hidden = false;
      figure.setAttribute("aria-hidden", "true");
      const chart = echarts.init(figure, null, { renderer: "canvas" });
      chart.setOption({ animation: !calm, color: colours(), textStyle: text(), ...option });
      drawn.push([chart, figure]);
    }
  }
  addEventListener("resize", () => drawn.forEach(([chart]) => chart.resize()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const [chart, figure] of drawn) {
      chart.setOption({ color: colours(), textStyle: text(), ...kinds[figure.dataset.chart](figure) });
    }
  });
});
