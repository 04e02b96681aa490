// A row of numbers, pasted.
const {features} = TOLD.inputs;
const outputs = (rows) => rows.map((row) => answer(divided(row)).values);

const COUNTED = (count) => `${count} number${count === 1 ? "" : "s"}`;
place("ask").textContent = `Paste a row of ${COUNTED(features)}, as the data hold them:`;
const field = place("row");
field.placeholder = Array.from({length: Math.min(features, 6)}, () => "0").join(", ") + (features > 6 ? ", …" : "");

// cells end at line ends, and at semicolons, tabs, commas or blanks: at the first of these that there is, so that the
// comma of 1,5; 2,5 separates nothing
const ENDS = [";", "\t", ",", " "].map((mark) => [mark, new RegExp(` *${mark}[ \\n]*| *\\n[ \\n]*`)]);
const read = () => {
  const text = field.value.trim();
  if (!text) return {why: ""};
  const [, ends] = ENDS.find(([mark]) => text.includes(mark)) || [null, /\s+/];
  const cells = text.split(ends), row = cells.map(numberOf), odd = row.findIndex(Number.isNaN);
  if (odd >= 0) return {why: cells[odd] ? `${cells[odd].slice(0, 40)} is no number.` : "There is nothing between two separators."};
  if (row.length !== features) return {why: `${COUNTED(row.length)}, but the network takes ${features}.`};
  return {row};
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
