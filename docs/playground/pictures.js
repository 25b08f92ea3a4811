// Pictures as arrays of floats in [0, 1], and what the chapters measure on them. The same formulas as in helpers, see tests/test_site_built.py.

/** Numbers of a bell curve, the same for the same seed. */
export function normals(count, seed) {
  let state = seed >>> 0;
  const uniform = () => {  // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

export const clip = (value) => Math.min(1, Math.max(0, value));
export const clipped = (pixels) => pixels.map(clip);
export const withNoise = (pixels, normal, sigma) => pixels.map((value, k) => clip(value + sigma * normal[k]));

export function mse(x, y) {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += (x[k] - y[k]) ** 2;
  return sum / x.length;
}

export const psnr = (x, y) => -10 * Math.log10(mse(x, y));
export const decibels = (value) => Number.isFinite(value) ? `${value.toFixed(1)} dB` : "exact";

function reflected(k, length) {  // d c b a | a b c d | d c b a
  const period = 2 * length;
  k = ((k % period) + period) % period;
  return k < length ? k : period - 1 - k;
}

/** Along one axis of height x width x channels: each value becomes the weighted sum of its neighbours. */
function filtered(pixels, [height, width, channels], kernel, down) {
  const radius = (kernel.length - 1) / 2, result = new Float64Array(pixels.length);
  const length = down ? height : width, step = (down ? width : 1) * channels;
  for (let k = 0; k < pixels.length; k++) {
    const place = down ? Math.floor(k / (width * channels)) : Math.floor(k / channels) % width;
    let sum = 0;
    for (let j = -radius; j <= radius; j++) {
      const other = place + j;
      sum += kernel[j + radius] * pixels[k + (((other >= 0 && other < length) ? other : reflected(other, length)) - place) * step];
    }
    result[k] = sum;
  }
  return result;
}

function bell(sigma, radius) {
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-0.5 * ((k - radius) / sigma) ** 2));
  const sum = kernel.reduce((a, b) => a + b);
  return kernel.map((value) => value / sum);
}

const smooth = (pixels, shape, kernel) => filtered(filtered(pixels, shape, kernel, true), shape, kernel, false);

export function blurred(pixels, shape, sigma) {
  const radius = Math.floor(4 * sigma + 0.5);
  return Float32Array.from(radius ? smooth(pixels, shape, bell(sigma, radius)) : pixels);
}

export function moved(pixels, [height, width, channels], by) {
  const whole = Math.floor(by), rest = by - whole, result = new Float32Array(pixels.length);
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
    const near = (row * width + (column - whole + width * 9) % width) * channels;
    const far = (row * width + (column - whole - 1 + width * 9) % width) * channels;
    const here = (row * width + column) * channels;
    for (let c = 0; c < channels; c++) result[here + c] = (1 - rest) * pixels[near + c] + rest * pixels[far + c];
  }
  return result;
}

export function lessContrast(pixels, share) {
  const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
  return pixels.map((value) => mean + (1 - share) * (value - mean));
}

/** Structural similarity: 11x11 Gaussian window of 1.5, averaged where it lies inside, then over channels. */
export function ssim(x, y, shape) {
  const [height, width, channels] = shape, kernel = bell(1.5, 5);
  const mean = (f) => smooth(Float64Array.from(x, (_, k) => f(x[k], y[k])), shape, kernel);
  const mx = mean((a) => a), my = mean((_, b) => b), xx = mean((a) => a * a), yy = mean((_, b) => b * b), xy = mean((a, b) => a * b);
  let sum = 0;
  for (let row = 5; row < height - 5; row++) for (let k = (row * width + 5) * channels; k < (row * width + width - 5) * channels; k++) {
    const both = mx[k] * my[k], squares = mx[k] ** 2 + my[k] ** 2;
    sum += ((2 * both + 1e-4) * (2 * (xy[k] - both) + 9e-4)) / ((squares + 1e-4) * (xx[k] + yy[k] - squares + 9e-4));
  }
  return sum / ((height - 10) * (width - 10) * channels);
}

/** Bicubic as Pillow computes it (a = -0.5): going down the kernel is widened, so that nothing turns into false patterns. */
export function resized(pixels, [height, width, channels], [newHeight, newWidth]) {
  const cubic = (t) => (t = Math.abs(t), t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0);
  const weights = (from, to) => Array.from({ length: to }, (_, k) => {
    const scale = from / to, wide = Math.max(1, scale), centre = (k + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - 2 * wide + 0.5)), last = Math.min(from, Math.floor(centre + 2 * wide + 0.5));
    const values = Array.from({ length: last - first }, (_, j) => cubic((first + j + 0.5 - centre) / wide));
    const sum = values.reduce((a, b) => a + b);
    return [first, values.map((value) => value / sum)];
  });
  const across = new Float32Array(height * newWidth * channels);
  weights(width, newWidth).forEach(([first, values], column) => {
    for (let row = 0; row < height; row++) for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let j = 0; j < values.length; j++) sum += values[j] * pixels[(row * width + first + j) * channels + c];
      across[(row * newWidth + column) * channels + c] = sum;
    }
  });
  const result = new Float32Array(newHeight * newWidth * channels), line = newWidth * channels;
  weights(height, newHeight).forEach(([first, values], row) => {
    for (let k = 0; k < line; k++) {
      let sum = 0;
      for (let j = 0; j < values.length; j++) sum += values[j] * across[(first + j) * line + k];
      result[row * line + k] = sum;
    }
  });
  return result;
}

/** Draw grey or coloured pixels; the canvas takes their size, the style sheet enlarges it. */
export function draw(canvas, pixels, [height, width, channels]) {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(asImageData(pixels, [height, width, channels]), 0, 0);
}

export function asImageData(pixels, [height, width, channels]) {
  const image = new ImageData(width, height);
  for (let k = 0; k < height * width; k++) {
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = Math.round(255 * clip(pixels[channels * k + (channels === 3 ? c : 0)]));
    image.data[4 * k + 3] = 255;
  }
  return image;
}

/** What a drawable holds as { pixels, shape }, three channels. Transparent places become white. */
export function read(source, width, height, left = 0, top = 0, sourceWidth = width, sourceHeight = height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, left, top, sourceWidth, sourceHeight, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height), pixels = new Float32Array(3 * width * height);
  for (let k = 0; k < width * height; k++) for (let c = 0; c < 3; c++) pixels[3 * k + c] = data[4 * k + c] / 255;
  return { pixels, shape: [height, width, 3] };
}
