// The same error in four ways.
import { about, address } from "./engine.js";
import { blurred, draw, lessContrast, moved, mse, normals, psnr, read, ssim, withNoise } from "./pictures.js";

const find = (id) => document.getElementById(id);
const WAYS = {
  moved: { most: 8, by: (x, shape, amount) => moved(x, shape, amount), said: (amount) => `by ${amount.toFixed(2)} pixels` },
  blurred: { most: 8, by: (x, shape, amount) => blurred(x, shape, amount), said: (amount) => `σ = ${amount.toFixed(2)} pixels` },
  noise: { most: 0.5, by: (x, shape, amount) => withNoise(x, normal, amount), said: (amount) => `σ = ${(255 * amount).toFixed(0)}/255` },
  "less contrast": { most: 1, by: (x, shape, amount) => lessContrast(x, amount), said: (amount) => `${Math.round(100 * amount)}% less` },
};
let picture, normal, token = 0;

/** How strong a way has to be for this mean squared error, by halving. */
export function strengthFor(way, x, shape, target) {
  let low = 0, high = way.most;
  for (let k = 0; k < 24; k++) {
    const middle = (low + high) / 2;
    if (mse(x, way.by(x, shape, middle)) < target) low = middle; else high = middle;
  }
  return high;
}

function limits() {  // what the weakest way can still reach, on this picture
  const { pixels, shape } = picture;
  const least = Math.max(...Object.values(WAYS).map((way) => psnr(pixels, way.by(pixels, shape, way.most))));
  find("target").min = Math.ceil(2 * least) / 2;
}

const rest = () => new Promise((resolve) => setTimeout(resolve));

async function update() {
  const mine = ++token, { pixels, shape } = picture, decibels = Number(find("target").value), said = [];
  find("target-shown").textContent = decibels.toFixed(1);
  for (const [name, way] of Object.entries(WAYS)) {
    await rest();  // the slider may have moved on
    if (mine !== token) return;
    const amount = strengthFor(way, pixels, shape, 10 ** (-decibels / 10)), spoiled = way.by(pixels, shape, amount);
    const figure = document.querySelector(`[data-way="${name}"]`), similar = ssim(pixels, spoiled, shape);
    draw(figure.querySelector("canvas"), spoiled, shape);
    figure.querySelector("output").textContent = `${way.said(amount)}: ${psnr(pixels, spoiled).toFixed(1)} dB`;
    figure.querySelector(".ssim").textContent = ` SSIM ${similar.toFixed(2)}`;
    said.push(`${name} ${similar.toFixed(2)}`);
  }
  find("said").textContent = `Mean squared error of all four: ${(10 ** (-decibels / 10)).toFixed(4)}.` +
    (find("reveal").checked ? ` SSIM: ${said.join(", ")}.` : "");
}

async function take(name) {
  const bitmap = await createImageBitmap(await (await fetch(address(`photos/${name}_small.webp`))).blob());
  picture = read(bitmap, bitmap.width, bitmap.height);
  normal = normals(picture.pixels.length, 1);
  draw(document.querySelector("[data-way=original] canvas"), picture.pixels, picture.shape);
  limits();
  await update();
}

for (const name of ["original", ...Object.keys(WAYS)]) {
  const figure = document.createElement("figure");
  figure.dataset.way = name;
  figure.innerHTML = `<canvas role="img" aria-label="The photograph, ${name}"></canvas><figcaption>${name} <output></output><span class="ssim"></span></figcaption>`;
  find("pictures").append(figure);
}
find("target").addEventListener("input", update);
find("reveal").addEventListener("change", () => {
  find("pixels").classList.toggle("revealed", find("reveal").checked);
  update();
});
const { photos } = await about;
for (const { name, scene } of photos) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: scene });
  button.addEventListener("click", () => take(name));
  find("samples").append(" ", button);
}
await take(photos[0].name);
