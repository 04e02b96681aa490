// A row of a table: a field for each column. The encoding is that of nncli/export/plain.py.
const {columns, missing} = TOLD.inputs;
const isHole = (cell) => cell === null || cell === undefined || missing.includes(String(cell)) || missing.includes(stripped(String(cell)));

// (value - center) / spread, the fill where there is none; then, if training had holes, whether it is one
const numbers = ({name, fill, center, spread, flag}, cell) => {
  const hole = isHole(cell), value = hole ? fill : numberOf(cell);
  if (Number.isNaN(value)) throw new Error(`${name}: ${String(cell).slice(0, 40)} is no number.`);
  const scaled = (value - center) / spread;
  return flag ? [scaled, Number(hole)] : [scaled];
};
// one input per category: 1 for the cell's own, as it stands or without the blanks around it
const texts = ({categories}, cell) => {
  const found = [cell, stripped(String(cell))].find((one) => isHole(one) || categories.includes(one));
  const own = found === undefined ? null : isHole(found) ? "" : found;
  return categories.map((text) => Number(text === own));
};

const encode = (row) => Float32Array.from(columns.flatMap((column) => {
  if (!Object.hasOwn(row, column.name)) throw new Error(`There is no ${column.name}.`);
  return (column.categories ? texts : numbers)(column, row[column.name]);
}));
const outputs = (rows) => rows.map((row) => answer(encode(row)).values);

// a step that looks right on a slider: a whole number, or about a hundredth of the range
const stepOf = ({low, high, whole}) => (whole ? 1 : 10 ** Math.floor(Math.log10((high - low) / 50)));
const rounded = (value) => Number(value.toPrecision(6));

const numberField = (column, id) => {
  const {low, high, fill, flag, whole} = column, hasRange = low !== undefined && low < high;
  // not type="number", which takes 1,5 for 15 and digits of other scripts for nothing
  const input = element("input", {id, value: rounded(fill), defaultValue: rounded(fill), autocomplete: "off", spellcheck: false});
  const hint = element("small", {id: id + "-hint"});
  const parts = [element("span", {className: "value"}, input), hint];
  let slider = null;
  if (hasRange) {
    const step = stepOf(column);
    const ends = whole ? [low, high] : [Math.floor(low / step) * step, Math.ceil(high / step) * step].map(rounded);
    slider = element("input", {type: "range", "aria-label": column.name, min: ends[0], max: ends[1], step, tabIndex: -1});
    slider.addEventListener("input", () => { input.value = rounded(Number(slider.value)); ask(); });
    parts.splice(1, 0, slider);
  }
  const cell = () => (input.value === "" ? null : input.value);
  const tell = () => {
    const hole = isHole(cell()), value = numberOf(cell()), isOdd = !hole && Number.isNaN(value);
    const isFar = hasRange && !hole && (value < low || value > high);
    if (slider && !hole && !isOdd) slider.value = value;
    if (slider) slider.classList.toggle("off", hole);
    const range = hasRange ? `${number(low)} to ${number(high)}` : "";
    hint.textContent = isOdd ? "is no number"
      : hole ? (flag ? "missing" : `missing: taken for ${number(fill)}`)
      : isFar ? `beyond training's ${range}` : range;
    hint.classList.toggle("far", isFar || isOdd);
    input.setAttribute("aria-invalid", isOdd);
  };
  input.setAttribute("aria-describedby", hint.id);
  return {parts, cell, tell};
};

const OTHER = -1, UNSEEN = "\u0000";  // no text of a table is that
const textField = ({categories, usual}, id) => {
  const option = (text, at) => element("option", {value: at, textContent: text, defaultSelected: at === usual, selected: at === usual});
  const all = categories.map((text, at) => option(text === "" ? "(missing)" : text, at));
  const other = categories.includes("") ? "(other)" : "(other, or missing)";
  const input = element("select", {id}, ...all, option(other, OTHER));
  const known = () => categories[Number(input.value)];
  const cell = () => (Number(input.value) === OTHER ? UNSEEN : known());
  return {parts: [input], cell, tell: () => {}};
};

const FIELDS = columns.map((column, at) => {
  const id = "field" + at, made = (column.categories ? textField : numberField)(column, id);
  const label = element("label", {textContent: column.name, htmlFor: id});
  place("fields").append(element("div", {className: "field"}, label, ...made.parts));
  return {name: column.name, ...made};
});
const given = () => Object.fromEntries(FIELDS.map(({name, cell}) => [name, cell()]));
const ask = () => {
  FIELDS.forEach(({tell}) => tell());
  try {
    show(encode(given()));
  } catch (odd) {
    nothing(odd.message);
  }
};
const form = document.querySelector("form");
form.addEventListener("input", ask);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(ask));
ask();
