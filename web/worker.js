// The worker's side of WorkerDecoder: decodes one file after the other, off the page's thread.

import { TintDecoder } from './tint.js';

let loading;

self.addEventListener('message', async ({ data: { id, options, bytes } }) => {
  try {
    if (options) loading = TintDecoder.load(options);
    const decoder = await loading;
    if (options) return self.postMessage({ id });
    const picture = await decoder.decode(bytes);
    self.postMessage({ id, picture }, [picture.data.buffer]); // moved, not copied
  } catch ({ name, kind, message }) {
    self.postMessage({ id, error: { name, kind, message } });
  }
});
