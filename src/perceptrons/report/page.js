"use strict";
// What the page can do beyond HTML and SVG: sort tables, show the values below the
// pointer, open what a link leads to. Without it everything is still there to read.

// --- tables: a button in every heading ---------------------------------------------
const raised = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";
function numeric(text) {
  const parts = text.replace(/−/g, "-").match(/^(-?[\d.]+|-?∞)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?/);
  if (!parts) return null;
  if (parts[1].endsWith("∞")) return parts[1] === "∞" ? Infinity : -Infinity;
  const power = [...(parts[2] || "")].map((c) => "-0123456789"[raised.indexOf(c)]).join("");
  return Number(parts[1]) * 10 ** Number(power || 0);
}
function compare(a, b, sign) {
  const [x, y] = [numeric(a), numeric(b)];
  // Gaps and words stay last, whichever way numbers run.
  if (x === null || y === null) {
    if (x === null && y === null) return sign * a.localeCompare(b);
    return x === null ? 1 : -1;
  }
  return x === y ? 0 : sign * (x < y ? -1 : 1);
}
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = (row) => row.cells[heading.cellIndex].textContent;
      body.append(...[...body.rows].sort((a, b) => compare(text(a), text(b), up ? 1 : -1)));
    });
  }
}

// --- links to a run: open the folded list it stands in --------------------------------
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target && target.closest("details");
  if (folded && !folded.open) {
    folded.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", reveal);
reveal();

// --- figures: the value below the pointer -----------------------------------------------
const label = document.createElement("div");
label.className = "value";
label.hidden = true;
document.body.append(label);
const NEAR = 24; // pixels

function show(event, text) {
  label.textContent = text;
  label.hidden = false;
  const { width, height } = label.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - width - 8);
  const above = event.clientY - height - 14;
  label.style.left = `${Math.max(8, left)}px`;
  label.style.top = `${above > 0 ? above : event.clientY + 20}px`;
}
function value(scale, axis, place) {
  const [from, to] = axis ? [scale.box[1], scale.box[3]] : [scale.box[0], scale.box[2]];
  const [low, high] = scale.lim.slice(2 * axis, 2 * axis + 2);
  const share = (place - from) / (to - from);
  const found = scale.log[axis]
    ? 10 ** (Math.log10(low) + share * Math.log10(high / low))
    : low + share * (high - low);
  return Number(found.toPrecision(3)).toString();
}
function points(svg) {
  const found = [];
  for (const curve of svg.querySelectorAll(".curve")) {
    const add = (x, y) => found.push({ x: Number(x), y: Number(y), curve });
    const line = curve.querySelector(":scope > path");
    const marks = curve.querySelectorAll("use");
    if (marks.length) marks.forEach((m) => add(m.getAttribute("x"), m.getAttribute("y")));
    else if (line) {
      const numbers = line.getAttribute("d").match(/-?[\d.]+/g) || [];
      for (let i = 0; i + 1 < numbers.length; i += 2) add(numbers[i], numbers[i + 1]);
    }
  }
  return found;
}
for (const svg of document.querySelectorAll("svg[data-axes]")) {
  const scales = JSON.parse(svg.dataset.axes);
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  dot.setAttribute("r", 3.5);
  dot.setAttribute("class", "dot");
  let places = null;
  const leave = () => {
    label.hidden = true;
    dot.remove();
  };
  const move = (event) => {
    if (!places) {
      places = points(svg);
      // The browser's own tooltips would say the same again.
      for (const title of svg.querySelectorAll(".tip > title, .curve title")) {
        if (title.parentNode.matches(".tip")) title.parentNode.dataset.tip = title.textContent;
        title.remove();
      }
    }
    const cell = event.target.closest(".tip");
    if (cell) return show(event, cell.dataset.tip);
    const matrix = svg.getScreenCTM();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    let best = null;
    let least = NEAR / matrix.a;
    for (const point of places) {
      const distance = Math.hypot(point.x - at.x, point.y - at.y);
      if (distance < least) [best, least] = [point, distance];
    }
    if (!best) return leave();
    const { name, axes } = best.curve.dataset;
    const scale = scales[axes];
    dot.setAttribute("cx", best.x);
    dot.setAttribute("cy", best.y);
    svg.append(dot);
    show(event, `${name}\n${scale.x} ${value(scale, 0, best.x)}\n${scale.y} ${value(scale, 1, best.y)}`);
  };
  svg.addEventListener("pointermove", move);
  svg.addEventListener("pointerdown", move);
  svg.addEventListener("pointerleave", leave);
}
