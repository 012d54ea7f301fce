// The worker's side of WorkerDecoder: decodes one file after the other, off the page's thread.

import { TintDecoder } from './tint.js';

const aborters = new Map(); // of pictures that may be aborted, by their numbers
let options;
let loading = null;

function decoder() {
  loading ??= TintDecoder.load(options).catch((error) => {
    loading = null; // the next picture tries again
    throw error;
  });
  return loading;
}

/** Signal of a picture. A signal costs time, so there is one only where the caller has one. */
function signalOf(id) {
  aborters.set(id, new AbortController());
  return aborters.get(id).signal;
}

self.addEventListener('message', async ({ data }) => {
  const { id, method, bytes, abortable } = data;
  if ('options' in data) {
    options = data.options;
    return decoder().catch(() => {}); // pictures tell
  }
  if ('abort' in data) return aborters.get(data.abort)?.abort();
  try {
    const signal = abortable ? signalOf(id) : undefined;
    const picture = await (await decoder())[method](bytes, { signal });
    const moved = [picture.data, picture.samples, picture.alpha].filter(Boolean).map((each) => each.buffer);
    self.postMessage({ id, picture }, moved); // not copied
  } catch ({ name, kind, message }) {
    self.postMessage({ id, error: { name, kind, message } });
  } finally {
    aborters.delete(id);
  }
});
