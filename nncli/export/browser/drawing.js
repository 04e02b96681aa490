// A drawing with mouse, finger or keys, made like the digits of MNIST: the steps of nncli/data/drawing.py.
const SIDE = 28, BOX = 20, FAINT = 32, MIDDLE = 14.5, INK = 0.25;
const roundHalfUp = (value) => Math.floor(value + 0.5);

const middleShade = (gray) => {
  const counts = new Uint32Array(256);
  for (const shade of gray) counts[shade]++;
  const ranked = (rank) => { let shade = 0; for (let seen = counts[0]; seen <= rank; seen += counts[shade]) shade++; return shade; };
  return (ranked((gray.length - 1) >> 1) + ranked(gray.length >> 1)) / 2;
};

// row i holds the share of each of `have` pixels in the i-th of `want` equal stretches of them: [first, shares]
const averages = (have, want) => Array.from({length: want}, (_, at) => {
  const low = at * (have / want), high = (at + 1) * (have / want), first = Math.floor(low), shares = [];
  for (let pixel = first; pixel < Math.min(have, Math.ceil(high)); pixel++) {
    shares.push(Math.max(Math.min(high, pixel + 1) - Math.max(low, pixel), 0) * (want / have));
  }
  return [first, shares];
});

// where a side begins, so that its mean position is at MIDDLE
const offset = (mass) => {
  const sum = mass.reduce((a, b) => a + b), mean = mass.reduce((all, value, at) => all + value * (at + 0.5), 0) / sum;
  return Math.min(Math.max(roundHalfUp(MIDDLE - mean), 0), SIDE - mass.length);
};

// from gray bytes, dark on light, to 28 x 28 bytes, light on dark; null where nothing is drawn
const asMnist = (gray, height, width) => {
  const paper = middleShade(gray);
  const ink = new Float64Array(gray.length);
  let darkest = -Infinity;
  for (let at = 0; at < ink.length; at++) {
    ink[at] = paper - gray[at];
    darkest = Math.max(darkest, ink[at]);
  }
  if (darkest < FAINT) return null;
  let above = height, below = -1, left = width, right = -1;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      if (ink[at] < INK * darkest) ink[at] = 0;
      if (ink[at] === 0) continue;
      above = Math.min(above, row); below = row;
      left = Math.min(left, column); right = Math.max(right, column);
    }
  }
  const high = below - above + 1, wide = right - left + 1, longer = Math.max(high, wide);
  const [tall, broad] = [high, wide].map((side) => Math.max(1, roundHalfUp((side * BOX) / longer)));
  const columns = averages(wide, broad);
  const small = averages(high, tall).map(([top, down]) => columns.map(([start, across]) => {
    let sum = 0;
    for (let r = 0; r < down.length; r++) {
      const from = (above + top + r) * width + left + start;
      for (let c = 0; c < across.length; c++) sum += down[r] * across[c] * ink[from + c];
    }
    return sum;
  }));
  const brightest = Math.max(...small.flat()), stretched = small.map((row) => row.map((value) => value * (255 / brightest)));
  const picture = new Uint8Array(SIDE * SIDE);
  const down = offset(stretched.map((row) => row.reduce((a, b) => a + b)));
  const across = offset(stretched[0].map((_, column) => stretched.reduce((sum, row) => sum + row[column], 0)));
  stretched.forEach((row, r) => row.forEach((value, c) => { picture[(down + r) * SIDE + across + c] = Math.floor(value + 0.5); }));
  return picture;
};

// rows of 784 bytes, as MNIST has them: their answers
const pixels = (picture) => divided(TOLD.inputs.white === 255 ? picture : Array.from(picture, (shade) => shade * Math.fround(TOLD.inputs.white / 255)));
const outputs = (rows) => rows.map((row) => answer(divided(row)).values);

const sheet = place("sheet"), pen = sheet.getContext("2d", {willReadFrequently: true});
const seen = place("seen").getContext("2d");
const THICK = 22;
const paint = (bytes, color) => {
  const image = seen.createImageData(SIDE, SIDE);
  bytes.forEach((_, at) => image.data.set([...color(at), 255], 4 * at));
  seen.putImageData(image, 0, 0);
};
const gray = () => {
  const {data} = pen.getImageData(0, 0, sheet.width, sheet.height);
  const shades = new Uint8Array(data.length / 4);
  for (let at = 0; at < shades.length; at++) shades[at] = data[4 * at];
  return shades;
};

let picture = null;
const look = () => {
  const shades = gray();
  picture = asMnist(shades, sheet.height, sheet.width);
  place("hint").hidden = shades.some((shade) => shade < 255);
  paint(picture || new Uint8Array(SIDE * SIDE), (at) => (picture ? [picture[at], picture[at], picture[at]] : [0, 0, 0]));
  if (picture) show(pixels(picture));
  else nothing(place("hint").hidden ? "More ink than paper: clear it and draw thinner." : "Nothing is drawn yet.");
};
let waiting = 0;
const later = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; look(); }); };

const clear = () => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, sheet.width, sheet.height); look(); };
const stroke = (from, to) => {
  pen.strokeStyle = "#000"; pen.lineWidth = THICK; pen.lineCap = pen.lineJoin = "round";
  pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke();
  later();
};

// mouse, pen and finger: one at a time
let held = null, last = null;
const at = (event) => {
  const box = sheet.getBoundingClientRect();
  return [(event.clientX - box.left) * (sheet.width / box.width), (event.clientY - box.top) * (sheet.height / box.height)];
};
sheet.addEventListener("pointerdown", (event) => {
  if (held !== null || event.button) return;
  held = event.pointerId;
  sheet.setPointerCapture(held);
  stroke((last = at(event)), last);
});
sheet.addEventListener("pointermove", (event) => {
  if (event.pointerId !== held) return;
  const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const each of between.length ? between : [event]) { const next = at(each); stroke(last, next); last = next; }
});
for (const end of ["pointerup", "pointercancel"]) sheet.addEventListener(end, (event) => { if (event.pointerId === held) held = null; });

// keys: a pen that moves, and draws while it is down
let tip = [140, 60], isDown = false;
const mark = () => {
  const dot = place("pen");
  dot.style.left = (100 * tip[0]) / sheet.width + "%";
  dot.style.top = (100 * tip[1]) / sheet.height + "%";
  dot.classList.toggle("down", isDown);
};
const MOVES = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
sheet.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const move = MOVES[event.key], far = event.shiftKey ? 2 : 8;
  if (move) {
    const next = tip.map((value, axis) => Math.min(270, Math.max(10, value + far * move[axis])));
    if (isDown) stroke(tip, next);
    tip = next;
  } else if (event.key === " ") {
    isDown = !isDown;
    if (isDown) stroke(tip, tip);
  } else if (["Delete", "Backspace", "Escape"].includes(event.key)) {
    isDown = false;
    clear();
  } else return;
  event.preventDefault();
  place("pen").hidden = false;
  mark();
});
sheet.addEventListener("blur", () => { isDown = false; place("pen").hidden = true; });

// a unit of the first layer, under the pointer: what it looks for
const TITLE = place("seen-title").textContent;
(HIDDEN[0] || []).forEach((unit, number) => {
  unit.addEventListener("pointerenter", () => {
    const weights = LAYERS[0].W.subarray(number * SIDE * SIDE, (number + 1) * SIDE * SIDE);
    const most = weights.reduce((found, weight) => Math.max(found, Math.abs(weight)), 1e-9);
    const ends = [[33, 102, 172], [178, 24, 43]];
    paint(weights, (at) => ends[Number(weights[at] > 0)].map((end) => 255 + (Math.abs(weights[at]) / most) * (end - 255)));
    place("seen-title").textContent = `What unit ${number + 1} looks for`;
  });
  unit.addEventListener("pointerleave", () => { place("seen-title").textContent = TITLE; look(); });
});

const few = NAMES.length <= 12 && NAMES.join("").length <= 24;
place("hint").textContent = few ? `Draw here: ${NAMES.join(" ")}` : "Draw here";
place("clear").addEventListener("click", clear);
clear();
