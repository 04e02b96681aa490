// Two inputs: what the network says of every point of the plane, and of the one under the pointer.
const outputs = (rows) => rows.map((row) => answer(divided(row)).values);
const svg = (name, told, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in told) made.setAttribute(key, told[key]);
  if (text !== undefined) made.textContent = text;
  return made;
};

// the ends of the axes: a bit beyond training
const ENDS = [0, 1].map((axis) => {
  const {low, high} = TOLD.inputs, room = 0.12 * (high[axis] - low[axis]) || 1;
  return [low[axis] - room, high[axis] + room];
});
const [across, up] = ENDS.map(([low, high]) => high - low);
const plane = place("plane"), EDGE = 44;
const WIDE = Math.max(200, plane.clientWidth - EDGE), HIGH_SIDE = Math.round(WIDE * Math.min(1.1, Math.max(0.6, up / across)));
const CELLS = 150, DOWN = Math.round((CELLS * HIGH_SIDE) / WIDE);
const toPage = ([x, y]) => [((x - ENDS[0][0]) / across) * WIDE, (1 - (y - ENDS[1][0]) / up) * HIGH_SIDE];
const toPlane = (x, y) => [ENDS[0][0] + (x / WIDE) * across, ENDS[1][0] + (1 - y / HIGH_SIDE) * up];

const canvas = element("canvas", {width: CELLS, height: DOWN});
const over = svg("svg", {viewBox: `0 0 ${WIDE + EDGE} ${HIGH_SIDE + EDGE}`});
plane.append(canvas, over);
plane.setAttribute("aria-label", "The plane of both inputs. Arrow keys move the point that is asked.");
canvas.style.width = (100 * WIDE) / (WIDE + EDGE) + "%";
canvas.style.left = (100 * EDGE) / (WIDE + EDGE) + "%";
over.setAttribute("aria-hidden", "true");

// round numbers between two ends, some five of them
const ticks = ([low, high]) => {
  const rough = (high - low) / 5, ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * ten).find((size) => size >= rough), found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) found.push(Number((at * step).toPrecision(6)));
  return found;
};
const drawn = svg("g", {transform: `translate(${EDGE} 0)`});
over.append(drawn);
for (const tick of ticks(ENDS[0])) drawn.append(svg("text", {x: toPage([tick, 0])[0], y: HIGH_SIDE + 18, class: "middle"}, tick));
for (const tick of ticks(ENDS[1])) drawn.append(svg("text", {x: -7, y: toPage([0, tick])[1] + 4, class: "end"}, tick));
drawn.append(svg("text", {x: WIDE, y: HIGH_SIDE + 38, class: "end name"}, "first input"));
drawn.append(svg("text", {class: "end name", transform: "translate(-32 0) rotate(-90)"}, "second input"));
for (const [x, y, which] of TOLD.inputs.points || []) {
  const [cx, cy] = toPage([x, y]);
  if (Number.isInteger(which)) drawn.append(svg("circle", {cx, cy, r: WIDE < 400 ? 2.6 : 3.4, class: "point", style: `--c:${COLORS[which % COLORS.length]}`}));
}
const cursor = svg("g", {class: "asked"});
cursor.append(svg("circle", {r: 9}), svg("circle", {r: 2}));
drawn.append(cursor);

// colors: those of the classes, mixed; or from the color of little to that of much, for the first number or label
const rgb = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
const PALETTE = COLORS.map(rgb);
const weights = (values) => {
  if (KIND === "classes" && CHANCES) { const sum = values.reduce((a, b) => a + b) || 1; return values.map((value) => value / sum); }
  if (KIND === "two") return values;
  if (KIND === "classes") return values.map((_, at) => Number(at === largest(values)));
  if (KIND === "score") return [Number(values[0] <= 0.5), Number(values[0] > 0.5)];
  const part = share(values, 0);
  return [1 - part, part];
};
const colored = (values) => {
  if (!values.every(Number.isFinite)) return [128, 128, 128, 0];
  const parts = weights(values), sure = Math.max(...parts);
  const mixed = [0, 1, 2].map((channel) => parts.reduce((sum, part, at) => sum + part * PALETTE[at % PALETTE.length][channel], 0));
  return [...mixed, 255 * (0.12 + 0.5 * sure ** 2)];
};

// a few rows at a time, so that the page stays quick
const pen = canvas.getContext("2d");
let next = 0;
const paint = () => {
  const until = performance.now() + 12, image = pen.createImageData(CELLS, 1);
  while (next < DOWN && performance.now() < until) {
    for (let column = 0; column < CELLS; column++) {
      const point = toPlane(((column + 0.5) / CELLS) * WIDE, ((next + 0.5) / DOWN) * HIGH_SIDE);
      image.data.set(colored(answer(divided(point)).values), 4 * column);
    }
    pen.putImageData(image, 0, next++);
  }
  if (next < DOWN) requestAnimationFrame(paint);
  else plane.dataset.painted = "";
};

let asked = toPlane(WIDE / 2, HIGH_SIDE / 2);
const ask = (point) => {
  asked = point.map((value, axis) => Math.min(ENDS[axis][1], Math.max(ENDS[axis][0], value)));
  cursor.setAttribute("transform", `translate(${toPage(asked).join(" ")})`);
  write("where", `At ${asked.map((value) => value.toFixed(2)).join(", ")}. Move over the plane, tap it, or use the arrow keys.`);
  show(divided(asked));
};
const follow = (event) => {
  const box = canvas.getBoundingClientRect();
  ask(toPlane(((event.clientX - box.left) / box.width) * WIDE, ((event.clientY - box.top) / box.height) * HIGH_SIDE));
};
plane.addEventListener("pointermove", follow);
plane.addEventListener("pointerdown", follow);
const MOVES = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
plane.addEventListener("keydown", (event) => {
  const move = MOVES[event.key];
  if (!move) return;
  event.preventDefault();
  ask(asked.map((value, axis) => value + move[axis] * [across, up][axis] * (event.shiftKey ? 0.005 : 0.02)));
});
ask(asked);
requestAnimationFrame(paint);
