// Walk the plane of a code of two numbers, with the decoder drawing along.
import { about, address, isReady, run, starter } from "./engine.js";
import { draw } from "./pictures.js";

const COLORS = ["#0072B2", "#E69F00", "#009E73", "#D62728", "#9467BD", "#BBBBBB", "#56B4E9", "#E377C2", "#B8A000", "#8C510A"];
const WORDS = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const GRID = 14, SIDE = 392, SHAPE = [28, 28, 1];
const find = (id) => document.getElementById(id);
const sections = [...document.querySelectorAll("#plane section")], NAMES = sections.map((one) => one.dataset.network);

class Plane {
  constructor(section, codes, labels) {
    Object.assign(this, { name: section.dataset.network, codes, labels, asked: 0 });
    section.append(find("walk").content.cloneNode(true));
    [this.map, this.result] = section.querySelectorAll("canvas");
    this.sliders = [...section.querySelectorAll("input")];
    this.shown = [...section.querySelectorAll("output")];
    this.said = section.querySelector("[role=status]");
    const title = section.querySelector("h2").textContent;
    this.map.setAttribute("aria-label", `The plane of the ${title.toLowerCase()} code. Arrow keys move; the sliders below do the same.`);
    this.ranges = [0, 1].map((axis) => {  // nearly all digits, and some room
      const sorted = Float32Array.from({ length: labels.length }, (_, k) => codes[2 * k + axis]).sort();
      const [low, high] = [0.01, 0.99].map((share) => sorted[Math.floor(share * sorted.length)]);
      return [low - 0.12 * (high - low), high + 0.12 * (high - low)];
    });
    this.place = [...codes.subarray(0, 2)];  // of the first test digit
    this.sliders.forEach((slider, axis) => {
      [slider.min, slider.max] = this.ranges[axis];
      slider.step = (slider.max - slider.min) / 200;
      slider.addEventListener("input", () => this.go(axis ? [this.place[0], Number(slider.value)] : [Number(slider.value), this.place[1]]));
    });
    const pointed = (event) => {
      const box = this.map.getBoundingClientRect();
      const across = (event.clientX - box.left) / box.width, up = 1 - (event.clientY - box.top) / box.height;
      this.go([across, up].map((share, axis) => this.ranges[axis][0] + share * (this.ranges[axis][1] - this.ranges[axis][0])));
    };
    this.map.addEventListener("pointerdown", (event) => { this.map.setPointerCapture(event.pointerId); start(); pointed(event); });
    this.map.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.pressure) pointed(event); });
    this.map.addEventListener("keydown", (event) => {
      const [axis, way] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] }[event.key] ?? [];
      if (axis === undefined) return;
      event.preventDefault();
      start();
      const next = [...this.place];
      next[axis] += way * (this.ranges[axis][1] - this.ranges[axis][0]) / 50;
      this.go(next);
    });
    this.go(this.place);
  }

  async decode(places) {
    return (await run(this.name, Float32Array.from(places.flat()), [places.length, 2])).data;
  }

  async drawMap() {
    const middle = (k) => (k + 0.5) / GRID, between = (axis, share) => this.ranges[axis][0] + share * (this.ranges[axis][1] - this.ranges[axis][0]);
    const places = Array.from({ length: GRID * GRID }, (_, k) => [between(0, middle(k % GRID)), between(1, 1 - middle(Math.floor(k / GRID)))]);
    const digits = await this.decode(places);
    this.mosaic = new ImageData(SIDE, SIDE);
    for (let k = 0; k < SIDE * SIDE; k++) {
      const row = Math.floor(k / SIDE), column = k % SIDE, tile = Math.floor(row / 28) * GRID + Math.floor(column / 28);
      this.mosaic.data.fill(Math.round(255 * digits[tile * 784 + (row % 28) * 28 + column % 28]), 4 * k, 4 * k + 3);
      this.mosaic.data[4 * k + 3] = 255;
    }
    this.paint();
  }

  paint() {
    const context = this.map.getContext("2d");
    context.fillStyle = "black";
    context.fillRect(0, 0, SIDE, SIDE);
    if (this.mosaic && find("drawn").checked) context.putImageData(this.mosaic, 0, 0);
    const at = (place) => place.map((value, axis) => (value - this.ranges[axis][0]) / (this.ranges[axis][1] - this.ranges[axis][0]));
    if (find("points").checked) this.labels.forEach((label, k) => {
      const [across, up] = at([this.codes[2 * k], this.codes[2 * k + 1]]);
      context.fillStyle = COLORS[label];
      context.fillRect(across * SIDE - 2, (1 - up) * SIDE - 2, 4, 4);
    });
    const [across, up] = at(this.place), x = across * SIDE, y = (1 - up) * SIDE;
    for (const [color, width] of [["black", 6], ["white", 3]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, y, 10, 0, 7);
      context.moveTo(x - 18, y);
      context.lineTo(x - 4, y);
      context.moveTo(x + 4, y);
      context.lineTo(x + 18, y);
      context.stroke();
    }
  }

  async go(place) {
    this.place = place.map((value, axis) => Math.min(this.ranges[axis][1], Math.max(this.ranges[axis][0], value)));
    this.place.forEach((value, axis) => {
      this.sliders[axis].value = value;
      this.shown[axis].textContent = value.toFixed(2);
    });
    this.paint();
    const near = this.labels.map((label, k) => [Math.hypot(...[0, 1].map((axis) =>
      (this.codes[2 * k + axis] - this.place[axis]) / (this.ranges[axis][1] - this.ranges[axis][0]))), label]).sort((a, b) => a[0] - b[0]).slice(0, 10);
    const counts = new Map();
    for (const [, label] of near) counts.set(label, (counts.get(label) ?? 0) + 1);
    const list = [...counts].sort((a, b) => b[1] - a[1]).map(([label, count]) => `${WORDS[count]} ${label}${count > 1 ? "s" : ""}`).join(", ");
    this.said.textContent = near[0][0] > 0.06 ? `No test digit is near. The ten nearest: ${list}.` : `The ten nearest test digits: ${list}.`;
    if (!isReady([this.name])) return;
    const mine = ++this.asked, pixels = await this.decode([this.place]);
    if (mine === this.asked) draw(this.result, pixels, SHAPE);
  }
}

let planes = [];
const start = starter(document.querySelector("#plane .play-start"), NAMES, () =>
  Promise.all(planes.map(async (plane) => { await plane.drawMap(); await plane.go(plane.place); })));
const labels = (await about).codes;
planes = await Promise.all(sections.map(async (section) => {
  const bytes = await (await fetch(address(`codes_${section.dataset.network}.bin`))).arrayBuffer();
  return new Plane(section, new Float32Array(bytes), labels);
}));
for (const id of ["points", "drawn"]) find(id).addEventListener("change", () => planes.forEach((plane) => plane.paint()));
find("plane").addEventListener("input", start);
find("legend").innerHTML = COLORS.map((color, label) => `<span style="--dot: ${color}">${label}</span>`).join(" ");
