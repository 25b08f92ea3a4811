// Runs the networks beside the page, so that the page stays alive meanwhile. One thread, no special headers.
importScripts("runtime/ort.wasm.min.js");
const here = new URL("./", self.location.href).href;
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = `${here}runtime/`;
const sessions = {};

async function fetched(address, report) {
  const answer = await fetch(here + address);
  if (!answer.ok) throw new Error(`${address} is missing on this server (${answer.status})`);
  const parts = [], reader = answer.body.getReader();
  for (let part; !(part = await reader.read()).done;) {
    parts.push(part.value);
    report(part.value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function load(name, report) {
  sessions[name] ??= (async () => {
    ort.env.wasm.wasmBinary ??= await fetched("runtime/ort-wasm-simd-threaded.wasm", report);
    return ort.InferenceSession.create(await fetched(`networks/${name}.onnx`, report), { executionProviders: ["wasm"] });
  })();
  sessions[name].catch(() => delete sessions[name]);  // the next call tries again
  return sessions[name];
}

let queue = Promise.resolve();  // one after the other: they share a thread

onmessage = ({ data: { id, name, data, dims } }) => {
  queue = queue.then(async () => {
    try {
      const session = await load(name, (bytes) => postMessage({ id, bytes }));
      if (!data) return postMessage({ id, done: true });
      const began = performance.now();
      const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", data, dims) });
      const { data: result, dims: shape } = outputs[session.outputNames[0]];
      const milliseconds = performance.now() - began;
      postMessage({ id, done: true, data: result, dims: shape, milliseconds });
    } catch (error) {
      postMessage({ id, error: error.message ?? String(error) });
    }
  });
};
