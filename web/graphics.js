// The graphics layer of one tile: an image, and the blocks of the tile's core that it replaces. docs/format.md,
// "Graphics"

import { TintError, corrupt } from './errors.js';
import { FieldReader } from './fields.js';
import { decodeGraphics } from './images.js';
import { inflate } from './png.js';

const SIDES = [8, 16, 32, 64]; // pixels, of blocks, as the format numbers them from 1

/** A tile's payload: the bytes of its layer, empty if it has none, and of its symbols. */
export function split(payload) {
  const reader = new FieldReader(payload);
  const layer = reader.take(reader.varint('length of graphics'), 'graphics');
  return { layer, symbols: payload.subarray(reader.offset) };
}

/** A layer as pixels. */
export class Painting {
  /**
   * @param {import('./tiling.js').Rect} box its place in the core
   * @param {Uint8Array|Uint16Array} image (box.height, box.width, channels)
   * @param {((x: number, y: number) => number)|null} covered whether a pixel of the core is replaced; null: all are
   */
  constructor(box, image, covered) {
    this.box = box;
    this.image = image;
    this.covered = covered;
  }

  /** Whether nothing of the core is left. */
  get whole() {
    return this.covered === null;
  }

  /**
   * @param {Uint8Array} bytes of a layer
   * @param {import('./tiling.js').Rect} core
   * @param {import('./container.js').Header} header
   * @param {import('./images.js').DecodeImage} decodeImage
   */
  static async decode(bytes, { width, height }, header, decodeImage) {
    const reader = new FieldReader(bytes);
    const form = reader.u8('form of graphics');
    const coder = form & 15;
    const blocks = form >> 4;
    if (coder > 2 || blocks > SIDES.length) throw corrupt(`graphics of form ${form} do not exist`);
    let box = { left: 0, top: 0, width, height };
    let covered = null;
    if (blocks > 0) {
      const side = SIDES[blocks - 1];
      const columns = Math.ceil(width / side);
      const packed = reader.take(reader.varint('length of the blocks'), 'blocks');
      const bits = await unpacked(packed, Math.ceil(height / side), columns);
      const isSet = (row, column) => (bits[(row * columns + column) >> 3] >> (7 - ((row * columns + column) & 7))) & 1;
      covered = (x, y) => isSet(Math.floor(y / side), Math.floor(x / side));
      box = boundingBox(isSet, side, columns, width, height);
    }
    const data = bytes.subarray(reader.offset);
    return new Painting(box, await decodeGraphics(coder, data, box.width, box.height, header, decodeImage), covered);
  }

  /** Replace pixels of a core that begins at (left, top) of a picture, (height, width, channels). */
  paint(picture, width, channels, { left, top }) {
    const { box } = this;
    for (let y = 0; y < box.height; y++) {
      const from = y * box.width * channels;
      const to = ((top + box.top + y) * width + left + box.left) * channels;
      if (this.whole) {
        picture.set(this.image.subarray(from, from + box.width * channels), to);
        continue;
      }
      for (let x = 0; x < box.width; x++)
        if (this.covered(box.left + x, box.top + y))
          for (let c = x * channels; c < (x + 1) * channels; c++) picture[to + c] = this.image[from + c];
    }
  }
}

async function unpacked(packed, rows, columns) {
  const count = rows * columns;
  const length = Math.ceil(count / 8);
  const bits = await inflate([packed], 'deflate-raw', length).catch((cause) => {
    if (cause instanceof TintError || cause instanceof RangeError) throw cause; // not the stream's fault
    throw new TintError('corrupt', `the blocks of graphics cannot be read (${cause.message}); the file is damaged`, {
      cause,
    });
  });
  const filled = count % 8 ? 0xff >> count % 8 : 0; // bits of the last byte that stand for no block
  if (bits.length !== length || bits[length - 1] & filled || bits.every((byte) => byte === 0))
    throw corrupt(`the blocks of graphics are not ${rows} x ${columns} bits, or none is set`);
  return bits;
}

/** The smallest rectangle of blocks that holds all that are set, in pixels of the core. */
function boundingBox(isSet, side, columns, width, height) {
  let [left, top, right, bottom] = [columns, Infinity, 0, 0];
  for (let row = 0; row < Math.ceil(height / side); row++)
    for (let column = 0; column < columns; column++) {
      if (!isSet(row, column)) continue;
      left = Math.min(left, column);
      right = Math.max(right, column + 1);
      top = Math.min(top, row);
      bottom = row + 1;
    }
  return {
    left: left * side,
    top: top * side,
    width: Math.min(width, right * side) - left * side,
    height: Math.min(height, bottom * side) - top * side,
  };
}
