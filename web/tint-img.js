// <tint-img src="photo.tint" alt="..."></tint-img>: shows a .tint file as <img> shows others.
//
// Events: "load" once the picture is shown, "error" with a TintError in `detail`. For files of other weights than those
// that were built, set `TintImg.decoder = new WorkerDecoder({ model: [...] })` in the module that imports this one.

import { absolute, fetched, named } from './arguments.js';
import { TintError, noMemory } from './errors.js';
import { WorkerDecoder } from './worker-decoder.js';

const STYLE = new CSSStyleSheet(); // not an element, which a content security policy might refuse
STYLE.replaceSync(
  ':host { display: inline-block } canvas { display: block; max-width: 100%; height: auto } [hidden] { display: none }',
);

/** Draws a decoded picture; other colour spaces than display-p3 are shown as sRGB. @throws {TintError} */
export function draw(canvas, { width, height, data, colorSpace }) {
  const settings = { colorSpace: colorSpace ?? 'srgb' };
  try {
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d', settings).putImageData(new ImageData(data, width, height, settings), 0, 0);
  } catch (cause) {
    throw noMemory(`a canvas of ${width} x ${height} pixels`, cause);
  }
}

export class TintImg extends HTMLElement {
  static observedAttributes = ['src', 'alt'];

  /** Of all elements; made when the first one has a source. @type {WorkerDecoder|null} */
  static decoder = null;

  #canvas = document.createElement('canvas');
  #text = document.createElement('span'); // alt, in place of a picture that is not there
  #shown = 0; // number of the source that is wanted last

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [STYLE];
    this.#canvas.setAttribute('role', 'img');
    root.append(this.#canvas, this.#text);
    this.#clear();
  }

  attributeChangedCallback(name, before, value) {
    if (name === 'alt') {
      this.#canvas.setAttribute('aria-label', value ?? '');
      this.#text.textContent = value ?? '';
    } else if (value === null) {
      this.#shown++; // a picture that is on its way is not wanted any more
      this.#clear();
    } else this.#show(value);
  }

  /** The text in place of the picture. */
  #clear() {
    this.#canvas.width = this.#canvas.height = 0;
    this.#canvas.hidden = true;
    this.#text.hidden = false;
  }

  /** The picture that was there before stays until this one is there. */
  async #show(source) {
    const number = ++this.#shown;
    try {
      if (!source) throw new TintError('input', 'src is empty; give the URL of a .tint file');
      const bytes = await fetched(absolute(source, 'src'), 'the picture');
      TintImg.decoder ??= new WorkerDecoder();
      const picture = await TintImg.decoder.decode(bytes);
      if (number !== this.#shown) return; // another source was set meanwhile
      draw(this.#canvas, picture);
      this.#canvas.hidden = false;
      this.#text.hidden = true;
      this.dispatchEvent(new Event('load'));
    } catch (cause) {
      if (number !== this.#shown) return;
      this.#clear();
      const message = `the picture cannot be shown (${named(cause)})`;
      const detail = cause instanceof TintError ? cause : new TintError('input', message, { cause });
      this.dispatchEvent(new CustomEvent('error', { detail }));
    }
  }
}

customElements.define('tint-img', TintImg);
