// Images of other coders inside a .tint file: graphics and transparency. PNG is decoded here; WebP and AVIF are by
// `decodeImage`, in a file whose header was compared with the size that is expected. docs/format.md, "Graphics"

import { named } from './arguments.js';
import { TintError, corrupt, noMemory } from './errors.js';
import { ascii, joined, viewOf } from './fields.js';
import { decodeBarePng, decodeGreyPng } from './png.js';

// a grey pixel in RGB, as a graphics layer holds it
const WEBP_PIXEL = [47, 0, 0, 0, 0, 7, 80, 192, 2, 22, 176, 255, 129, 136, 232, 127, 0];
const AVIF_PIXEL = Uint8Array.of(10, 7, 56, 0, 6, 16, 16, 208, 105, 50, 7, 27, 0, 0, 0, 80, 4, 192);

/**
 * Decodes a file of an image: "image/webp" or "image/avif".
 *
 * @callback DecodeImage
 * @param {Uint8Array} bytes
 * @param {string} mime
 * @returns {Promise<{width: number, height: number, data: ArrayLike<number>}>} data: RGBA, 8 bits
 */

/**
 * The browser's own decoders. @type {DecodeImage}
 */
export async function decodeWithBrowser(bytes, mime) {
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined')
    throw new TintError(
      'unsupported',
      `the file holds an image of ${mime}, and there is no createImageBitmap or OffscreenCanvas; give decodeImage`,
    );
  // samples as they are: no profile may change them
  const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
  const bitmap = await createImageBitmap(new Blob([bytes], { type: mime }), options);
  const { width, height } = bitmap;
  try {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    throw noMemory(`a canvas of ${width} x ${height} pixels`, cause);
  } finally {
    bitmap.close();
  }
}

/** In place of a decoder that a caller does not want. @type {DecodeImage} */
export async function decodeNothing(bytes, mime) {
  throw new TintError('unsupported', `the file holds an image of ${mime}, and decodeImage is null; give a function`);
}

/** Whether a sound image of a pixel can be decoded: tells a damaged image from a decoder that lacks its format. */
async function decodes(decodeImage, mime) {
  try {
    await decodeImage(mime === 'image/avif' ? avifFile(AVIF_PIXEL, 1, 1, false) : webpFile(WEBP_PIXEL), mime);
    return true;
  } catch {
    return false;
  }
}

/** Of RGBA, the first three channels, or the green one of a grey picture. */
async function samplesBy(decodeImage, bytes, mime, width, height, channels) {
  let image;
  try {
    image = await decodeImage(bytes, mime);
  } catch (cause) {
    if (cause instanceof TintError) throw cause;
    if (await decodes(decodeImage, mime))
      throw new TintError('corrupt', `an image of ${mime} cannot be decoded (${named(cause)}); the file is damaged`, {
        cause,
      });
    const message = `images of ${mime} cannot be decoded here (${named(cause)}); give a decodeImage that can`;
    throw new TintError('unsupported', message, { cause });
  }
  if (!(image?.width > 0 && image.height > 0 && image.data?.length > 0))
    throw new TintError('input', `decodeImage: its result for ${mime} is not {width, height, data}`);
  if (image.width !== width || image.height !== height || image.data.length !== 4 * width * height)
    throw corrupt(`an image of ${mime} does not have the ${width} x ${height} pixels of its header`);
  const samples = new Uint8Array(width * height * channels);
  if (channels === 1) for (let i = 0; i < samples.length; i++) samples[i] = image.data[4 * i + 1];
  else
    for (let i = 0, at = 0; at < samples.length; i += 4) {
      samples[at++] = image.data[i];
      samples[at++] = image.data[i + 1];
      samples[at++] = image.data[i + 2];
    }
  return samples;
}

/**
 * The plane in the chunk alpha.
 *
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 * @param {DecodeImage} decodeImage
 * @returns {Promise<Uint8Array|Uint16Array>} (height, width)
 */
export async function decodeAlpha(bytes, width, height, decodeImage) {
  const png = await decodeGreyPng(bytes, width, height);
  if (png) return png.samples;
  const name = String.fromCharCode(...bytes.subarray(0, 4), ...bytes.subarray(8, 16));
  if (name !== 'RIFFWEBPVP8L' || bytes.length < 25)
    throw corrupt('the transparency is neither a grey PNG of 8 or 16 bits nor a lossless WebP');
  requireWebpSize(bytes, 21, width, height);
  return samplesBy(decodeImage, bytes.slice(), 'image/webp', width, height, 1); // which may move its bytes away
}

/**
 * An image of a graphics layer.
 *
 * @param {number} coder 0 WebP, 1 PNG, 2 AVIF
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 * @param {{grey: boolean, depth: number}} header
 * @param {DecodeImage} decodeImage
 * @returns {Promise<Uint8Array|Uint16Array>} (height, width, channels)
 */
export async function decodeGraphics(coder, bytes, width, height, { grey, depth }, decodeImage) {
  const channels = grey ? 1 : 3;
  if (depth > 8) {
    if (coder !== 1) throw corrupt(`graphics of coder ${coder} have 8 bits, the picture ${depth}`);
    const { bits, samples } = await decodeBarePng(bytes, width, height * channels);
    if (bits !== 16) throw corrupt(`graphics in PNG have ${bits} bits, the picture ${depth}`);
    const whole = grey ? samples : unstacked(samples);
    if (whole.some((sample) => sample >= 2 ** depth)) throw corrupt(`graphics have samples of more than ${depth} bits`);
    return whole;
  }
  if (coder === 1) {
    const plane = await decodeBarePng(bytes, width, height);
    if (plane.bits !== 8) throw corrupt(`graphics in PNG have ${plane.bits} bits, the picture 8`);
    return withChannels(plane, channels);
  }
  if (coder === 2) {
    const file = avifFile(bytes, width, height, grey);
    return samplesBy(decodeImage, file, 'image/avif', width, height, channels);
  }
  if (bytes.length < 5 || bytes[0] !== 0x2f) throw corrupt('graphics are no lossless WebP');
  requireWebpSize(bytes, 1, width, height);
  return samplesBy(decodeImage, webpFile(bytes), 'image/webp', width, height, channels);
}

function withChannels({ channels, samples }, wanted) {
  if (channels === wanted) return samples;
  if (wanted === 1) return Uint8Array.from({ length: samples.length / 3 }, (_, i) => samples[3 * i + 1]);
  return Uint8Array.from({ length: samples.length * 3 }, (_, i) => samples[Math.floor(i / 3)]);
}

/** RGB from three planes one below the other: green, red less green, blue less green, modulo 2^16. */
function unstacked(planes) {
  const size = planes.length / 3;
  const samples = new Uint16Array(planes.length);
  for (let i = 0; i < size; i++) {
    const green = planes[i];
    samples[3 * i] = planes[size + i] + green;
    samples[3 * i + 1] = green;
    samples[3 * i + 2] = planes[2 * size + i] + green;
  }
  return samples;
}

// ---- WebP --------------------------------------------------------------------------------------------------------

function requireWebpSize(bytes, at, width, height) {
  const sides = viewOf(bytes).getUint32(at, true); // 14 bits each, less 1
  requireSize((sides & 0x3fff) + 1, ((sides >>> 14) & 0x3fff) + 1, width, height);
}

function requireSize(foundWidth, foundHeight, width, height) {
  if (foundWidth !== width || foundHeight !== height)
    throw corrupt(`an image has ${foundWidth} x ${foundHeight} pixels where ${width} x ${height} belong`);
}

/** A file around the chunk VP8L. */
function webpFile(data) {
  const length = u32(data.length).reverse();
  const padding = data.length % 2 ? [0] : [];
  const chunk = joined(ascii('WEBPVP8L'), length, data, padding);
  return joined(ascii('RIFF'), u32(chunk.length).reverse(), chunk);
}

// ---- AVIF, as tintype/codec/graphics/avif.py ---------------------------------------------------------------------

const u32 = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]; // the highest byte first
const zeros = (count) => new Uint8Array(count);
const box = (name, ...content) => {
  const inside = joined(...content);
  return joined(u32(8 + inside.length), ascii(name), inside);
};

/** Sequence header and frame of AV1 as a file of one still picture of this size. */
function avifFile(data, width, height, grey) {
  const [sequence, frame] = unitsOf(data);
  if (sequence?.kind !== 1 || frame?.kind !== 6 || frame.end !== data.length)
    throw corrupt('graphics in AVIF are not one sequence header and one frame');
  requireStill(data.subarray(sequence.content, sequence.end), width, height, grey ? 0 : 1);
  const properties = box(
    'ipco',
    box('ispe', zeros(4), u32(width), u32(height)),
    box('pixi', zeros(4), grey ? [1, 8] : [3, 8, 8, 8]),
    box('av1C', grey ? [0x81, 0, 0x1c, 0] : [0x81, 0x20, 0, 0]),
    box('colr', ascii('nclx'), [0, 1, 0, 0x0d, 0, 6, 0x80]), // sRGB, BT.601 coefficients, full range
  );
  const associations = box('ipma', zeros(4), [0, 0, 0, 1, 0, 1, 4, 1, 2, 0x83, 4]);
  const entry = box('infe', [2, 0, 0, 0, 0, 1, 0, 0], ascii('av01'), [0]);
  const boxes = joined(
    box('hdlr', zeros(8), ascii('pict'), zeros(13)),
    box('pitm', zeros(4), [0, 1]),
    box('iinf', zeros(4), [0, 1], entry),
    box('iprp', properties, associations),
  );
  const type = box('ftyp', ascii('avif'), zeros(4), ascii('avifmif1miaf'));
  const place = [0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1]; // of the data: offset and length follow
  const begin = type.length + 12 + boxes.length + 8 + place.length + 8 + 8;
  const location = box('iloc', place, u32(begin), u32(data.length));
  return joined(type, box('meta', zeros(4), boxes, location), box('mdat', data));
}

/** The first two open bitstream units: kind, and where content and end are. */
function unitsOf(data) {
  const units = [];
  for (let begin = 0; begin < data.length && units.length < 2; ) {
    let size = 0;
    let at = begin + 1;
    for (let shift = 0; at < data.length && shift < 35; shift += 7) {
      size += (data[at] & 0x7f) * 2 ** shift;
      if (data[at++] < 0x80) break;
    }
    if ((data[begin] & 0x87) !== 2 || at + size > data.length)
      throw corrupt('graphics in AVIF have a unit of another form'); // with extension, or without a size
    units.push({ kind: data[begin] >> 3, content: at, end: at + size });
    begin = at + size;
  }
  return units;
}

/** That a sequence header describes a single picture of this size, whose frame cannot say otherwise. */
function requireStill(header, width, height, profile) {
  let at = 0;
  const take = (count) => {
    let value = 0;
    for (; count > 0; count--, at++) {
      if (at >= 8 * header.length) throw corrupt('graphics in AVIF end within their header');
      value = 2 * value + ((header[at >> 3] >> (7 - (at & 7))) & 1);
    }
    return value;
  };
  // with the reduced header of still pictures a frame has no size of its own
  if (take(3) !== profile || take(1) !== 1 || take(1) !== 1) throw corrupt('graphics in AVIF are no still picture');
  take(5); // level
  const widthBits = take(4) + 1;
  const heightBits = take(4) + 1;
  requireSize(take(widthBits) + 1, take(heightBits) + 1, width, height);
}
