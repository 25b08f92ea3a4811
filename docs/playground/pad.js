// What the parts with digits share: a pad to draw on, and buttons that take test digits.
import { about, address } from "./engine.js";

export const SHAPE = [28, 28, 1], SIZE = 784;
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Makes a canvas a pad for mouse, finger and keyboard. `drawn` is called after each stroke, `said` when the pen went up or down. */
export function drawingPad(canvas, drawn, said) {
  const pen = { row: 8, column: 14, down: false, shown: false };
  const pad = { ink: new Float32Array(SIZE), take, penSaid: () => pen.shown ? ` The pen is ${pen.down ? "down" : "up"}.` : "" };

  function show() {
    const context = canvas.getContext("2d"), cell = canvas.width / 28, grey = (v) => `rgb(${v},${v},${v})`;
    pad.ink.forEach((value, k) => {
      context.fillStyle = grey(Math.round(255 * value));
      context.fillRect((k % 28) * cell, Math.floor(k / 28) * cell, cell, cell);
    });
    if (pen.shown) {
      context.strokeStyle = pen.down ? "#d55e00" : "#56b4e9";
      context.lineWidth = 3;
      context.strokeRect(pen.column * cell, pen.row * cell, cell, cell);
    }
  }

  function take(pixels) {  // in place of what was drawn
    pad.ink = pixels;
    show();
  }

  function stroke(fromRow, fromColumn, toRow, toColumn) {  // a soft brush, as wide as the digits' strokes
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(toRow - fromRow, toColumn - fromColumn)));
    for (let step = 0; step <= steps; step++) {
      const row = fromRow + (toRow - fromRow) * step / steps, column = fromColumn + (toColumn - fromColumn) * step / steps;
      for (let r = Math.max(0, Math.floor(row) - 2); r <= Math.min(27, row + 2); r++)
        for (let c = Math.max(0, Math.floor(column) - 2); c <= Math.min(27, column + 2); c++) {
          const distance = Math.hypot(r + 0.5 - row, c + 0.5 - column);
          pad.ink[r * 28 + c] = Math.max(pad.ink[r * 28 + c], Math.min(1, Math.max(0, 2 - distance)));
        }
    }
    show();
    drawn();
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientY - box.top) / box.height * 28, (event.clientX - box.left) / box.width * 28];
  };
  let last;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    pen.shown = false;
    last = place(event);
    stroke(...last, ...last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const next = place(event);
    stroke(...last, ...next);
    last = next;
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { last = undefined; });
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in MOVES) && event.key !== " ") return;
    event.preventDefault();
    pen.shown = true;
    if (event.key === " ") pen.down = !pen.down;
    const [down, right] = MOVES[event.key] ?? [0, 0], { row, column } = pen;
    pen.row = Math.min(27, Math.max(0, row + down));
    pen.column = Math.min(27, Math.max(0, column + right));
    if (event.key === " ") said(pad.penSaid());
    if (pen.down) stroke(row + 0.5, column + 0.5, pen.row + 0.5, pen.column + 0.5); else show();
  });
  canvas.addEventListener("blur", () => { pen.shown = false; show(); });
  return pad;
}

/** Adds a button for each digit to a group. What is returned takes a test digit of a kind, the next one each time; so do the buttons, for `taken`. */
export async function testDigits(group, taken) {
  const labels = (await about).digits, times = Array(10).fill(0);
  const bytes = new Uint8Array(await (await fetch(address("digits.bin"))).arrayBuffer());
  const take = (label) => {
    const places = labels.flatMap((one, k) => one === label ? [k] : []), first = SIZE * places[times[label]++ % places.length];
    return Float32Array.from(bytes.subarray(first, first + SIZE), (value) => value / 255);
  };
  for (let label = 0; label < 10; label++) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.setAttribute("aria-label", `Take a ${label}; again for another one`);
    button.addEventListener("click", () => taken(take(label), label));
    group.append(" ", button);
  }
  return take;
}
