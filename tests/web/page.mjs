// The modules of a page, with stand-ins for what a browser has and Node has not: tests/web/test_page.py

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [, , folder, picture, damaged] = process.argv; // URLs, the first one ends with a slash

// ---- a browser ---------------------------------------------------------------------------------------------------

const asked = []; // names of files
let refused = null; // a name
globalThis.fetch = async (url) => {
  asked.push(String(url).split('/').at(-1));
  if (refused === asked.at(-1)) throw new TypeError('Failed to fetch');
  try {
    return new Response(readFileSync(fileURLToPath(url)));
  } catch {
    return new Response('', { status: 404 });
  }
};

let workers = 0;
let broken = false; // whether the next ones cannot load their module
/** A module worker on this thread, whose messages are copied as a browser copies them. */
globalThis.Worker = class extends EventTarget {
  #inside = new EventTarget();

  constructor(url, { type }) {
    super();
    assert.equal(type, 'module');
    this.#inside.postMessage = (data, moved) => this.#send(this, structuredClone(data, { transfer: moved }));
    globalThis.self = this.#inside;
    this.started = broken ? new Promise(() => {}) : import(`${url}?${workers++}`);
    if (broken) setTimeout(() => this.dispatchEvent(Object.assign(new Event('error'), { message: 'broken' })));
  }
  postMessage(data, moved) {
    const copy = structuredClone(data, { transfer: moved });
    this.started.then(() => this.#send(this.#inside, copy));
  }
  #send(target, data) {
    if (!this.ended) target.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
  terminate() {
    this.ended = true;
  }
};

let tooLarge = false; // whether no canvas can be made
class Element extends EventTarget {
  attributes = {};
  textContent = '';
  width = 0;
  height = 0;
  setAttribute(name, value) {
    const before = this.getAttribute(name);
    this.attributes[name] = value;
    if (this.constructor.observedAttributes?.includes(name)) this.attributeChangedCallback(name, before, value);
  }
  removeAttribute(name) {
    const before = this.getAttribute(name);
    delete this.attributes[name];
    if (this.constructor.observedAttributes?.includes(name)) this.attributeChangedCallback(name, before, null);
  }
  getAttribute(name) {
    return this.attributes[name] ?? null;
  }
  append(...children) {
    this.children = children;
  }
  attachShadow() {
    return (this.shadow = new Element());
  }
  getContext(kind, settings) {
    assert.equal(kind, '2d');
    if (tooLarge) return null;
    return { putImageData: (image) => (this.drawn = { ...image, ...settings }) };
  }
}
globalThis.HTMLElement = Element;
globalThis.CSSStyleSheet = class {
  replaceSync() {}
};
globalThis.ImageData = class {
  constructor(data, width, height) {
    assert.equal(data.length, 4 * width * height);
    Object.assign(this, { data, width, height });
  }
};
const elements = {};
globalThis.customElements = { define: (name, type) => (elements[name] = type) };
const ids = { about: new Element(), drop: new Element(), file: new Element(), picture: new Element() };
globalThis.document = { baseURI: folder, createElement: () => new Element(), getElementById: (id) => ids[id] };
const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);

// ---- what a page does --------------------------------------------------------------------------------------------

const { TintError } = await import(`${folder}tint.js`);
const { WorkerDecoder } = await import(`${folder}worker-decoder.js`);
await import(`${folder}tint-img.js`);
const bytes = await (await fetch(picture)).arrayBuffer();
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const is = (kind) => (error) => error instanceof TintError && error.kind === kind;

// whether files of models were loaded, of those that were asked for since the last question
const loaded = () => asked.splice(0).filter((name) => name.endsWith('.tintweb'));

const decoder = new WorkerDecoder({ model: ['pico-s.tintweb', 'pico-s-psnr.tintweb'] });
const [first, again] = await Promise.all([decoder.decode(bytes), decoder.decode(bytes)]);
assert.deepEqual(first.data, again.data);
assert.deepEqual(loaded(), ['pico-s.tintweb', 'pico-s-psnr.tintweb']);
const { samples, depth, channels } = await decoder.decodeSamples(bytes);
assert.deepEqual([depth, channels, samples.length], [8, 3, 3 * first.width * first.height]);
await assert.rejects(decoder.decode(bytes.slice(0, 50)), is('truncated'));
for (const wrong of [undefined, null, 3, Symbol('x')]) await assert.rejects(decoder.decode(wrong), is('input'));
for (const wrong of [null, 3, { signal: 3 }]) await assert.rejects(decoder.decode(bytes, wrong), is('input'));
await assert.rejects(decoder.decode(bytes, { signal: AbortSignal.abort() }), is('aborted'));
const aborter = new AbortController();
const before = decoder.decode(bytes, { signal: aborter.signal });
aborter.abort('enough');
await assert.rejects(before, (error) => is('aborted')(error) && error.cause === 'enough');
assert.deepEqual((await decoder.decode(bytes, { signal: new AbortController().signal })).data, first.data);
const late = decoder.decode(bytes);
decoder.close();
await assert.rejects(late, is('aborted'));
await assert.rejects(decoder.decode(bytes), is('aborted'));
await assert.rejects(new WorkerDecoder({ model: 'none.tintweb' }).decode(bytes), is('input'));

for (const wrong of [null, { model: 'http://[' }, { engine: 'http://[' }, { model: () => 1 }, { decodeImage: () => 1 }])
  assert.throws(() => new WorkerDecoder(wrong), is('input'));
for (const wrong of [{ model: [] }, { model: 3 }, { engine: new Uint8Array(50) }, { limits: null }])
  await assert.rejects(new WorkerDecoder(wrong).decode(bytes), is('input'));
const contents = async (name) => (await fetch(`${folder}${name}`)).arrayBuffer();
for (const engine of [await contents('engine.wasm'), await WebAssembly.compile(await contents('engine.wasm'))]) {
  const given = new WorkerDecoder({ model: new Uint8Array(await contents('pico-s.tintweb')), engine });
  assert.deepEqual((await given.decode(bytes)).data, first.data);
  given.close();
}

broken = true;
const restarted = new WorkerDecoder();
await assert.rejects(restarted.decode(bytes), is('input'));
broken = false;
loaded();
assert.deepEqual((await restarted.decode(bytes)).data, first.data);
assert.deepEqual(loaded(), ['pico-s.tintweb']);
restarted.close();

const shown = (element, name) => new Promise((resolve) => element.addEventListener(name, resolve, { once: true }));
const image = new elements['tint-img']();
const [canvas, text] = image.shadow.children;
image.setAttribute('alt', 'a picture');
refused = 'pico-s.tintweb';
image.setAttribute('src', picture);
assert.ok(is('input')((await shown(image, 'error')).detail));
refused = null;
image.setAttribute('src', picture);
assert.deepEqual([text.textContent, text.hidden, canvas.hidden], ['a picture', false, true]);
await shown(image, 'load');
assert.deepEqual([text.hidden, canvas.hidden], [true, false]);
assert.equal(sha256(canvas.drawn.data), sha256(first.data));
assert.equal(canvas.drawn.colorSpace, 'srgb');
assert.equal(canvas.getAttribute('aria-label'), 'a picture');
const psnr = picture.replace('pico-s-', 'pico-s-psnr-').replace('-low', '-tiny');
loaded();
image.setAttribute('src', psnr);
await shown(image, 'load');
assert.deepEqual(loaded(), ['pico-s-psnr.tintweb']);
image.removeAttribute('src');
assert.deepEqual([canvas.width, text.hidden, canvas.hidden], [0, false, true]);
refused = 'gone.tint';
for (const [source, kind] of [
  [damaged, 'corrupt'],
  ['none.tint', 'input'],
  ['gone.tint', 'input'],
  ['http://[', 'input'],
  ['', 'input'],
]) {
  const event = shown(image, 'error');
  image.setAttribute('src', source);
  assert.ok(is(kind)((await event).detail));
  assert.deepEqual([text.textContent, text.hidden, canvas.hidden], ['a picture', false, true]);
}
tooLarge = true;
image.setAttribute('src', picture);
assert.ok(is('limit')((await shown(image, 'error')).detail));
tooLarge = false;

await import(`${folder}demo.js`);
const said = async (words) => {
  for (let turn = 0; turn < 500 && !ids.about.textContent.includes(words); turn++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(ids.about.textContent.includes(words), ids.about.textContent);
};
const drop = (name, content) =>
  page.dispatchEvent(Object.assign(new Event('drop'), { dataTransfer: { files: [new File([content], name)] } }));
drop('one.tint', bytes);
await said(`one.tint: ${first.width} x ${first.height} pixels`);
assert.equal(sha256(ids.picture.drawn.data), sha256(first.data));
drop('two.tint', bytes.slice(0, 50));
await said('two.tint: the file ends at byte 50');
assert.equal(ids.about.className, 'error');

process.stdout.write(sha256(first.data));
