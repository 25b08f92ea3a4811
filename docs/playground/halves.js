// Complete a digit of which a part is known, in eight ways.
import { address, isReady, run, starter } from "./engine.js";
import { drawingPad, SHAPE, SIZE, testDigits } from "./pad.js";
import { clip, clipped, draw, normals } from "./pictures.js";
import { keepKnown, known, meanAndSpread, named, noiseAround, takeSteps, votes } from "./steps.js";

const [DENOISER, JUDGE] = ["digits_any_noise", "digits_judge"], NAMES = [DENOISER, JUDGE];
const COUNT = 8, STEPS = 100, UNKNOWN = [0.16, 0.36, 0.54], SURE = 0.95;
const find = (id) => document.getElementById(id);
const say = (text) => { find("said").textContent = text; };
const pad = drawingPad(find("pad"), () => given(), (text) => say(text));
const answers = Array.from({ length: COUNT }, (_, k) => {
  const figure = document.createElement("figure");
  figure.innerHTML = `<canvas width="28" height="28" role="img" aria-label="Answer ${k + 1}"></canvas><figcaption></figcaption>`;
  find("mean").parentElement.before(figure);
  return figure;
});
const meanDigit = fetch(address("mean_digit.bin")).then(async (answer) => new Float32Array(await answer.arrayBuffer()));
let diary = [], verdicts = [], truth, seed = 1, asked = 0, stopped = false;

function working(now) {
  find("go").textContent = now ? "Stop" : "Complete it in eight ways";
  find("step").disabled = now || !diary.length;
}

function judged(one, verdict) {
  const words = verdict ? named(verdict.digit) + (verdict.sure ? "" : "?") : "", [canvas, caption] = answers[one].children;
  caption.textContent = words || "\u00a0";
  canvas.setAttribute("aria-label", `Answer ${one + 1}${words && `: ${words}`}`);
}

function given(label) {  // something else is asked; `label` says what it was, where that is known
  asked++;
  [truth, diary, verdicts] = [label, [], []];
  const isKnown = known(find("known").value), chosen = find("known").selectedOptions[0].text;
  draw(find("given"), Float32Array.from({ length: 3 * SIZE }, (_, k) => {
    const pixel = Math.floor(k / 3);
    return isKnown[pixel] ? pad.ink[pixel] : UNKNOWN[k % 3];
  }), [28, 28, 3]);
  find("given").setAttribute("aria-label", `What the network is given: ${chosen}`);
  for (const canvas of document.querySelectorAll("#halves .answers canvas")) draw(canvas, new Float32Array(SIZE), SHAPE);
  answers.forEach((_, one) => judged(one));
  Object.assign(find("step"), { max: STEPS, value: 1 });
  find("step-shown").textContent = find("most").textContent = "";
  working(false);
  say(`Given: ${chosen}.${pad.penSaid()}`);
}

function show(number) {  // what is there after so many steps
  const { noisy, clean, strengths } = diary[number - 1], picture = new Float32Array(SIZE);
  answers.forEach((figure, one) => {
    const first = one * SIZE, strength = find("under").checked ? strengths[one] : 0, from = strength ? noisy : clean;
    // With its noise a picture has less contrast, so that hardly any of it is cut off.
    for (let k = 0; k < SIZE; k++) picture[k] = clip((from[first + k] + 2 * strength) / (1 + 4 * strength));
    draw(figure.querySelector("canvas"), picture, SHAPE);
    judged(one, verdicts[number - 1]?.[one]);
  });
  const { mean, spread } = meanAndSpread(clean);
  draw(find("mean"), mean, SHAPE);
  draw(find("spread"), spread.map((value) => 2 * value), SHAPE);  // 0.5, as much as there can be, is white
  find("most").textContent = `, up to ${Math.max(...spread).toFixed(2)}`;
  find("step").value = number;
  find("step-shown").textContent = `${number} of ${STEPS}, noise σ ${(strengths.reduce((a, b) => a + b) / COUNT).toFixed(2)}`;
}

function tell() {  // in words what is shown
  const number = Number(find("step").value), fromDigit = truth !== undefined && find("known").value !== "nothing";
  say(`${number === STEPS ? `All ${STEPS} steps` : `Step ${find("step-shown").textContent}`}. The judge's votes: ` +
    `${votes(verdicts[number - 1].map(({ digit }) => digit))}.${fromDigit ? ` It was ${named(truth)}.` : ""}`);
}

async function judge() {  // all steps at once
  const all = new Float32Array(diary.length * COUNT * SIZE);
  diary.forEach(({ clean }, k) => all.set(clipped(clean), k * COUNT * SIZE));
  const { data } = await run(JUDGE, all, [diary.length * COUNT, ...SHAPE]);
  return diary.map((_, step) => answers.map((_, one) => {
    const shares = data.subarray(10 * (step * COUNT + one), 10 * (step * COUNT + one + 1)), most = Math.max(...shares);
    return { digit: shares.indexOf(most), sure: most >= SURE };
  }));
}

async function complete() {
  given(truth);
  const mine = asked, constrain = keepKnown(pad.ink.slice(), known(find("known").value));
  stopped = false;
  working(true);
  await start();
  if (mine !== asked) return;
  if (!isReady(NAMES)) return working(false);
  say(`The network takes ${STEPS} steps …`);
  const pixels = COUNT * SIZE, normal = normals((STEPS + 1) * pixels, seed);
  const denoise = async (pictures) => (await run(DENOISER, pictures, [COUNT, ...SHAPE])).data;
  try {
    const noisy = noiseAround(await meanDigit, 4, normal.subarray(0, pixels));
    for await (const step of takeSteps(denoise, noisy, STEPS, normal.subarray(pixels), constrain)) {
      if (mine !== asked) return;
      show(diary.push(step));
      if (stopped) break;
    }
    const found = await judge();
    if (mine !== asked) return;
    verdicts = found;
    find("step").max = diary.length;
    working(false);
    show(diary.length);
    tell();
  } catch (error) {
    if (mine === asked) given(truth);
    say(`This did not work: ${error.message}`);
  }
}

find("known").addEventListener("change", () => given(truth));
find("go").addEventListener("click", () => {
  if (find("go").textContent !== "Stop") complete(); else if (diary.length) stopped = true; else given(truth);
});
find("again").addEventListener("click", () => { seed++; complete(); });
find("clear").addEventListener("click", () => { pad.take(new Float32Array(SIZE)); given(); });
find("step").addEventListener("input", () => { show(Number(find("step").value)); tell(); });
find("under").addEventListener("change", () => { if (diary.length) show(Number(find("step").value)); });

const start = starter(document.querySelector("#halves .play-start"), NAMES, () => {});
const take = await testDigits(find("digits"), (pixels, label) => { pad.take(pixels); given(label); });
pad.take(take(7));
given(7);
