// The answer on the page: a headline, a bar for each name, and what the units in between say.
const element = (name, told = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(told)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};
const place = (id) => document.getElementById(id);

const MOST_BARS = 12, MOST_UNITS = 400;
const {names: NAMES, kind: KIND, chances: CHANCES, low: LOW, high: HIGH} = TOLD.answer;
const COLORS = ["#0072b2", "#e08214", "#00916a", "#cc5fa0", "#7b5fc7", "#b8a100", "#3aa6d8", "#c0392b"];

const percent = (part) => {
  const shown = 100 * part;
  return (shown > 99.9 && shown < 100 ? ">99.9" : shown.toFixed(1)) + " %";
};
const number = (value) => {
  const size = Math.abs(value);
  return size >= 1e6 || (size < 1e-4 && size > 0) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
};
const told = (value) => (CHANCES ? percent(value) : number(value));
const named = (text) => (text === "" ? "(empty)" : text);

// where a number lies between the ends of training, from 0 to 1
const share = (values, at) => {
  if (CHANCES) return values[at];
  let low = LOW ? LOW[at] : Math.min(0, ...values), high = HIGH ? HIGH[at] : Math.max(0, ...values);
  if (low === high) high = low + 1;
  return Math.min(1, Math.max(0, (values[at] - low) / (high - low)));
};

const labelOf = KIND === "score" ? () => "score of " + named(NAMES[1]) : (at) => named(NAMES[at]);
const ROWS = [];
const bar = () => {
  const fill = element("i"), name = element("span"), value = element("b");
  const row = element("div", {className: "row"}, name, element("span", {className: "track"}, fill), value);
  place("bars").append(row);
  return {row, name, fill, value};
};
const fillBar = (at, which, values, isChosen) => {
  const {row, name, fill, value} = ROWS[at];
  name.textContent = name.title = labelOf(which);
  value.textContent = values ? told(values[which]) : "";
  fill.style.width = values ? 100 * share(values, which) + "%" : "0";
  row.classList.toggle("on", isChosen);
  if (NAMES.length <= COLORS.length && TOLD.inputs.kind === "plane") row.style.setProperty("--c", COLORS[which]);
};

const COUNT = KIND === "score" ? 1 : NAMES.length;
for (let at = 0; at < Math.min(COUNT, MOST_BARS); at++) ROWS.push(bar());
if (COUNT === 1 && !CHANCES && !LOW) place("bars").hidden = true;

place("answer").classList.toggle("few", COUNT <= 4);
const WHAT = KIND === "numbers" && COUNT === 1 ? NAMES[0] : TOLD.answer.target;
place("what").textContent = WHAT || "";

// names in their own order, or the first few by their numbers where there are many
const order = (values) => {
  const all = Array.from({length: COUNT}, (_, at) => at);
  if (COUNT > MOST_BARS && values && KIND !== "numbers") all.sort((a, b) => values[b] - values[a] || a - b);
  return all.slice(0, MOST_BARS);
};

const HEADLINE = {
  labels: ({chosen}) => NAMES.filter((_, at) => chosen[at]).map(named).join(", ") || "none of them",
  numbers: ({values}) => (COUNT === 1 ? number(values[0]) : COUNT + " numbers"),
};
const headline = HEADLINE[KIND] || (({chosen}) => named(NAMES[chosen]));
const BESIDE = {
  labels: () => "every label above 50 %",
  numbers: () => (COUNT === 1 && LOW ? `in training from ${number(LOW[0])} to ${number(HIGH[0])}` : ""),
  score: ({values}) => `with a score of ${number(values[0])} for ${named(NAMES[1])}; above 0.5 it is chosen`,
};
const beside = BESIDE[KIND] || (({chosen, values}) => (CHANCES ? `${percent(values[chosen])} sure` : `with a score of ${number(values[chosen])}`));

const isOn = (chosen, which) => (Array.isArray(chosen) ? chosen[which] === 1 : chosen === which);
const write = (id, text) => {
  const written = place(id);
  if (!written || written.textContent === text) return;
  written.textContent = text;
  written.classList.toggle("long", text.length > 20);
};
const show = (x) => {
  const given = answer(x);
  // tanh(Infinity) is 1: an answer may be finite although an input is beyond the network's numbers
  if (!x.every(Number.isFinite) || !given.values.every(Number.isFinite)) return nothing("Not a finite number: these inputs are far beyond training's.");
  write("headline", headline(given));
  write("beside", beside(given));
  write("short", `${headline(given)}: ${beside(given)}`);
  order(given.values).forEach((which, at) => fillBar(at, which, given.values, KIND === "numbers" || isOn(given.chosen, which)));
  light(given.activations);
  place("answer").classList.remove("empty");
  return given;
};
const nothing = (why) => {
  write("headline", "–");
  write("beside", why);
  write("short", "");
  order(null).forEach((which, at) => fillBar(at, which, null, false));
  light(null);
  place("answer").classList.add("empty");
};

// the units: one square each, blue above zero and orange below
const HIDDEN = LAYERS.slice(0, -1).map(({outputs, activation}, at) => {
  const units = Array.from({length: Math.min(outputs, MOST_UNITS)}, () => element("i"));
  const shown = units.length < outputs ? `, the first ${MOST_UNITS}` : "";
  const grid = element("div", {className: "units" + (outputs > 120 ? " many" : outputs > 32 ? " some" : "")}, ...units);
  const title = `Layer ${at + 1}: ${outputs} ${activation} units${shown}`;
  place("layers").append(element("h3", {textContent: title}), grid);
  return units;
});
if (!HIDDEN.length) place("inside").hidden = true;
place("signs").hidden = !LAYERS.slice(0, -1).some(({signed}) => signed);
const light = (activations) => HIDDEN.forEach((units, layer) => {
  const values = activations && activations[layer];
  const most = !values || LAYERS[layer].bounded ? 1
    : units.reduce((found, _, at) => Math.max(found, Math.abs(values[at])), 1e-9);
  units.forEach((unit, at) => {
    const value = values ? values[at] : 0;
    unit.style.setProperty("--s", (Math.abs(value) / most).toFixed(3));
    unit.classList.toggle("minus", value < 0);
    unit.title = values ? `unit ${at + 1}: ${number(value)}` : `unit ${at + 1}`;
  });
});
