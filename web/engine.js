// The WebAssembly engine with one model: web/engine.cpp says what its functions do.

import { fetched } from './arguments.js';
import { TintError, noMemory } from './errors.js';
import { ascii, crc32, viewOf } from './fields.js';

const MAGIC = 'tintweb\x01';
const WASM_MAGIC = [0, ...ascii('asm')];
const HEAD_BYTES = 8 + 8 + 4; // magic, hash, number of the model; tintype/models/pico/web_model.py
const KEPT_BYTES = 2 ** 28; // of memory between two pictures
const BUILDS = ['engine-relaxed.wasm', 'engine.wasm']; // the first is faster, where the machine can run it

/** What a status of the engine means: kind of error and words. `Status` of native/rans.hpp */
const STATUSES = {
  3: ['corrupt', 'a row is not in the tables'],
  5: ['truncated', 'it is empty, but symbols are expected'],
  6: ['corrupt', 'its lane code does not exist'],
  7: ['truncated', "it ends within the lanes' states"],
  8: ['corrupt', "a lane's state is below 2^24"],
  9: ['truncated', 'it ends before the last symbol'],
  10: ['corrupt', 'a prefix is longer than any symbol needs'],
  11: ['corrupt', 'an escape stands for a value that is no int16'],
  12: ['corrupt', 'bytes are left after the last symbol'],
  13: ['corrupt', 'a lane does not end in its first state'],
  100: ['corrupt', 'the networks give values that are not finite'],
};

/**
 * The engine's code.
 *
 * @param {URL|string|BufferSource|WebAssembly.Module} [source] default: the faster of two files beside this one that
 *     gives the exact results here
 * @returns {Promise<WebAssembly.Module>}
 */
export async function compile(source) {
  if (typeof WebAssembly === 'undefined')
    throw new TintError('unsupported', 'there is no WebAssembly here, which some browsers turn off for safety');
  if (source instanceof WebAssembly.Module) return checked(source);
  if (source !== undefined && source !== null) return compiled(await fetched(source, 'the engine'));
  const [fast, plain] = BUILDS.map((name) => new URL(name, import.meta.url));
  return fetched(fast, 'the engine')
    .then(compiled)
    .catch(async () => compiled(await fetched(plain, 'the engine')));
}

async function compiled(bytes) {
  if (WASM_MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new TintError('input', 'the engine is not WebAssembly; give engine.wasm, which `python -m web.build` makes');
  let module;
  try {
    module = await WebAssembly.compile(bytes);
  } catch (cause) {
    const message = `this machine cannot run the engine (${cause.message}); it needs WebAssembly with SIMD`;
    throw new TintError('unsupported', message, { cause });
  }
  return checked(module);
}

/** The faster build multiplies and adds with one rounding or two, as the machine does. Results are those of one. */
function checked(module) {
  let fuses;
  try {
    fuses = instanceOf(module).exports.fuses();
  } catch (cause) {
    if (cause instanceof RangeError) throw noMemory('the engine', cause);
    const message = `the engine is not one of those that \`python -m web.build\` makes (${cause.message})`;
    throw new TintError('input', message, { cause });
  }
  if (fuses) return module;
  throw new TintError('unsupported', 'this build of the engine rounds differently on this machine; load engine.wasm');
}

function instanceOf(module) {
  const fail = (at) => {
    const memory = new Uint8Array(instance.exports.memory.buffer);
    const text = String.fromCharCode(...memory.subarray(at, memory.indexOf(0, at)));
    throw new TintError('input', `the engine stopped: ${text}`);
  };
  const refuse = () => {
    throw new TintError('limit', 'there is not enough memory for a tile of this picture; smaller tiles need less');
  };
  const instance = new WebAssembly.Instance(module, { tintype: { fail, no_memory: refuse } });
  return instance;
}

/** A file of a model as the engine takes it. */
export class Model {
  /** @param {Uint8Array} bytes @throws {TintError} if they are no such file, or damaged */
  constructor(bytes) {
    const name = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
    if (name !== MAGIC || bytes.length < HEAD_BYTES + 16)
      throw new TintError('input', 'the model is not a file of `python -m web.build` of this version; make it again');
    const view = viewOf(bytes);
    if (crc32(bytes.subarray(0, -4)) !== view.getUint32(bytes.length - 4, true))
      throw new TintError('input', 'the model is damaged: its checksum does not hold; copy it again');
    this.weightsHash = Array.from(bytes.subarray(8, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.number = view.getUint32(16, true);
    this.levels = view.getUint32(20, true);
    this.body = bytes.subarray(HEAD_BYTES, -4);
  }
}

/** An engine that has loaded a model, and the pixels of the tile that it decoded last. */
export class Engine {
  #module;
  #exports = null;

  /** @param {WebAssembly.Module} module @param {Model} model */
  constructor(module, model) {
    this.#module = module;
    this.model = model;
  }

  /**
   * Decode a tile; its pixels are kept for the calls that follow.
   *
   * @param {Uint8Array} payload
   * @param {{width: number, height: number}} tile sides at the networks
   * @param {number} level
   */
  decodeTile(payload, { width, height }, level) {
    const at = this.put(payload);
    const status = this.call('decode_tile', at, payload.length, height, width, level);
    this.give(at);
    if (status === 0) return;
    const [kind, words] = STATUSES[status] ?? ['corrupt', `status ${status}`];
    throw new TintError(kind, `the payload cannot be decoded: ${words}; the file is damaged`);
  }

  /** @param {string} name @param {...number} values @returns {number} */
  call(name, ...values) {
    try {
      return this.#ready()[name](...values);
    } catch (error) {
      this.#exports = null; // it stopped in the middle: the next call begins with a new one
      if (error instanceof TintError) throw error;
      throw new TintError('limit', `the engine stopped (${error}); a smaller picture may need less`, { cause: error });
    }
  }

  /** Memory of the engine, not cleared. @param {number} bytes @returns {number} its address */
  take(bytes) {
    return this.call('take', bytes) >>> 0;
  }

  /** @param {number} at an address of `take` or `put` */
  give(at) {
    this.call('give', at);
  }

  /** @param {Uint8Array} bytes @returns {number} address of a copy */
  put(bytes) {
    const at = this.take(Math.max(1, bytes.length));
    this.view(Uint8Array, at, bytes.length).set(bytes);
    return at;
  }

  /** Memory as an array, until the next call. @template T @param {T} type */
  view(type, at, length) {
    return new type(this.#ready().memory.buffer, at, length);
  }

  /** Give much memory back between two pictures; WebAssembly has no other way. */
  rest() {
    if (this.#exports && this.#exports.memory.buffer.byteLength > KEPT_BYTES) this.#exports = null;
  }

  /** Forget what an interrupted picture took. */
  reset() {
    this.#exports = null;
  }

  #ready() {
    if (this.#exports) return this.#exports;
    const exports = instanceOf(this.#module).exports;
    const at = exports.take(this.model.body.length) >>> 0;
    new Uint8Array(exports.memory.buffer, at, this.model.body.length).set(this.model.body);
    exports.load(at, this.model.body.length);
    exports.give(at);
    return (this.#exports = exports);
  }
}
