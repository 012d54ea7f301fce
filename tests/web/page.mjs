// The modules of a page, with stand-ins for what a browser has and Node has not: tests/web/test_page.py

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [, , folder, picture, damaged] = process.argv; // URLs, the first one ends with a slash

// ---- a browser ---------------------------------------------------------------------------------------------------

globalThis.fetch = async (url) => {
  try {
    return new Response(readFileSync(fileURLToPath(url)));
  } catch {
    return new Response('', { status: 404 });
  }
};

let workers = 0;
/** A module worker on this thread, whose messages are copied as a browser copies them. */
globalThis.Worker = class extends EventTarget {
  #inside = new EventTarget();

  constructor(url, { type }) {
    super();
    assert.equal(type, 'module');
    this.#inside.postMessage = (data, moved) => this.#send(this, structuredClone(data, { transfer: moved }));
    globalThis.self = this.#inside;
    this.started = import(`${url}?${workers++}`);
  }
  async postMessage(data) {
    await this.started;
    this.#send(this.#inside, structuredClone(data));
  }
  #send(target, data) {
    if (!this.ended) target.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
  terminate() {
    this.ended = true;
  }
};

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

const decoder = new WorkerDecoder({ model: ['pico-s.tintweb', 'pico-s-psnr.tintweb'] });
const [first, again] = await Promise.all([decoder.decode(bytes), decoder.decode(bytes)]);
assert.deepEqual(first.data, again.data);
await assert.rejects(decoder.decode(bytes.slice(0, 50)), is('truncated'));
await assert.rejects(decoder.decode(undefined), is('input'));
const late = decoder.decode(bytes);
decoder.close();
await assert.rejects(late, is('aborted'));
await assert.rejects(decoder.decode(bytes), is('aborted'));
await assert.rejects(new WorkerDecoder({ model: 'none.tintweb' }).decode(bytes), is('input'));

const shown = (element, name) => new Promise((resolve) => element.addEventListener(name, resolve, { once: true }));
const image = new elements['tint-img']();
const [canvas, text] = image.shadow.children;
image.setAttribute('alt', 'a picture');
image.setAttribute('src', picture);
await shown(image, 'load');
assert.equal(sha256(canvas.drawn.data), sha256(first.data));
assert.equal(canvas.drawn.colorSpace, 'srgb');
assert.equal(canvas.getAttribute('aria-label'), 'a picture');
for (const [source, kind] of [[damaged, 'corrupt'], ['none.tint', 'input']]) {
  image.setAttribute('src', source);
  assert.ok(is(kind)((await shown(image, 'error')).detail));
  assert.equal(text.textContent, 'a picture');
}

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
