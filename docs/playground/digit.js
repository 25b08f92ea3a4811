// Draw a digit, add noise, and let two networks clean it.
import { about, address, isReady, run, starter } from "./engine.js";
import { clipped, decibels, draw, normals, psnr, withNoise } from "./pictures.js";

const NETWORKS = { published: "mnist_published", best: "mnist_best" };
const NAMES = Object.values(NETWORKS), SHAPE = [28, 28, 1], SIZE = 784;
const STRENGTHS = Array.from({ length: 13 }, (_, k) => 0.05 * k);
const find = (id) => document.getElementById(id);
const pad = find("pad"), sigma = find("sigma");
const pen = { row: 8, column: 14, down: false, shown: false };
let ink = new Float32Array(SIZE), normal, seed = 1, test = [], labels = [], asked = 0;

function show() {
  const context = pad.getContext("2d"), cell = pad.width / 28, grey = (v) => `rgb(${v},${v},${v})`;
  ink.forEach((value, k) => {
    context.fillStyle = grey(Math.round(255 * value));
    context.fillRect((k % 28) * cell, Math.floor(k / 28) * cell, cell, cell);
  });
  if (pen.shown) {
    context.strokeStyle = pen.down ? "#d55e00" : "#56b4e9";
    context.lineWidth = 3;
    context.strokeRect(pen.column * cell, pen.row * cell, cell, cell);
  }
}

function stroke(fromRow, fromColumn, toRow, toColumn) {  // a soft brush, as wide as the digits' strokes
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(toRow - fromRow, toColumn - fromColumn)));
  for (let step = 0; step <= steps; step++) {
    const row = fromRow + (toRow - fromRow) * step / steps, column = fromColumn + (toColumn - fromColumn) * step / steps;
    for (let r = Math.max(0, Math.floor(row) - 2); r <= Math.min(27, row + 2); r++)
      for (let c = Math.max(0, Math.floor(column) - 2); c <= Math.min(27, column + 2); c++) {
        const distance = Math.hypot(r + 0.5 - row, c + 0.5 - column);
        ink[r * 28 + c] = Math.max(ink[r * 28 + c], Math.min(1, Math.max(0, 2 - distance)));
      }
  }
}

const penSaid = () => pen.shown ? ` The pen is ${pen.down ? "down" : "up"}.` : "";

async function update() {
  const strength = Number(sigma.value), noisy = withNoise(ink, normal, strength);
  find("sigma-shown").textContent = strength.toFixed(2);
  show();
  draw(find("noisy"), noisy, SHAPE);
  find("noisy-psnr").textContent = decibels(psnr(ink, noisy));
  if (!isReady(NAMES)) return;
  const mine = ++asked, scores = {};
  for (const [id, name] of Object.entries(NETWORKS)) {
    const { data } = await run(name, noisy, [1, ...SHAPE]);
    if (mine !== asked) return;  // something newer is under way
    const restored = clipped(data);
    draw(find(id), restored, SHAPE);
    scores[id] = psnr(ink, restored);
    find(`${id}-psnr`).textContent = decibels(scores[id]);
  }
  find("why").hidden = scores.best >= scores.published || strength <= 0.2;
  find("said").textContent = `σ ${strength.toFixed(2)}: noisy ${decibels(psnr(ink, noisy))}, published ` +
    `${decibels(scores.published)}, best ${decibels(scores.best)}.${penSaid()}`;
  mark();
}

let later;
function changed() {  // the picture: the curves are new as well
  update();
  clearTimeout(later);
  later = setTimeout(chart, 200);
}

const X = (value) => 46 + value / 0.6 * 540, Y = (value) => 216 - (Math.max(5, Math.min(45, value)) - 5) / 40 * 200;
const COLORS = { noisy: "#7f7f7f", published: "#d55e00", best: "#0072b2" };

async function chart() {
  if (!isReady(NAMES)) return;
  const noisy = STRENGTHS.map((strength) => withNoise(ink, normal, strength)), all = new Float32Array(SIZE * noisy.length);
  noisy.forEach((picture, k) => all.set(picture, k * SIZE));
  const lines = { noisy: noisy.map((picture) => psnr(ink, picture)) };
  for (const [id, name] of Object.entries(NETWORKS)) {
    const { data } = await run(name, all, [noisy.length, ...SHAPE]);
    lines[id] = noisy.map((_, k) => psnr(ink, clipped(data.subarray(k * SIZE, (k + 1) * SIZE))));
  }
  let svg = "";
  for (let y = 5; y <= 45; y += 10) svg += `<path class="grid" d="M46 ${Y(y)}H586"/><text x="38" y="${Y(y) + 5}" text-anchor="end">${y}</text>`;
  for (let x = 0; x <= 6; x++) svg += `<text x="${X(x / 10)}" y="246" text-anchor="middle">${(x / 10).toFixed(1)}</text>`;
  svg += `<text x="316" y="272" text-anchor="middle">σ of the noise</text><text x="38" y="-8" text-anchor="end">dB</text><path class="trained" d="M${X(0.2)} 16V216"/>`;
  const ends = Object.entries(lines).map(([id, values]) => ({ id, values, y: Y(values.at(-1)) }));
  ends.sort((a, b) => a.y - b.y).forEach((end, k) => { if (k && end.y < ends[k - 1].y + 18) end.y = ends[k - 1].y + 18; });
  for (const { id, values, y } of ends) {
    const points = values.map((value, k) => `${X(STRENGTHS[k])},${Y(value)}`).join(" ");
    svg += `<polyline points="${points}" stroke="${COLORS[id]}"/><text x="594" y="${y + 5}" fill="${COLORS[id]}">${id}</text>`;
  }
  const loses = STRENGTHS.find((strength, k) => strength > 0.2 && lines.best[k] < lines.published[k]);
  find("chart").innerHTML = `${svg}<path id="now" class="now" d="M0 0"/>`;
  find("chart").setAttribute("aria-label", "PSNR of this digit against the strength of the noise. " + (loses
    ? `The best network is ahead at its own strength of 0.20 and behind the published one from about ${loses.toFixed(2)}.`
    : "The best network is ahead of the published one at all strengths of 0.20 and more."));
  mark();
}

const mark = () => find("now")?.setAttribute("d", `M${X(Number(sigma.value))} 16V216`);

const place = (event) => {
  const box = pad.getBoundingClientRect();
  return [(event.clientY - box.top) / box.height * 28, (event.clientX - box.left) / box.width * 28];
};
let last;
pad.addEventListener("pointerdown", (event) => {
  pad.setPointerCapture(event.pointerId);
  event.preventDefault();
  pen.shown = false;
  last = place(event);
  stroke(...last, ...last);
  start();
  changed();
});
pad.addEventListener("pointermove", (event) => {
  if (!last) return;
  const next = place(event);
  stroke(...last, ...next);
  last = next;
  changed();
});
for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => { last = undefined; });
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
pad.addEventListener("keydown", (event) => {
  if (!(event.key in MOVES) && event.key !== " ") return;
  event.preventDefault();
  pen.shown = true;
  if (event.key === " ") pen.down = !pen.down;
  const [down, right] = MOVES[event.key] ?? [0, 0];
  const row = Math.min(27, Math.max(0, pen.row + down)), column = Math.min(27, Math.max(0, pen.column + right));
  if (pen.down) stroke(pen.row + 0.5, pen.column + 0.5, row + 0.5, column + 0.5);
  Object.assign(pen, { row, column });
  if (event.key === " ") find("said").textContent = penSaid();
  if (!pen.down) return show();
  start();
  changed();
});
pad.addEventListener("blur", () => { pen.shown = false; show(); });

sigma.addEventListener("input", () => { start(); update(); });
find("again").addEventListener("click", () => { normal = normals(SIZE, ++seed); start(); changed(); });
find("clear").addEventListener("click", () => { ink = new Float32Array(SIZE); changed(); });

function take(label) {  // the next one of this kind
  const places = labels.flatMap((one, k) => one === label ? [k] : []);
  const now = places.findIndex((k) => test[k].every((value, j) => value === ink[j]));
  ink = Float32Array.from(test[places[(now + 1) % places.length]]);
}

const start = starter(document.querySelector("#digit .play-start"), NAMES, async () => { await update(); await chart(); });
normal = normals(SIZE, seed);
labels = (await about).digits;
const bytes = new Uint8Array(await (await fetch(address("digits.bin"))).arrayBuffer());
test = labels.map((_, k) => Float32Array.from(bytes.subarray(k * SIZE, (k + 1) * SIZE), (value) => value / 255));
for (let label = 0; label < 10; label++) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  button.setAttribute("aria-label", `Take a ${label}; again for another one`);
  button.addEventListener("click", () => { take(label); start(); changed(); });
  find("digits").append(" ", button);
}
take(3);
update();
