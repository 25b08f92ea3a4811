// The networks: fetched when they are first asked for, run in a worker of their own.
const here = new URL("./", import.meta.url);
let worker, number = 0;
const waiting = new Map();
const ready = new Set();

export const about = fetch(new URL("about.json", here)).then((answer) => answer.json());
export const address = (name) => new URL(name, here);

function ask(message, report) {
  if (!worker) {
    worker = new Worker(new URL("worker.js", here));
    worker.onmessage = ({ data }) => {
      const { resolve, reject, report } = waiting.get(data.id);
      if (data.bytes) return report?.(data.bytes);
      waiting.delete(data.id);
      if (data.error) reject(new Error(data.error)); else resolve(data);
    };
    worker.onerror = (event) => {
      for (const { reject } of waiting.values()) reject(new Error(event.message || "The networks could not be started."));
      waiting.clear();
    };
  }
  const id = number++;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, report });
    worker.postMessage({ id, ...message });
  });
}

/** How many bytes are still to be fetched before these networks can run. */
export async function missing(names) {
  const { networks, runtime } = await about;
  const bytes = names.filter((name) => !ready.has(name)).reduce((sum, name) => sum + networks[name], 0);
  return bytes && bytes + (ready.size ? 0 : runtime);
}

/** Fetch networks; `report` is told the share that is there. */
export async function load(names, report) {
  const total = await missing(names);
  let got = 0;
  for (const name of names) {
    await ask({ name }, (bytes) => report?.(Math.min(1, (got += bytes) / total)));
    ready.add(name);
  }
}

export const isReady = (names) => names.every((name) => ready.has(name));

/** Run a network on float32 data of a shape, batch first: { data, dims, milliseconds }. */
export const run = (name, data, dims) => ask({ name, data, dims });

/** A button and a line that fetch networks on demand; calls `then` when they can run. */
export function starter(element, names, then) {
  const button = element.querySelector("button"), status = element.querySelector("[role=status]");
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
  let running;
  missing(names).then((bytes) => { button.textContent += ` (${megabytes(bytes)} MB, once)`; });
  const start = () => running ??= (async () => {
    button.disabled = true;
    try {
      let last = -1;
      await load(names, (share) => {
        const tenth = Math.floor(10 * share);
        if (tenth !== last) status.textContent = `Fetching: ${10 * (last = tenth)}%`;
      });
      status.textContent = "";
      element.hidden = true;
      await then();
    } catch (error) {
      status.textContent = `This did not work: ${error.message}`;
      button.disabled = false;
      running = undefined;
    }
  })();
  button.addEventListener("click", start);
  return start;
}
