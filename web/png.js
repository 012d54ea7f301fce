// PNG with exact samples, 16 bits too, which browsers' own decoders reduce. Without interlace.

import { TintError, corrupt } from './errors.js';
import { ascii, crc32, viewOf } from './fields.js';

const SIGNATURE = [0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a];
const CHANNELS = { 0: 1, 2: 3, 3: 1 };
const ALLOWED = { 0: [1, 8, 16], 2: [8], 3: [1, 2, 4, 8] }; // bits by colour type

/**
 * @typedef {object} Plane
 * @property {number} channels 1 or 3
 * @property {number} bits of a sample, 8 or 16
 * @property {Uint8Array|Uint16Array} samples (height, width, channels)
 */

/**
 * A deflated stream, but no more than `most` bytes of it.
 *
 * @param {Uint8Array[]} parts
 * @param {'deflate'|'deflate-raw'} format
 * @param {number} most bytes
 * @returns {Promise<Uint8Array>}
 * @throws {Error} if the stream is damaged or longer; TintError or RangeError if it cannot be inflated here
 */
export async function inflate(parts, format, most) {
  let stream;
  try {
    stream = new DecompressionStream(format);
  } catch (cause) {
    throw new TintError('unsupported', `the file has data of ${format}, and there is no DecompressionStream for it`, {
      cause,
    });
  }
  const writer = stream.writable.getWriter();
  // errors of the stream arrive at the reader too
  const writing = Promise.all([...parts.map((part) => writer.write(part)), writer.close()]).catch(() => {});
  const reader = stream.readable.getReader();
  const out = new Uint8Array(most);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length > most) {
      await reader.cancel().catch(() => {});
      throw new Error(`more than ${most} bytes`);
    }
    out.set(value, length);
    length += value.length;
  }
  await writing;
  return out.subarray(0, length);
}

/** Name and content of each chunk; their checksums hold. */
function* chunksOf(bytes, begin) {
  const view = viewOf(bytes);
  while (begin < bytes.length) {
    const length = bytes.length - begin < 12 ? Infinity : view.getUint32(begin);
    if (length > bytes.length - begin - 12) throw corrupt('a PNG ends within a chunk');
    const end = begin + 8 + length;
    if (crc32(bytes.subarray(begin + 4, end)) !== view.getUint32(end)) throw corrupt('a chunk of a PNG is damaged');
    yield { name: String.fromCharCode(...bytes.subarray(begin + 4, begin + 8)), data: bytes.subarray(begin + 8, end) };
    begin = end + 4;
  }
}

/** Undo the filters of rows, in place; what follows one another without the filters' bytes. */
function unfilter(data, height, rowBytes, step) {
  const out = new Uint8Array(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const from = y * (rowBytes + 1) + 1;
    const to = y * rowBytes;
    const filter = data[from - 1];
    for (let i = 0; i < rowBytes; i++) {
      const left = i >= step ? out[to + i - step] : 0;
      const above = y > 0 ? out[to + i - rowBytes] : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = above;
      else if (filter === 3) guess = (left + above) >> 1;
      else if (filter === 4) {
        const corner = i >= step && y > 0 ? out[to + i - rowBytes - step] : 0;
        const a = Math.abs(above - corner); // distances of left, above and corner from left + above - corner
        const b = Math.abs(left - corner);
        const c = Math.abs(left + above - 2 * corner);
        guess = a <= b && a <= c ? left : b <= c ? above : corner;
      } else if (filter > 4) throw corrupt(`a row of a PNG has filter ${filter}`);
      out[to + i] = data[from + i] + guess;
    }
  }
  return out;
}

/** Rows of samples of less than a byte as a byte each. */
function unpacked(rows, width, height, bits) {
  const rowBytes = Math.ceil((width * bits) / 8);
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const byte = rows[y * rowBytes + ((x * bits) >> 3)];
      out[y * width + x] = (byte >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1);
    }
  return out;
}

/**
 * The picture in the chunks of a PNG.
 *
 * @param {Uint8Array[]} parts the chunks IDAT
 * @param {Uint8Array|null} palette the chunk PLTE
 * @param {number} width
 * @param {number} height
 * @param {number} colour type
 * @param {number} bits of a sample
 * @returns {Promise<Plane>}
 */
async function decoded(parts, palette, width, height, colour, bits) {
  const channels = CHANNELS[colour];
  const rowBytes = Math.ceil((width * bits * channels) / 8);
  const wanted = height * (rowBytes + 1);
  const data = await inflate(parts, 'deflate', wanted).catch((cause) => {
    if (cause instanceof TintError || cause instanceof RangeError) throw cause; // not the stream's fault
    throw new TintError('corrupt', `a PNG cannot be inflated (${cause.message}); the file is damaged`, { cause });
  });
  if (data.length !== wanted) throw corrupt(`a PNG has ${data.length} bytes of rows where ${wanted} belong`);
  const rows = unfilter(data, height, rowBytes, Math.max(1, (bits * channels) >> 3));
  if (bits === 16) {
    const view = viewOf(rows);
    const samples = Uint16Array.from({ length: width * height }, (_, i) => view.getUint16(2 * i));
    return { channels, bits, samples };
  }
  const samples = bits === 8 ? rows : unpacked(rows, width, height, bits);
  if (colour !== 3) {
    if (bits === 1) samples.forEach((sample, i) => (samples[i] = 255 * sample));
    return { channels, bits: 8, samples };
  }
  if (!palette || palette.length % 3 || palette.length > 768) throw corrupt('a PNG lacks its palette');
  if (samples.some((sample) => 3 * sample >= palette.length)) throw corrupt('a PNG has colours outside its palette');
  const colours = new Uint8Array(3 * samples.length);
  samples.forEach((sample, i) => colours.set(palette.subarray(3 * sample, 3 * sample + 3), 3 * i));
  return { channels: 3, bits: 8, samples: colours };
}

/**
 * An image of the graphics layer: colour type and bits in a byte, then chunks PLTE and IDAT.
 *
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Plane>}
 */
export async function decodeBarePng(bytes, width, height) {
  const colour = bytes.length ? bytes[0] >> 5 : 0;
  const bits = bytes.length ? bytes[0] & 31 : 0;
  if (!ALLOWED[colour]?.includes(bits)) throw corrupt(`graphics in PNG of colour type ${colour} and ${bits} bits`);
  const chunks = [...chunksOf(bytes, 1)];
  if (chunks.some(({ name }) => name !== 'IDAT' && name !== 'PLTE'))
    throw corrupt('graphics in PNG hold a chunk that is neither PLTE nor IDAT');
  return decoded(imageParts(chunks), paletteOf(chunks), width, height, colour, bits);
}

/**
 * A whole file of one grey plane with 8 or 16 bits, whose size is compared before anything is allocated; null if the
 * bytes are no such file.
 *
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Plane>|null}
 */
export function decodeGreyPng(bytes, width, height) {
  if (bytes.length < 29 || SIGNATURE.some((byte, i) => bytes[i] !== byte)) return null;
  const view = viewOf(bytes);
  const [bits, colour, compression, filter, interlace] = bytes.subarray(24, 29);
  if (colour !== 0 || (bits !== 8 && bits !== 16)) return null;
  const found = [view.getUint32(16), view.getUint32(20)];
  if (found[0] !== width || found[1] !== height)
    throw corrupt(`a plane has ${found.join(' x ')} pixels where ${width} x ${height} belong`);
  if (compression || filter) throw corrupt('a plane in PNG is compressed in a way that does not exist');
  if (interlace) throw new TintError('unsupported', 'a plane in PNG is interlaced; tintype for Python decodes it');
  const chunks = [...chunksOf(bytes, SIGNATURE.length)];
  if (chunks[0].name !== 'IHDR' || chunks[0].data.length !== 13) throw corrupt('a plane in PNG has no header');
  return decoded(imageParts(chunks), null, width, height, colour, bits);
}

const imageParts = (chunks) => chunks.filter(({ name }) => name === 'IDAT').map(({ data }) => data);
const paletteOf = (chunks) => chunks.find(({ name }) => name === 'PLTE')?.data ?? null;
