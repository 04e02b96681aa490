// A row of numbers, pasted.
const {features} = TOLD.inputs;
const outputs = (rows) => rows.map((row) => answer(divided(row)).values);

const COUNTED = (count) => `${count} number${count === 1 ? "" : "s"}`;
place("ask").textContent = `Paste a row of ${COUNTED(features)}, as the data hold them:`;
const field = place("row");
field.placeholder = Array.from({length: Math.min(features, 6)}, () => "0").join(", ") + (features > 6 ? ", …" : "");

const read = () => {
  const cells = field.value.split(/[\s,;]+/).filter((cell) => cell);
  const odd = cells.find((cell) => !Number.isFinite(Number(cell)));
  if (!cells.length) return {why: ""};
  if (odd !== undefined) return {why: `${odd.slice(0, 40)} is no number.`};
  if (cells.length !== features) return {why: `${COUNTED(cells.length)}, but the network takes ${features}.`};
  return {row: cells.map(Number)};
};
const ask = () => {
  const {row, why} = read();
  write("problem", why || "");
  field.setAttribute("aria-invalid", Boolean(why));
  if (row) show(divided(row));
  else nothing("No row is given yet.");
};
field.addEventListener("input", ask);
ask();
