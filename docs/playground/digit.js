// Draw a digit, add noise, and let two networks clean it.
import { isReady, run, starter } from "./engine.js";
import { drawingPad, SHAPE, SIZE, testDigits } from "./pad.js";
import { clipped, decibels, draw, normals, psnr, withNoise } from "./pictures.js";

const NETWORKS = { published: "mnist_published", best: "mnist_best" };
const NAMES = Object.values(NETWORKS), STRENGTHS = Array.from({ length: 13 }, (_, k) => 0.05 * k);
const find = (id) => document.getElementById(id);
const sigma = find("sigma"), pad = drawingPad(find("pad"), () => { start(); changed(); }, (text) => { find("said").textContent = text; });
let normal, seed = 1, asked = 0;

async function update() {
  const { ink } = pad, strength = Number(sigma.value), noisy = withNoise(ink, normal, strength);
  find("sigma-shown").textContent = strength.toFixed(2);
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
    `${decibels(scores.published)}, best ${decibels(scores.best)}.${pad.penSaid()}`;
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
  const { ink } = pad, noisy = STRENGTHS.map((strength) => withNoise(ink, normal, strength)), all = new Float32Array(SIZE * noisy.length);
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

sigma.addEventListener("input", () => { start(); update(); });
find("again").addEventListener("click", () => { normal = normals(SIZE, ++seed); start(); changed(); });
find("clear").addEventListener("click", () => { pad.take(new Float32Array(SIZE)); changed(); });

const start = starter(document.querySelector("#digit .play-start"), NAMES, async () => { await update(); await chart(); });
normal = normals(SIZE, seed);
const take = await testDigits(find("digits"), (pixels) => { pad.take(pixels); start(); changed(); });
pad.take(take(3));
update();
