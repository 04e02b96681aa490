// The network: numbers from text, and its answer to a row.
const TOLD = JSON.parse(document.getElementById("network").textContent);

// a float16 from its 16 bits: sign, 5 bits of exponent, 10 of fraction
const half = (bits) => {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
};

const buffer = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
const UNPACK = {
  int8: (text) => new Int8Array(buffer(text)),
  int16: (text) => new Int16Array(buffer(text)),
  float16: (text) => Float32Array.from(new Uint16Array(buffer(text)), half),
  float32: (text) => new Float32Array(buffer(text)),
  float64: (text) => new Float64Array(buffer(text)),
};

// whole numbers: each row of W has a scale of its own
const scaled = (whole, scales, inputs) => Float32Array.from(whole, (value, at) => value * scales[Math.floor(at / inputs)]);

const softmax = (z) => {
  const top = z.reduce((a, b) => Math.max(a, b)), e = z.map((v) => Math.exp(v - top));
  const sum = e.reduce((a, b) => a + b);
  return e.map((v) => v / sum);
};
const ACTIVATIONS = {
  sigmoid: (z) => z.map((v) => 1 / (1 + Math.exp(-v))),
  tanh: (z) => z.map(Math.tanh),
  relu: (z) => z.map((v) => Math.max(v, 0)),
  leaky_relu: (z) => z.map((v) => Math.max(v, 0.01 * v)),
  elu: (z) => z.map((v) => (v > 0 ? v : Math.expm1(v))),
  selu: (z) => z.map((v) => 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * Math.expm1(v))),
  gelu: (z) => z.map((v) => v / (1 + Math.exp(-Math.sqrt(8 / Math.PI) * (v + 0.044715 * v ** 3)))),
  silu: (z) => z.map((v) => v / (1 + Math.exp(-v))),
  softplus: (z) => z.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))),
  softmax,
  identity: (z) => z,
};

const LAYERS = TOLD.layers.map(({inputs, outputs, activation, bounded, signed, W, scales, b}) => ({
  inputs, outputs, activation, bounded, signed,
  W: scales ? scaled(UNPACK[TOLD.numbers](W), UNPACK.float32(scales), inputs) : UNPACK[TOLD.numbers](W),
  b: UNPACK[scales ? "float32" : TOLD.numbers](b),
  g: ACTIVATIONS[activation],
}));

// what the network's own numbers cannot hold is infinite there, and so here, where all arithmetic is in float64
const isWide = TOLD.dtype === "float64";
const inRange = (value) => (isWide || Number.isFinite(Math.fround(value)) ? value : Math.fround(value));

// z = W a + b and a = g(z), layer after layer: z of the last, and a of all
const forward = (x) => {
  const activations = [];
  let a = x, z = x;
  for (const {W, b, g} of LAYERS) {
    z = Float64Array.from(b);
    for (let unit = 0, at = 0; unit < z.length; unit++) {
      let sum = z[unit];
      for (let input = 0; input < a.length; input++) sum += W[at++] * a[input];
      z[unit] = inRange(sum);
    }
    a = g(z);
    activations.push(a);
  }
  return {z, activations};
};

const largest = (values) => values.reduce((best, value, at) => (value > values[best] ? at : best), 0);

// what the last layer says: the number of the chosen class (or 0 and 1 for each label), and a number for each name
const READ = {
  classes: (z, a) => ({chosen: largest(z), values: [...a]}),
  two: (z, a) => ({chosen: Number(a[0] > 0.5), values: [1 - a[0], a[0]]}),
  score: (z, a) => ({chosen: Number(a[0] > 0.5), values: [a[0]]}),
  labels: (z, a) => ({chosen: [...a].map((v) => Number(v > 0.5)), values: [...a]}),
  numbers: (z, a) => ({
    chosen: null,
    values: [...a].map((v, at) => v * TOLD.answer.spreads[at] + TOLD.answer.centers[at]),
  }),
};

const answer = (x) => {
  const {z, activations} = forward(x);
  return {activations, ...READ[TOLD.answer.kind](z, activations[activations.length - 1])};
};

// what Unicode calls white space does not count around a cell
const stripped = (text) => text.replace(/^(?:[^\S\ufeff]|\x85)+|(?:[^\S\ufeff]|\x85)+$/g, "");
// a cell as a number by the rule of nncli/data/cells.py, NaN for what is none: Number() takes more, "" and "0x10" too
const NUMBER = /^(?:[^\S\ufeff]|\x85)*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:[^\S\ufeff]|\x85)*$/;
const numberOf = (cell) => {
  const found = NUMBER.exec(cell), value = found ? Number(found[1]) : NaN;
  return Number.isFinite(value) ? value : NaN;
};

// a row of numbers as the data hold them, divided as in training
const divided = (row) => {
  const {scale} = TOLD.inputs;
  if (isWide) return Float64Array.from(row, (value) => value * (1 / scale));
  return Float32Array.from(row, (value) => Math.fround(value) * Math.fround(1 / scale));
};
