// A TintDecoder in a Web Worker, so that the page stays usable while it decodes.

import { TintError } from './errors.js';

/** Decodes .tint files in a worker of its own. */
export class WorkerDecoder {
  #worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  #waiting = new Map();
  #asked = 0;
  #ended = null; // why it does not answer any more
  #loaded;

  /**
   * @param {object} [options] as TintDecoder.load; URLs are relative to the page
   * @param {URL|string|Array<URL|string>} [options.model]
   * @param {URL|string} [options.engine]
   * @param {import('./tint.js').Limits} [options.limits]
   */
  constructor({ model, engine, limits } = {}) {
    const absolute = (url) => (url === undefined ? undefined : new URL(url, document.baseURI).href);
    this.#worker.addEventListener('message', ({ data: { id, picture, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(error.kind ? new TintError(error.kind, error.message) : new Error(error.message));
      else resolve(picture);
    });
    this.#worker.addEventListener('error', ({ message }) => {
      this.#end(new TintError('input', `the worker cannot be started (${message}); is worker.js beside its module?`));
    });
    const models = Array.isArray(model) ? model.map(absolute) : absolute(model);
    this.#loaded = this.#ask({ options: { model: models, engine: absolute(engine), limits } });
    this.#loaded.catch(() => {}); // `decode` tells
  }

  /**
   * @param {BufferSource} bytes of a .tint file
   * @returns {Promise<import('./tint.js').Picture>}
   * @throws {TintError}
   */
  async decode(bytes) {
    await this.#loaded;
    return this.#ask({ bytes });
  }

  /** End the worker; pictures that it has not decoded are aborted. */
  close() {
    this.#worker.terminate();
    this.#end(new TintError('aborted', 'the decoder was closed'));
  }

  #end(error) {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #ask(message) {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message });
    });
  }
}
