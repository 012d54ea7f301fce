// Decodes what standard input asks for, a line of JSON each, and answers with a line: tests/web/browser.py

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const [, , module, folder] = process.argv;
const { TintDecoder, TintError } = await import(module);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? 'null');
const answer = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

let missing = [];
globalThis.fetch = async (url) => {
  const path = fileURLToPath(url); // Node's own reads no files
  const found = missing.every((name) => !path.endsWith(name));
  return found ? new Response(readFileSync(path)) : new Response('', { status: 404 });
};

let files = 0;
const written = (bytes) => {
  const path = `${folder}/${files++}`;
  writeFileSync(path, bytes);
  return path;
};

async function decodeImage(bytes, mime) {
  answer({ image: written(bytes), mime });
  const { error, width, height, data } = await next();
  if (error) throw new Error(error);
  return { width, height, data: readFileSync(data) };
}

const decoders = new Map();
async function decoderFor({ engine, models, limits, images }) {
  const key = JSON.stringify([engine, models, limits, images, missing]);
  if (!decoders.has(key)) {
    const options = { limits, ...(engine && { engine: readFileSync(engine) }) };
    if (models) options.model = models.map((path) => readFileSync(path));
    if (images) options.decodeImage = decodeImage;
    decoders.set(key, await TintDecoder.load(options));
  }
  return decoders.get(key);
}

async function decoded(request) {
  missing = request.missing ?? [];
  const decoder = await decoderFor(request);
  const signal = request.abort ? AbortSignal.abort('enough') : undefined;
  const found = await decoder[request.how](readFileSync(request.file), { signal });
  const arrays = {};
  for (const name of ['samples', 'alpha', 'data']) if (found[name]) arrays[name] = written(found[name]);
  const { icc, ...profile } = found.profile;
  return { ...found, ...arrays, profile: { ...profile, icc: icc && Buffer.from(icc).toString('hex') } };
}

for (let request = await next(); request; request = await next()) {
  try {
    answer(await decoded(request));
  } catch (error) {
    answer({ error: error.name, kind: error instanceof TintError ? error.kind : null, message: String(error.stack) });
  }
}
