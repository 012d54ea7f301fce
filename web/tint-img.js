// <tint-img src="photo.tint" alt="..."></tint-img>: shows a .tint file as <img> shows others.
//
// Events: "load" once the picture is shown, "error" with a TintError in `detail`. Files of other weights than pico-s
// need `TintImg.decoder = new WorkerDecoder({ model: [...] })` before the first element.

import { TintError } from './errors.js';
import { WorkerDecoder } from './worker-decoder.js';

const STYLE = new CSSStyleSheet(); // not an element, which a content security policy might refuse
STYLE.replaceSync(':host { display: inline-block } canvas { display: block; max-width: 100%; height: auto }');

/** Draws a decoded picture; other colour spaces than display-p3 are shown as sRGB. */
export function draw(canvas, { width, height, data, colorSpace }) {
  const settings = { colorSpace: colorSpace ?? 'srgb' };
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d', settings).putImageData(new ImageData(data, width, height, settings), 0, 0);
}

export class TintImg extends HTMLElement {
  static observedAttributes = ['src', 'alt'];

  /** Of all elements; made when the first one has a source. @type {WorkerDecoder|null} */
  static decoder = null;

  #canvas = document.createElement('canvas');
  #text = document.createElement('span'); // shown in place of a picture that cannot be
  #shown = 0; // number of the source that is wanted last

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [STYLE];
    this.#canvas.setAttribute('role', 'img');
    root.append(this.#canvas, this.#text);
  }

  attributeChangedCallback(name, before, value) {
    if (name === 'alt') this.#canvas.setAttribute('aria-label', value ?? '');
    else if (value) this.#show(value);
  }

  async #show(source) {
    const number = ++this.#shown;
    try {
      const response = await fetch(new URL(source, document.baseURI));
      if (!response.ok) throw new TintError('input', `${source} cannot be loaded: status ${response.status}`);
      TintImg.decoder ??= new WorkerDecoder();
      const picture = await TintImg.decoder.decode(await response.arrayBuffer());
      if (number !== this.#shown) return; // another source was set meanwhile
      draw(this.#canvas, picture);
      this.#text.textContent = '';
      this.dispatchEvent(new Event('load'));
    } catch (error) {
      if (number !== this.#shown) return;
      this.#canvas.width = this.#canvas.height = 0;
      this.#text.textContent = this.getAttribute('alt') ?? '';
      this.dispatchEvent(new CustomEvent('error', { detail: error }));
    }
  }
}

customElements.define('tint-img', TintImg);
