// Chapter 7's steps from noise to digits, with the same formulas, see tests/test_site_built.py. Several pictures lie one after the other in one array.
import { clip, mse, normals } from "./pictures.js";
import { SIZE } from "./pad.js";

const few = Array.from(normals(SIZE, 5), (value) => value < -1.2816);  // the lowest tenth of a bell curve

/** Which pixels are given. */
export const KNOWN = {
  upper: (row) => row < 14,
  left: (row, column) => column < 14,
  lower: (row) => row >= 14,
  pixels: (row, column) => few[28 * row + column],
  hole: (row, column) => Math.min(row, column) < 8 || Math.max(row, column) > 19,
  nothing: () => false,
};

export const known = (which) => Array.from({ length: SIZE }, (_, k) => KNOWN[which](Math.floor(k / 28), k % 28));

export const noiseAround = (center, sigma, normal) => normal.map((value, k) => center[k % SIZE] + sigma * value);

/** A constraint for takeSteps: where isKnown is true, the picture's pixels. */
export const keepKnown = (picture, isKnown) => (clean) => clean.map((value, k) => isKnown[k % SIZE] ? picture[k % SIZE] : value);

/**
 * From noisy pictures to clean ones: remove the noise, put a little less back. Each step gives what went into it, what came
 * out, and how strong the noise was that it took away. `denoise` may take its time; `normal` has as many numbers of a bell
 * curve for each step as there are pixels.
 */
export async function* takeSteps(denoise, noisy, steps, normal, constrain = (clean) => clean, start = 4, kept = 0.5) {
  const factor = (0.02 / start) ** (1 / steps), freshShare = Math.sqrt(1 - kept ** 2);  // from `start` down to 0.02
  for (let step = 0; step < steps; step++) {
    const clean = constrain(await denoise(noisy)), next = new Float32Array(noisy.length), strengths = [];
    for (let first = 0; first < noisy.length; first += SIZE) {
      const strength = Math.sqrt(mse(noisy.subarray(first, first + SIZE), clean.subarray(first, first + SIZE)));
      for (let k = first; k < first + SIZE; k++) {
        const old = noisy[k] - clean[k], fresh = strength * normal[step * noisy.length + k];
        next[k] = clean[k] + factor * (kept * old + freshShare * fresh);
      }
      strengths.push(strength);
    }
    yield { noisy, clean, strengths };
    noisy = next;
  }
}

/** The mean of several pictures, and how far they spread around it: a standard deviation for each pixel. */
export function meanAndSpread(pictures) {
  const count = pictures.length / SIZE, values = (k) => Array.from({ length: count }, (_, one) => clip(pictures[one * SIZE + k]));
  const mean = Float32Array.from({ length: SIZE }, (_, k) => values(k).reduce((a, b) => a + b) / count);
  const spread = mean.map((middle, k) => Math.sqrt(values(k).reduce((sum, value) => sum + (value - middle) ** 2, 0) / count));
  return { mean, spread };
}

export const named = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;

/** Which digits several pictures were taken for, in words: "5 of 8: a 7; 3: a 9". */
export function votes(digits) {
  const counts = Array.from({ length: 10 }, (_, digit) => [digits.filter((one) => one === digit).length, digit]);
  const sorted = counts.filter(([count]) => count).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  return sorted.map(([count, digit], k) => `${count}${k ? "" : ` of ${digits.length}`}: ${named(digit)}`).join("; ");
}
