// Numbers as bytes, and checksums. docs/format.md, "Conventions"

import { TintError, corrupt } from './errors.js';

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

/** CRC-32 as in PNG and zlib. @param {Uint8Array} bytes @param {number} [crc] of what comes before @returns {number} */
export function crc32(bytes, crc = 0) {
  crc = ~crc;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @param {Uint8Array} bytes @returns {DataView} */
export const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param {...(Uint8Array|number[])} parts @returns {Uint8Array<ArrayBuffer>} all of them in one */
export function joined(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** @param {string} text of ASCII @returns {number[]} */
export const ascii = (text) => Array.from(text, (letter) => letter.charCodeAt(0));

/** Reads fields in order; `offset` is where the next one begins. */
export class FieldReader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.offset = 0;
  }

  /** @param {number} count @param {string} name for the message @returns {Uint8Array} the next bytes, not a copy */
  take(count, name) {
    if (count > this.bytes.length - this.offset) throw this.#truncated(name);
    this.offset += count;
    return this.bytes.subarray(this.offset - count, this.offset);
  }

  /** @param {string} name @returns {number} */
  u8(name) {
    return this.take(1, name)[0];
  }

  /** @param {string} name @returns {number} */
  u32(name) {
    return viewOf(this.take(4, name)).getUint32(0, true);
  }

  /** An unsigned number below 2^32 in its shortest form. @param {string} name @returns {number} */
  varint(name) {
    let value = 0;
    for (let count = 0; count < 5; count++) {
      const at = this.offset + count;
      if (at >= this.bytes.length) throw this.#truncated(name);
      const byte = this.bytes[at];
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte >= 0x80) continue;
      if ((byte === 0 && count > 0) || value >= 2 ** 32) break;
      this.offset = at + 1;
      return value;
    }
    throw corrupt(`${name} at byte ${this.offset} is not a number below 2**32 in its shortest form`);
  }

  #truncated(name) {
    return new TintError('truncated', `the file ends at byte ${this.bytes.length}, within ${name}; fetch it again`);
  }
}
