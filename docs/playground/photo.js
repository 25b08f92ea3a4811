// A photograph of one's own: noise, denoise, shrink, enlarge; before and after under a slider.
import { about, address, isReady, load, missing, run } from "./engine.js";
import { clipped, draw, normals, psnr, read, resized, withNoise } from "./pictures.js";

const TILE = 256, OVERLAP = 32, MULTIPLE = 8, LARGEST = 512;
const find = (id) => document.getElementById(id);
const button = document.querySelector("#photo .play-start button"), status = document.querySelector("#photo .play-start [role=status]");
let source, awake = false, token = 0, result;

function spans(length) {  // as helpers.restore cuts a picture: what is seen, what of it is kept
  const edges = [0];
  if (length > TILE) for (let edge = TILE - OVERLAP; edge < length - OVERLAP; edge += TILE - 2 * OVERLAP) edges.push(edge);
  return [...edges.keys()].map((k) => {
    const begin = edges[k], end = edges[k + 1] ?? length;
    const first = Math.max(0, Math.min(begin - OVERLAP, length - TILE));
    return { first, size: Math.min(TILE, length), begin, end };
  });
}

/** Restore a picture of any size in tiles; pixels are a Float32Array of shape [height, width, 3]. */
export async function restored(pixels, [height, width], name, report = () => true) {
  const up = (side) => Math.ceil(side / MULTIPLE) * MULTIPLE, high = up(height), wide = up(width);
  const mirrored = (k, length) => { k %= 2 * length; return k < length ? k : 2 * length - 1 - k; };
  const output = new Float32Array(pixels.length), rows = spans(high), columns = spans(wide);
  let done = 0;
  for (const row of rows) for (const column of columns) {
    const seen = new Float32Array(row.size * column.size * 3);
    for (let r = 0; r < row.size; r++) for (let c = 0; c < column.size; c++) {
      const from = 3 * (mirrored(row.first + r, height) * width + mirrored(column.first + c, width));
      seen.set(pixels.subarray(from, from + 3), 3 * (r * column.size + c));
    }
    const { data } = await run(name, seen, [1, row.size, column.size, 3]);
    for (let r = row.begin; r < Math.min(row.end, height); r++) for (let c = column.begin; c < Math.min(column.end, width); c++)
      for (let k = 0; k < 3; k++) output[3 * (r * width + c) + k] = data[3 * ((r - row.first) * column.size + c - column.first) + k];
    if (!report(++done / (rows.length * columns.length))) return;
  }
  return clipped(output);
}

function chosen() {
  const task = find("task").value, factor = Number(find("factor").value), scale = task === "enlarge" ? factor : 1;
  const network = { noise: "denoise_blind", clean: "denoise_blind" }[task] ?? `sr_x${factor}`;
  return { task, factor, scale, network };
}

function piece({ task, factor, scale }) {  // the pixels that are worked on
  const largest = Math.min(LARGEST, 2 * LARGEST / scale), { width, height } = source;
  let pixels, shape;
  if (find("part").value === "piece") {
    const [w, h] = [Math.min(width, largest), Math.min(height, largest)];
    const [left, top] = [Math.round((width - w) * find("across").value), Math.round((height - h) * find("down").value)];
    ({ pixels, shape } = read(source, w, h, left, top));
  } else {
    const smaller = Math.min(1, largest / Math.max(width, height)), [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * smaller)));
    ({ pixels, shape } = read(source, width, height));
    if (smaller < 1) [pixels, shape] = [clipped(resized(pixels, shape, [h, w])), [h, w, 3]];
  }
  return { pixels, shape };
}

function before(pixels, shape, { task, factor }) {
  const [height, width] = shape;
  if (task === "noise") return [withNoise(pixels, normals(pixels.length, 1), find("strength").value / 255), shape, "noisy"];
  if (task === "clean") return [pixels, shape, "as it is"];
  if (task === "enlarge") return [clipped(resized(pixels, shape, [factor * height, factor * width])), [factor * height, factor * width, 3], "bicubic"];
  const small = [Math.round(height / factor), Math.round(width / factor)];
  return [clipped(resized(resized(pixels, shape, small), [...small, 3], [height, width])), shape, "bicubic"];
}

async function update() {
  if (!source) return;
  const mine = ++token, choice = chosen(), { task, network } = choice, piecewise = find("part").value === "piece";
  find("strength-row").hidden = task !== "noise";
  find("factor-row").hidden = !["shrink", "enlarge"].includes(task);
  find("across-row").hidden = find("down-row").hidden = !piecewise;
  find("strength-shown").textContent = find("strength").value;
  const { pixels, shape: clean } = piece(choice), [input, shape, label] = before(pixels, clean, choice);
  const truth = task === "noise" || task === "shrink" ? pixels : undefined;
  const score = (picture) => truth ? ` ${psnr(truth, picture).toFixed(1)} dB` : "";
  draw(find("before"), input, shape);
  draw(find("after"), input, shape);
  find("before-label").textContent = `${label}${score(input)}`;
  find("after-label").textContent = "after";
  find("said").textContent = "";
  find("save").disabled = true;
  find("compare").style.setProperty("--ratio", shape[1] / shape[0]);
  if (!isReady([network])) {
    const bytes = await missing([network]);
    if (mine !== token) return;
    button.parentElement.hidden = false;
    button.disabled = false;
    button.textContent = `Wake the network (${(bytes / 1e6).toFixed(0)} MB, once)`;
    if (!awake) return;
    try {
      button.disabled = true;
      await load([network], (share) => { status.textContent = `Fetching: ${Math.round(10 * share) * 10}%`; });
    } catch (error) {
      awake = false;
      button.disabled = false;
      status.textContent = `This did not work: ${error.message}`;
      return;
    }
    status.textContent = "";
    if (mine !== token) return;
  }
  button.parentElement.hidden = true;
  const began = performance.now();
  find("said").textContent = "The network works …";
  let output;
  try {
    output = await restored(input, shape, network, () => mine === token);
  } catch (error) {
    if (mine === token) find("said").textContent = `This did not work: ${error.message}`;
    return;
  }
  if (!output || mine !== token) return;
  result = { pixels: output, shape };
  draw(find("after"), output, shape);
  find("after-label").textContent = `network${score(output)}`;
  find("save").disabled = false;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  find("said").textContent = `${shape[1]}x${shape[0]} pixels in ${seconds} s. ` +
    (truth ? `Compared with the picture before it was spoiled: ${label} ${psnr(truth, input).toFixed(1)} dB, network ${psnr(truth, output).toFixed(1)} dB.`
      : "There is no true picture to compare with, so there is no score: judge by eye.");
}

let later;
const soon = () => { clearTimeout(later); later = setTimeout(update, 150); };
for (const id of ["task", "factor", "part"]) find(id).addEventListener("change", update);
for (const id of ["strength", "across", "down"]) find(id).addEventListener("input", soon);
button.addEventListener("click", () => { awake = true; update(); });

const split = find("split"), divide = () => find("compare").style.setProperty("--split", `${split.value}%`);
split.addEventListener("input", divide);
const dragged = (event) => {
  const box = find("compare").getBoundingClientRect();
  split.value = 100 * (event.clientX - box.left) / box.width;
  divide();
};
find("compare").addEventListener("pointerdown", (event) => { find("compare").setPointerCapture(event.pointerId); dragged(event); });
find("compare").addEventListener("pointermove", (event) => { if (event.buttons) dragged(event); });
divide();

async function open(blob) {
  try {
    source = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    find("said").textContent = "This file can't be read as a picture. JPEG, PNG and WebP can.";
    return;
  }
  await update();
}
find("file").addEventListener("change", () => { if (find("file").files[0]) open(find("file").files[0]); });
find("photo").addEventListener("dragover", (event) => event.preventDefault());
find("photo").addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
});
find("save").addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  draw(canvas, result.pixels, result.shape);
  canvas.toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "restored.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
});

const { photos } = await about, take = async (name) => open(await (await fetch(address(`photos/${name}.webp`))).blob());
for (const { name, scene } of photos) {
  const one = Object.assign(document.createElement("button"), { type: "button", textContent: scene });
  one.addEventListener("click", () => take(name));
  find("samples").append(" ", one);
}
find("credits").textContent = photos.map(({ scene, from, licence }) => `${scene} (from ${from}, ${licence})`).join(", ") + ".";
await take(photos[0].name);
