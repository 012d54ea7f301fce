// Whatever a caller gives, and whatever fails around the decoder, is a TintError: tests/web/test_arguments.py

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [, , folder, photo, png, webp, avif, alpha] = process.argv; // URLs, the first one ends with a slash
const { TintDecoder, TintError } = await import(`${folder}tint.js`);
const read = (url) => readFileSync(fileURLToPath(url));
const asked = [];
globalThis.fetch = async (url) => {
  asked.push(String(url).split('/').at(-1));
  return new Response(read(url));
};
const engine = read(`${folder}engine.wasm`);
const rejects = async (promise, kind, words = /./) => {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof TintError, error.stack);
    assert.equal(error.kind, kind, error.stack);
    assert.match(error.message, words);
    return true;
  });
};

// ---- arguments ---------------------------------------------------------------------------------------------------

const bare = Object.create(null); // without a text of its own
const gone = new ArrayBuffer(100);
structuredClone(gone, { transfer: [gone] });
const decoder = await TintDecoder.load({ engine });
const bytes = read(photo);
const { samples } = await decoder.decodeSamples(bytes);
for (const method of ['decode', 'decodeSamples']) {
  for (const wrong of [undefined, null, 3, 'photo.tint', Symbol('x'), bare, [1], gone])
    await rejects(decoder[method](wrong), 'input');
  for (const wrong of [null, 3, { signal: 3 }, { signal: bare }]) await rejects(decoder[method](bytes, wrong), 'input');
}
for (const wrong of [null, 3]) await rejects(TintDecoder.load(wrong), 'input');
const pixels = [1000n, Symbol('x'), bare, null, 0, NaN];
for (const limits of [null, 3, { pixels: 1 }, ...pixels.map((maxPixels) => ({ maxPixels }))])
  await rejects(TintDecoder.load({ engine, limits }), 'input');
for (const model of [[], 3, [bare], Symbol('x'), gone, new Uint8Array(5)])
  await rejects(TintDecoder.load({ engine, model }), 'input');
for (const wrong of [3, bare, gone, new Uint8Array(5), Buffer.from('<!doctype html>')])
  await rejects(TintDecoder.load({ engine: wrong }), 'input');
for (const decodeImage of [3, bare]) await rejects(TintDecoder.load({ engine, decodeImage }), 'input');

// bytes are those of the moment of the call
const changed = new Uint8Array(bytes);
const [early, moved] = [decoder.decodeSamples(changed), decoder.decodeSamples(changed)];
structuredClone(changed.buffer, { transfer: [changed.buffer] });
for (const each of await Promise.all([early, moved])) assert.deepEqual(each.samples, samples);
const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
shared.set(bytes);
assert.deepEqual((await decoder.decodeSamples(shared)).samples, samples);
await decoder.decode(bytes, { signal: null });

// ---- models are loaded when a picture needs them -----------------------------------------------------------------

assert.deepEqual(asked, ['pico-s.tintweb']);
const eager = await TintDecoder.load({ engine, model: read(`${folder}pico-s-psnr.tintweb`) });
await rejects(eager.decode(bytes), 'unsupported', /needs the weights/);
assert.deepEqual(asked, ['pico-s.tintweb']);

// ---- images inside -----------------------------------------------------------------------------------------------

const decoded = async (file, decodeImage) => (await TintDecoder.load({ engine, decodeImage })).decode(read(file));
for (const file of [webp, avif, alpha]) {
  await rejects(decoded(file, null), 'unsupported');
  await rejects(decoded(file, undefined), 'unsupported'); // Node has no decoders
  for (const wrong of [undefined, null, 3, {}, { width: 1 }, { width: 5, height: 5 }])
    await rejects(decoded(file, () => wrong), 'input', /decodeImage/);
  const lacking = () => Promise.reject(new Error('unknown format'));
  await rejects(decoded(file, lacking), 'unsupported', /unknown format/);
  await rejects(decoded(file, () => Promise.reject(bare)), 'unsupported');
  let first = true;
  const damaged = async () => {
    if (first) throw new Error('damaged');
    return { width: 1, height: 1, data: [0, 0, 0, 255] };
  };
  const once = async (...image) => damaged(...image).finally(() => (first = false));
  await rejects(decoded(file, once), 'corrupt', /damaged/);
}

// ---- parts of a browser ------------------------------------------------------------------------------------------

async function without(name, kind, call) {
  const kept = globalThis[name];
  delete globalThis[name];
  await rejects(call(), kind);
  globalThis[name] = kept;
}
await without('DecompressionStream', 'unsupported', () => decoder.decode(read(png)));
await without('WebAssembly', 'unsupported', () => TintDecoder.load({ engine }));
await without('fetch', 'input', () => TintDecoder.load());
await decoder.decode(read(png));

// ---- memory ------------------------------------------------------------------------------------------------------

const native = globalThis.Uint8ClampedArray;
globalThis.Uint8ClampedArray = class {
  constructor() {
    throw new RangeError('Array buffer allocation failed');
  }
};
await rejects(decoder.decode(bytes), 'limit', /not enough memory/);
globalThis.Uint8ClampedArray = native;
const size = samples.length;
const array = globalThis.Uint8Array;
globalThis.Uint8Array = new Proxy(array, {
  construct(type, given, made) {
    if (given[0] === size) throw new RangeError('Array buffer allocation failed');
    return Reflect.construct(type, given, made);
  },
});
await rejects(decoder.decode(bytes), 'limit', /not enough memory/);
globalThis.Uint8Array = array;
assert.deepEqual((await decoder.decodeSamples(bytes)).samples, samples);
