/* Elements are made of text alone: whatever came from outside is never read as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: h("td", {class: "number", onclick: f, style: {color: "red"}}, "text", child, …). */
export const h = (name, properties, ...children) => fill(document.createElement(name), properties, children);

/** The same for an element of a drawing. */
export const s = (name, properties, ...children) => fill(document.createElementNS(SVG, name), properties, children);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "style") Object.assign(element.style, value); // by CSSOM: the policy forbids the attribute
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Put new content where the old was, unless it would be the same; the focus stays with what has the same data-key. */
export function show(place, key, make) {
  const text = JSON.stringify(key);
  if (place.dataset.shown === text) return;
  place.dataset.shown = text;
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const open = new Set([...place.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  place.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
  for (const each of place.querySelectorAll("details")) each.open = open.has(each.dataset.key);
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** A table whose cells know their column, for narrow screens where rows are lists. */
export function table(caption, columns, rows) {
  const cells = (row) => columns.map(([label, kind], at) => h("td", { class: kind, "data-label": label }, row.cells[at]));
  return h("table", { class: "rows" }, h("caption", null, caption),
    h("thead", null, h("tr", null, columns.map(([label, kind]) => h("th", { scope: "col", class: kind }, label)))),
    h("tbody", null, rows.map((row) => h("tr", { class: row.selected ? "selected" : null }, cells(row)))));
}
