// The .tint container: bytes to header, chunks and payloads. docs/format.md, "Fields"; the Python reader's checks,
// in its order (tintype/codec/container)

import { TintError, corrupt } from './errors.js';
import { FieldReader, crc32, viewOf } from './fields.js';
import { largestTilePixels, tileCount } from './tiling.js';

const MAGIC = [0xd4, 0x69, 0x0d, 0x0a];
const VERSION = 1;
const MAX_CHUNKS = 64;
const MAX_CHUNK_BYTES = 2 ** 24;
const MAX_PAYLOAD_BYTES = 2 ** 28 - 1;
const MAX_TILES = 2 ** 16;
const MAX_CORE_PIXELS = 2 ** 24;

export const ALPHA = 1;
export const ICC = 2;
const NUMERICS = 3;
export const GRAPHICS = 5;
const VENDOR = 12;
const READABLE_CRITICAL = [ALPHA, NUMERICS, GRAPHICS];

/**
 * The fixed part of a file.
 *
 * @typedef {object} Header
 * @property {number} model registered number
 * @property {string} weightsHash 16 hexadecimal digits
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {boolean} grey
 * @property {number} depth bits per sample: 8, 10, 12 or 16
 * @property {number} primaries code point of ITU-T H.273
 * @property {number} transfer code point of ITU-T H.273
 * @property {number} level of quality
 * @property {number} core side of the tiles' cores, 0: one tile
 * @property {number} margin
 */

/**
 * @typedef {object} Container
 * @property {Header} header
 * @property {Map<number, Uint8Array>} chunks the first of each type
 * @property {Uint8Array[]} payloads of tiles, in coding order
 */

/**
 * A whole file, every checksum verified.
 *
 * @param {Uint8Array} bytes
 * @returns {Container} whose parts are no copies
 * @throws {TintError}
 */
export function parse(bytes) {
  const reader = new FieldReader(bytes);
  readSignature(reader);
  const header = readHeader(reader);
  const { types, lengths } = readChunkTable(reader);
  for (let tile = tileCount(header.width, header.height, header.core); tile > 0; tile--)
    lengths.push(readLength(reader, 'payload length', MAX_PAYLOAD_BYTES));
  const headerCrc = crc32(bytes.subarray(0, reader.offset));
  const stored = reader.u32('header CRC');
  if (stored !== headerCrc)
    throw corrupt(`the header's CRC is ${headerCrc.toString(16)}, but ${stored.toString(16)} is stored`);

  requireSupported(header, types);
  const end = lengths.reduce((sum, length) => sum + length + 4, reader.offset);
  if (bytes.length < end)
    throw new TintError('truncated', `the file ends at byte ${bytes.length} of ${end}; fetch it again`);
  if (bytes.length > end)
    throw corrupt(`${bytes.length - end} bytes follow the last tile, which ends at byte ${end}`);
  const sections = lengths.map((length, number) => {
    const name = number < types.length ? `chunk ${types[number]}` : `tile ${number - types.length}`;
    const content = reader.take(length, name);
    if (sectionCrc(headerCrc, number, content) !== reader.u32(name))
      throw corrupt(`${name}, ${length} bytes, does not have the CRC that is stored`);
    return content;
  });
  const chunks = new Map();
  types.forEach((type, number) => chunks.has(type) || chunks.set(type, sections[number]));
  if (chunks.get(GRAPHICS)?.length) throw corrupt(`chunk ${GRAPHICS} (graphics) is not empty`);
  return { header, chunks, payloads: sections.slice(types.length) };
}

function sectionCrc(headerCrc, number, content) {
  const bound = new Uint8Array(8);
  viewOf(bound).setUint32(0, headerCrc, true);
  viewOf(bound).setUint32(4, number, true);
  return crc32(content, crc32(bound));
}

function readSignature(reader) {
  const start = reader.bytes.subarray(0, MAGIC.length);
  if (start.some((byte, i) => byte !== MAGIC[i])) {
    const found = Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new TintError('format', `not a .tint file: it starts with ${found}, not d4 69 0d 0a`);
  }
  reader.take(MAGIC.length, 'magic');
  const version = reader.u8('version');
  if (version === 0) throw corrupt('format version 0 does not exist');
  if (version > VERSION)
    throw new TintError('unsupported', `format version ${version} is newer than ${VERSION}; update the decoder`);
}

/** @returns {Header} */
function readHeader(reader) {
  const model = reader.varint('model');
  const hash = reader.take(8, 'weights hash');
  const weightsHash = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const width = reader.varint('width');
  const height = reader.varint('height');
  const samples = readSamples(reader);
  const level = reader.varint('level');
  const core = reader.varint('tile core');
  const margin = core ? reader.varint('tile margin') : 0;
  const within = (value, least, most, name) => {
    if (value < least || value > most) throw corrupt(`${name} ${value} is not in ${least} to ${most}`);
  };
  within(model, 1, 65535, 'model number');
  within(width, 1, 65535, 'width');
  within(height, 1, 65535, 'height');
  within(level, 0, 255, 'level');
  if (core) within(core, 64, 65535, 'tile core');
  within(margin, 0, Math.min(255, Math.floor(core / 4)), 'tile margin');
  const tiles = tileCount(width, height, core);
  if (core && tiles === 1) throw corrupt(`tile core ${core} makes a single tile, which is written as core 0`);
  within(tiles, 1, MAX_TILES, 'the tile count');
  within(largestTilePixels(width, height, core), 1, MAX_CORE_PIXELS, 'pixels of the largest core');
  return { model, weightsHash, width, height, ...samples, level, core, margin };
}

function readSamples(reader) {
  const byte = reader.u8('colour');
  const colour = byte & 15;
  const form = byte >> 4;
  const srgb = { depth: 8, primaries: 1, transfer: 13, matrix: 0, fullRange: 1 };
  if (form === 0) return { colour, grey: colour === 0, ...srgb };
  if (form !== 1) throw corrupt(`the upper half of the colour byte is ${form}, not 0 or 1`);
  const samples = { ...srgb };
  for (const name of Object.keys(srgb)) samples[name] = reader.u8(name);
  if (Object.keys(srgb).every((name) => samples[name] === srgb[name]))
    throw corrupt('8 bit sRGB is written in the long form');
  if (![8, 10, 12, 16].includes(samples.depth)) throw corrupt(`bit depth ${samples.depth} is not 8, 10, 12 or 16`);
  if (samples.fullRange > 1) throw corrupt(`full range ${samples.fullRange} is not 0 or 1`);
  return { colour, grey: colour === 0, ...samples };
}

function readChunkTable(reader) {
  const count = reader.varint('chunk count');
  if (count > MAX_CHUNKS) throw corrupt(`the chunk count ${count} is above the limit ${MAX_CHUNKS}`);
  const types = [];
  const lengths = [];
  for (let i = 0; i < count; i++) {
    const type = reader.varint('chunk type');
    if (type < 1 || type > 65535) throw corrupt(`chunk type ${type} is not in 1 to 65535`);
    const before = types.at(-1) ?? 0;
    if (type < before || (type === before && type !== VENDOR))
      throw corrupt(`chunk ${type} stands after chunk ${before}, out of order or twice`);
    types.push(type);
    lengths.push(readLength(reader, 'chunk length', MAX_CHUNK_BYTES));
  }
  return { types, lengths };
}

function readLength(reader, name, limit) {
  const length = reader.varint(name);
  if (length > limit) throw corrupt(`${name} ${length} is above the limit ${limit}`);
  return length;
}

function requireSupported(header, types) {
  if (header.colour > 1)
    throw new TintError('unsupported', `colour type ${header.colour} is not grey or RGB; a newer decoder may read it`);
  if (header.matrix !== 0 || header.fullRange !== 1)
    throw new TintError(
      'unsupported',
      `samples with matrix ${header.matrix} and range ${header.fullRange}: this decoder reads matrix 0 of full range`,
    );
  const unknown = types.find((type) => type % 2 === 1 && !READABLE_CRITICAL.includes(type));
  if (unknown !== undefined)
    throw new TintError('unsupported', `chunk ${unknown} has to be obeyed, which needs a newer decoder`);
}
