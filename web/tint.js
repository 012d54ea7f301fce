// tintype in the browser: .tint files to pixels. docs/browser.md is the guide.

import { aborted, bytesOf, checkedSignal, fetched, named, objectOf } from './arguments.js';
import { Canvas } from './canvas.js';
import { ALPHA, GRAPHICS, ICC, parse } from './container.js';
import { Engine, Model, compile } from './engine.js';
import { TintError, corrupt, noMemory } from './errors.js';
import { Painting, split } from './graphics.js';
import { decodeAlpha, decodeNothing, decodeWithBrowser } from './images.js';
import { MODELS } from './models.js';
import { networkSize, tileGrid } from './tiling.js';

export { TintError };

const STRIDE = 64; // of pico's networks, in pixels
const PICO = [1, 2, 3, 4]; // numbers of its models
const LEAST_NETWORK_PIXELS = 2 ** 23;

/**
 * What a file may ask for. Its header tells, and nothing is allocated for a file that asks for more.
 *
 * @typedef {object} Limits
 * @property {number} [maxPixels] of the picture, default 2^26
 * @property {number} [maxNetworkPixels] of all tiles with their margins, which decide the time; default: twice
 *     maxPixels, but at least 2^23
 * @property {number} [maxTilePixels] of a tile with its margins, which decides the memory (about 200 bytes a pixel) and
 *     the longest time between two looks at `signal`; default 2^22
 */

/**
 * @typedef {object} Samples
 * @property {number} width
 * @property {number} height
 * @property {number} channels 1 grey, 3 RGB
 * @property {number} depth bits per sample
 * @property {Uint8Array|Uint16Array} samples (height, width, channels), 0 to 2^depth - 1, as tintype for Python gives
 * @property {Uint8Array|Uint16Array|null} alpha (height, width), 0 transparent to 255 or 65535 opaque; null: opaque
 * @property {Profile} profile
 */

/**
 * How samples become colours: an ICC profile if there is one, else code points of ITU-T H.273.
 *
 * @typedef {{primaries: number, transfer: number, icc: Uint8Array|null}} Profile
 */

/**
 * @typedef {object} Picture
 * @property {number} width
 * @property {number} height
 * @property {Uint8ClampedArray} data RGBA of 8 bits, colours not multiplied by alpha: what ImageData takes
 * @property {'srgb'|'display-p3'|null} colorSpace of ImageData; null: another one, which `profile` tells
 * @property {Profile} profile
 */

/** Decodes .tint files of the models that it has loaded, one after the other. */
export class TintDecoder {
  #module;
  #engines;
  #others;
  #decodeImage;
  #limits;
  #queue = Promise.resolve();

  /** Use `TintDecoder.load`. */
  constructor(module, engines, others, decodeImage, limits) {
    this.#module = module;
    this.#engines = engines;
    this.#others = others; // names of files beside this module that are loaded when a picture needs them, by hash
    this.#decodeImage = decodeImage;
    this.#limits = limits;
  }

  /**
   * @param {object} [options]
   * @param {URL|string|BufferSource|Array<URL|string|BufferSource>} [options.model] one or more files of models;
   *     default: those that were built with this module, each loaded when a picture needs it
   * @param {URL|string|BufferSource|WebAssembly.Module} [options.engine] default: the faster of engine-relaxed.wasm and
   *     engine.wasm, beside this module, that gives the exact results here
   * @param {Limits} [options.limits]
   * @param {import('./images.js').DecodeImage|null} [options.decodeImage] for WebP and AVIF inside files; default: the
   *     browser's own decoders; null: none
   * @returns {Promise<TintDecoder>}
   * @throws {TintError}
   */
  static async load(options) {
    const { model, engine, limits, decodeImage = decodeWithBrowser } = objectOf(options, 'the options');
    const checked = checkedLimits(objectOf(limits, 'limits'));
    if (decodeImage !== null && typeof decodeImage !== 'function')
      throw new TintError('input', `decodeImage: give a function, not ${named(decodeImage)}`);
    const files = [model ?? []].flat();
    if (Array.isArray(model) && !files.length) throw new TintError('input', 'model: the list is empty; give a model');
    const loading = files.map((file) => fetched(file, 'the model'));
    const [module, ...models] = await Promise.all([compile(engine), ...loading]);
    const engines = models.map((bytes) => new Engine(module, new Model(bytes)));
    const others = files.length ? {} : MODELS;
    return new TintDecoder(module, engines, others, decodeImage ?? decodeNothing, checked);
  }

  /**
   * A picture for display. Samples of more than 8 bits are rounded to 8.
   *
   * @param {BufferSource} bytes of a .tint file
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Picture>}
   * @throws {TintError}
   */
  async decode(bytes, options) {
    const decoded = await this.decodeSamples(bytes, options);
    const { width, height, profile } = decoded;
    try {
      return { width, height, data: rgba(decoded), colorSpace: colorSpaceOf(profile), profile };
    } catch (error) {
      throw explained(error, decoded);
    }
  }

  /**
   * The samples themselves.
   *
   * @param {BufferSource} bytes of a .tint file
   * @param {{signal?: AbortSignal}} [options] `signal` is looked at between tiles
   * @returns {Promise<Samples>}
   * @throws {TintError}
   */
  async decodeSamples(bytes, options) {
    const signal = checkedSignal(objectOf(options, 'the options').signal);
    const copy = bytesOf(bytes, 'the picture');
    // one after the other: pictures share the engine's memory
    const decoded = this.#queue.then(() => this.#decode(copy, signal));
    this.#queue = decoded.then(
      () => {},
      () => {},
    );
    return decoded;
  }

  async #decode(bytes, signal) {
    const container = parse(bytes);
    const { header, chunks } = container;
    checkSize(header, this.#limits);
    const engine = await this.#engineFor(header);
    try {
      const canvas = new Canvas(engine, header);
      await this.#decodeTiles(container, engine, canvas, signal);
      const { width, height, depth, primaries, transfer } = header;
      const samples = canvas.finish();
      const plane = chunks.get(ALPHA);
      const alpha = plane ? await decodeAlpha(plane, width, height, this.#decodeImage) : null;
      const profile = { primaries, transfer, icc: chunks.get(ICC)?.slice() ?? null };
      engine.rest();
      return { width, height, channels: header.grey ? 1 : 3, depth, samples, alpha, profile };
    } catch (error) {
      engine.reset();
      throw explained(error, header);
    }
  }

  async #decodeTiles({ header, chunks, payloads }, engine, canvas, signal) {
    const graphics = chunks.has(GRAPHICS);
    for (const [number, tile] of tileGrid(header, STRIDE).entries()) {
      await checkSignal(signal);
      try {
        const { layer, symbols } = graphics ? split(payloads[number]) : { layer: [], symbols: payloads[number] };
        const painting = layer.length ? await Painting.decode(layer, tile.core, header, this.#decodeImage) : null;
        if (!painting?.whole) {
          engine.decodeTile(symbols, tile, header.level);
          canvas.add(tile);
        } else if (symbols.length) {
          throw corrupt(`${symbols.length} bytes of symbols stand under graphics that hide all of them`);
        }
        if (painting) canvas.cover(tile, painting);
      } catch (error) {
        if (!(error instanceof TintError)) throw error;
        throw new TintError(error.kind, `tile ${number}: ${error.message}`, { cause: error });
      }
    }
  }

  async #engineFor({ model, weightsHash, level }) {
    if (!PICO.includes(model)) {
      const message = `the file has model ${model}, which is not pico; only tintype for Python decodes it`;
      throw new TintError('unsupported', message);
    }
    const engine =
      this.#engines.find((each) => each.model.weightsHash === weightsHash) ?? (await this.#loadEngine(weightsHash));
    if (engine.model.number !== model)
      throw corrupt(`model ${model} in the header is not that of its weights, ${engine.model.number}`);
    if (level >= engine.model.levels)
      throw corrupt(`level ${level} in the header is above ${engine.model.levels - 1}, the highest of its weights`);
    return engine;
  }

  /** Of a model beside this module. */
  async #loadEngine(weightsHash) {
    const name = this.#others[weightsHash];
    if (!name) {
      const known = [...this.#engines.map((each) => each.model.weightsHash), ...Object.keys(this.#others)];
      const there = [...new Set(known)].join(', ') || 'no others';
      const message = `the file needs the weights ${weightsHash}, and ${there} are there`;
      throw new TintError('unsupported', `${message}; load the file of its model too`);
    }
    const model = new Model(await fetched(new URL(name, import.meta.url), 'the model'));
    if (model.weightsHash !== weightsHash) {
      const message = `${name} holds the weights ${model.weightsHash}, not ${weightsHash} as models.js says`;
      throw new TintError('input', `${message}; copy the whole folder again`);
    }
    const engine = new Engine(this.#module, model);
    this.#engines.push(engine);
    return engine;
  }
}

/** What an error of JavaScript means for a picture: where an array cannot be allocated, it is a RangeError. */
function explained(error, { width, height }) {
  return error instanceof RangeError ? noMemory(`a picture of ${width} x ${height} pixels`, error) : error;
}

/** Lets the caller's events in, which may abort. */
async function checkSignal(signal) {
  if (!signal) return;
  await new Promise((resolve) => setTimeout(resolve));
  if (signal.aborted) throw aborted(signal);
}

/** @param {Limits} given */
function checkedLimits(given) {
  const limits = { maxPixels: 2 ** 26, maxTilePixels: 2 ** 22, maxNetworkPixels: undefined };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(limits, name)) throw new TintError('input', `there is no limit ${name}`);
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= 1))
      throw new TintError('input', `${name}: ${named(value)} is not a number of pixels`);
    limits[name] = value;
  }
  limits.maxNetworkPixels ??= Math.max(2 * limits.maxPixels, LEAST_NETWORK_PIXELS);
  return limits;
}

function checkSize(header, limits) {
  const size = networkSize(header, STRIDE);
  const asked = [
    ['maxPixels', header.width * header.height, 'pixels'],
    ['maxNetworkPixels', size.pixels, 'pixels in tiles with margins'],
    ['maxTilePixels', size.largestTile, 'pixels in a tile with margins'],
  ];
  for (const [name, value, what] of asked) {
    const message = `${value} ${what}, above the limit of ${limits[name]}; if you trust it, raise ${name}`;
    if (value > limits[name]) throw new TintError('limit', message);
  }
}

/** @returns {'srgb'|'display-p3'|null} */
function colorSpaceOf({ primaries, transfer, icc }) {
  if (icc || transfer !== 13) return null;
  return primaries === 1 ? 'srgb' : primaries === 12 ? 'display-p3' : null;
}

/** Samples of 8 bits: to the nearest. */
function reduced(samples, white) {
  if (white === 255) return samples;
  const nearest = Uint8Array.from({ length: white + 1 }, (_, value) => Math.floor((510 * value + white) / (2 * white)));
  const found = new Uint8Array(samples.length);
  for (let i = 0; i < found.length; i++) found[i] = nearest[samples[i]]; // `from` would make a list of them first
  return found;
}

/** @param {Samples} decoded */
function rgba({ width, height, channels, depth, samples, alpha }) {
  const colours = reduced(samples, 2 ** depth - 1);
  const shown = alpha && reduced(alpha, alpha instanceof Uint8Array ? 255 : 65535);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0, from = 0, to = 0; to < data.length; i++, from += channels, to += 4) {
    data[to] = colours[from];
    data[to + 1] = colours[channels === 3 ? from + 1 : from];
    data[to + 2] = colours[channels === 3 ? from + 2 : from];
    data[to + 3] = shown ? shown[i] : 255;
  }
  return data;
}
