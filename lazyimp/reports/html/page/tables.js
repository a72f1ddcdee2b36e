// Tables: sortable, filtered by the search, long ones cut with a button for the rest.

const CUT = 40;

// A column: head, value (what sorts), show (what is seen, the value if missing), n for numbers, label for those that name something,
// less for what narrow windows leave out.
function tableOf(columns, rows, options) {
  const sort = { ...(options.sort || { column: 0, down: false }) };
  const holder = make("div", {});
  let all = false;
  const draw = () => {
    const matching = rows.filter(options.matches || (() => true));
    const sorted = sortRows(matching, columns[sort.column], sort.down);
    const seen = all ? sorted : sorted.slice(0, CUT);
    holder.replaceChildren(...[
      matching.length < rows.length ? filterNote(matching.length, rows.length) : null,
      seen.length ? make("div", { class: "wide" }, make("table", {}, headOf(columns, sort, draw, holder),
        make("tbody", {}, seen.map((row) => rowOf(columns, row))), options.foot ? footOf(columns, options.foot(matching)) : null)) : null,
      seen.length || matching.length < rows.length ? null : make("p", { class: "soft" }, options.empty),
      seen.length < sorted.length ? moreButton(sorted.length, () => { all = true; draw(); }) : null,
    ].filter(Boolean));
    markChosen(holder);
  };
  draw();
  return { element: holder, draw };
}

function sortRows(rows, column, down) {
  const compare = (a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    const order = typeof left === "string" ? left.localeCompare(right, "en") : (left ?? -Infinity) - (right ?? -Infinity);
    return down ? -order : order;
  };
  return rows.slice().sort(compare);
}

function headOf(columns, sort, draw, holder) {
  return make("thead", {}, make("tr", {}, columns.map((column, number) => {
    if (!column.value && !column.head) return make("td", { class: classesOf(column) });
    if (!column.value) return make("th", { class: classesOf(column), scope: "col" }, column.head);
    const turn = () => {
      sort.down = sort.column === number ? !sort.down : Boolean(column.n);
      sort.column = number;
      draw();
      holder.querySelector(`[data-head="${CSS.escape(column.head)}"]`)?.focus();
    };
    const now = sort.column === number ? sort.down ? "descending" : "ascending" : null;
    return make("th", { scope: "col", class: classesOf(column), "aria-sort": now },
      make("button", { type: "button", "data-head": column.head, onclick: turn }, column.head));
  })));
}

const classesOf = (column) => [column.n ? "n" : "", column.less ? "less" : "", column.kind || ""].join(" ").trim() || null;

function rowOf(columns, row) {
  const made = make("tr", {}, columns.map((column) => make("td", { class: cellClass(column, row) }, cellOf(column, row))));
  made.node = row.node || null;
  return made;
}

function cellClass(column, row) {
  const zero = column.n && !column.label && Math.abs(column.value(row) || 0) < 1e-9 ? "zero" : "";
  return `${classesOf(column) || ""} ${zero}`.trim() || null;
}

function cellOf(column, row) {
  const shown = column.show ? column.show(row) : column.value(row);
  return shown === null || shown === undefined ? "" : shown;
}

function footOf(columns, row) {
  return make("tfoot", {}, make("tr", {}, columns.map((column) => make(row[column.head] === undefined ? "td" : "th", { class: classesOf(column) }, row[column.head]))));
}

function filterNote(number, whole) {
  return make("p", { class: "soft" }, `${grouped(number)} of ${grouped(whole)} hold \u201c${state.query}\u201d. `,
    make("button", { type: "button", class: "link", onclick: clearSearch }, "Show all"));
}

function moreButton(number, act) {
  return make("button", { type: "button", class: "more", onclick: act }, `Show all ${grouped(number)}`);
}

function markChosen(holder) {
  for (const row of holder.querySelectorAll("tbody tr")) row.classList.toggle("chosen", Boolean(row.node) && row.node === state.node);
}

// Columns that many tables share.
const milli = (value) => withUnit(grouped(value * 1e3, 1), "ms");
const timeColumn = (head, value, more = {}) => ({ head, n: true, value, show: (row) => (value(row) === null ? "" : milli(value(row))), ...more });
const countColumn = (head, value, more = {}) => ({ head, n: true, value, show: (row) => grouped(value(row)), ...more });
const bytesColumn = (head, value, more = {}) => ({ head, n: true, value, show: (row) => withUnit(grouped(value(row) / 2 ** 20, 1), "MiB"), ...more });
const placeColumn = (head, value, more = {}) => ({ head, value, show: (row) => make("span", { class: "place" }, breakable(value(row))), ...more });
const moduleColumn = (head = "Module") => ({ head, value: (row) => row.name, show: (row) => (row.node ? moduleLink(row.node, row.name) : make("code", {}, breakable(row.name))) });

function meterColumn(value, most, fill) {
  return { head: "", kind: "bar-cell", less: true, show: (row) => make("span", {
    class: "meter", styles: { width: `${100 * Math.max(0, value(row)) / (most || 1)}%`, background: fill ? `var(${fill(row)})` : null } }) };
}
