// Pictures of the plan: the rule as a graph, use by month as bars. Both are drawn from the tables
// of the page, which say the same without scripts.
"use strict";

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Three columns: facts, tests, what it comes to. Positions are set, so that it looks the same each time.
function elementsOf(box) {
  const part = document.getElementById(box.dataset.graph);
  const facts = [...part.parentElement.querySelectorAll("tr[data-fact]")];
  const words = new Map(facts.map((row) => [row.dataset.fact, row]));
  const found = [];
  const ends = new Map();
  const column = (row, x, count) => ({ x, y: (row + 0.5) * (600 / Math.max(count, 1)) });
  const tests = [...part.querySelectorAll("tr[data-test]")];
  const named = [...new Set(tests.flatMap((row) => row.dataset.facts.split(" ").filter(Boolean)))];
  named.forEach((name, at) => {
    const row = words.get(name);
    found.push({ data: { id: `f ${name}`, label: row ? row.dataset.words : name }, classes: `fact ${row ? row.dataset.known : ""}`, position: column(at, 0, named.length) });
  });
  tests.forEach((row, at) => {
    const id = `t ${row.dataset.test}`;
    found.push({ data: { id, label: row.dataset.words }, classes: "test", position: column(at, 420, tests.length) });
    for (const name of row.dataset.facts.split(" ").filter(Boolean)) {
      found.push({ data: { source: `f ${name}`, target: id } });
    }
    ends.set(row.dataset.otherwise, [...(ends.get(row.dataset.otherwise) || []), id]);
  });
  const outcomes = [box.dataset.permitted, ...[...ends.keys()].filter((name) => name !== box.dataset.permitted)];
  outcomes.forEach((name, at) => {
    found.push({ data: { id: `o ${name}`, label: name }, classes: at ? "end" : "end good", position: column(at, 800, outcomes.length) });
  });
  tests.forEach((row) => {
    const id = `t ${row.dataset.test}`;
    found.push({ data: { source: id, target: `o ${box.dataset.permitted}` }, classes: "holds" });
    found.push({ data: { source: id, target: `o ${row.dataset.otherwise}` }, classes: "fails" });
  });
  return found;
}

function drawGraph(box) {
  const elements = elementsOf(box);
  if (!elements.some((one) => one.classes === "test")) {
    return;
  }
  box.hidden = false;
  const font = { "font-size": 15, "text-wrap": "wrap", "text-valign": "center", color: token("--ink") };
  const graph = cytoscape({
    container: box,
    elements,
    layout: { name: "preset", fit: true, padding: 16 },
    maxZoom: 1, // a rule of one test is not drawn larger than its letters
    userZoomingEnabled: false,
    autoungrabify: true,
    style: [
      { selector: "node", style: { ...font, label: "data(label)", shape: "rectangle", width: 250, height: 44, "text-max-width": 240, "background-color": token("--paper-2"), "border-width": 1, "border-color": token("--edge") } },
      { selector: "node.register, node.ledger, node.continued, node.calendar", style: { "border-style": "double", "border-width": 4 } },
      { selector: "node.test", style: { shape: "round-rectangle", "background-color": token("--plain-paper"), "border-color": token("--plain") } },
      { selector: "node.end", style: { shape: "hexagon", width: 200, "background-color": token("--warn-paper"), "border-color": token("--warn") } },
      { selector: "node.good", style: { "background-color": token("--good-paper"), "border-color": token("--good") } },
      { selector: "edge", style: { width: 1, "line-color": token("--rule"), "curve-style": "bezier", "target-arrow-shape": "triangle", "target-arrow-color": token("--rule") } },
      { selector: "edge.holds", style: { "line-color": token("--good"), "target-arrow-color": token("--good") } },
      { selector: "edge.fails", style: { "line-style": "dashed", "line-color": token("--warn"), "target-arrow-color": token("--warn") } },
    ],
  });
  window.addEventListener("resize", () => graph.resize().fit(undefined, 16));
}

function drawUse(box) {
  const rows = [...document.querySelectorAll("tr[data-month]")];
  box.hidden = false;
  const chart = echarts.init(box, null, { renderer: "canvas" });
  const heads = [...rows[0].closest("table").querySelectorAll("thead th")].map((cell) => cell.textContent);
  const bar = (name, key, colour) => ({ name, type: "bar", barMaxWidth: 28, data: rows.map((row) => Number(row.dataset[key])), itemStyle: { color: token(colour) } });
  chart.setOption({
    animation: false,
    textStyle: { color: token("--ink") },
    tooltip: { trigger: "axis", renderMode: "richText" },
    legend: { textStyle: { color: token("--ink") } },
    grid: { left: 60, right: 16, top: 32, bottom: 28 },
    xAxis: { type: "category", data: rows.map((row) => row.dataset.month) },
    yAxis: { type: "value", splitLine: { lineStyle: { color: token("--rule") } } },
    series: [bar(heads[1], "decided", "--series-1"), bar(heads[2], "permitted", "--series-2")],
  });
  window.addEventListener("resize", () => chart.resize());
}

document.addEventListener("DOMContentLoaded", () => {
  if (window.cytoscape) {
    // Its one rule stands in our own style sheet; with this in place it adds none of its own.
    const mark = document.createElement("meta");
    mark.id = "__________cytoscape_stylesheet";
    document.head.append(mark);
    document.querySelectorAll("[data-graph]").forEach(drawGraph);
  }
  if (window.echarts) {
    document.querySelectorAll("[data-chart]").forEach(drawUse);
  }
});
