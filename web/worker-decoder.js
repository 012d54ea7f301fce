// A TintDecoder in a Web Worker, so that the page stays usable while it decodes.

import { aborted, absolute, bytesOf, checkedSignal, objectOf } from './arguments.js';
import { TintError } from './errors.js';

/** Decodes .tint files in a worker of its own. What cannot be loaded is tried again with the next picture. */
export class WorkerDecoder {
  #options;
  #worker = null;
  #waiting = new Map();
  #asked = 0;
  #closed = false;

  /**
   * What is wrong with options is thrown here if it can be seen without loading anything, and else by `decode`.
   *
   * @param {object} [options] as TintDecoder.load; URLs are relative to the page
   * @param {URL|string|BufferSource|Array<URL|string|BufferSource>} [options.model]
   * @param {URL|string|BufferSource|WebAssembly.Module} [options.engine]
   * @param {import('./tint.js').Limits} [options.limits]
   * @throws {TintError}
   */
  constructor(options) {
    const { model, engine, limits, ...others } = objectOf(options, 'the options');
    for (const name of Object.keys(others))
      throw new TintError('input', `a WorkerDecoder has no option ${name}; use a TintDecoder, in a worker of your own`);
    const sent = (source, what) =>
      typeof source === 'string' || source instanceof URL ? absolute(source, what) : source;
    const models = Array.isArray(model) ? model.map((each) => sent(each, 'model')) : sent(model, 'model');
    this.#options = { model: models, engine: sent(engine, 'engine'), limits };
    this.#start();
  }

  /**
   * @param {BufferSource} bytes of a .tint file
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<import('./tint.js').Picture>}
   * @throws {TintError}
   */
  async decode(bytes, options) {
    return this.#ask('decode', bytes, options);
  }

  /**
   * @param {BufferSource} bytes of a .tint file
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<import('./tint.js').Samples>}
   * @throws {TintError}
   */
  async decodeSamples(bytes, options) {
    return this.#ask('decodeSamples', bytes, options);
  }

  /** End the worker; pictures that it has not decoded are aborted. */
  close() {
    this.#closed = true;
    this.#end(new TintError('aborted', 'the decoder was closed'));
  }

  #start() {
    let worker;
    try {
      worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    } catch (cause) {
      const message = `no worker can be started here (${cause.message}); use TintDecoder`;
      throw new TintError('unsupported', message, { cause });
    }
    worker.addEventListener('message', ({ data: { id, picture, error } }) => {
      const { resolve, reject } = this.#waiting.get(id) ?? {};
      if (!resolve) return; // aborted meanwhile
      if (error) reject(error.kind ? new TintError(error.kind, error.message) : new Error(error.message));
      else resolve(picture);
    });
    worker.addEventListener('error', ({ message }) => {
      const words = `the worker cannot be started (${message}); is worker.js beside its module?`;
      if (worker === this.#worker) this.#end(new TintError('input', words));
    });
    try {
      worker.postMessage({ options: this.#options });
    } catch (cause) {
      worker.terminate();
      throw new TintError('input', `an option cannot be sent to a worker (${cause.message})`, { cause });
    }
    this.#worker = worker;
  }

  #end(error) {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(error);
  }

  async #ask(method, bytes, options) {
    const signal = checkedSignal(objectOf(options, 'the options').signal);
    const copy = bytesOf(bytes, 'the picture');
    if (this.#closed) throw new TintError('aborted', 'the decoder was closed; make another one');
    if (signal?.aborted) throw aborted(signal);
    if (!this.#worker) this.#start();
    const worker = this.#worker;
    const id = this.#asked++;
    const { promise, resolve, reject } = withResolvers();
    this.#waiting.set(id, { resolve, reject });
    const abort = () => {
      worker.postMessage({ abort: id });
      reject(aborted(signal));
    };
    signal?.addEventListener('abort', abort);
    try {
      worker.postMessage({ id, method, bytes: copy, abortable: Boolean(signal) }, [copy.buffer]); // moved, not copied
      return await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#waiting.delete(id);
    }
  }
}

/** Promise.withResolvers, which browsers have since 2024. */
function withResolvers() {
  let functions;
  const promise = new Promise((resolve, reject) => (functions = { resolve, reject }));
  return { promise, ...functions };
}
