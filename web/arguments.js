// What callers give: a TintError says what is wrong with it.

import { TintError, noMemory } from './errors.js';

/** A value in a message. Some have no text. @param {unknown} value @returns {string} */
export function named(value) {
  try {
    return String(value).slice(0, 200);
  } catch {
    return `a value of type ${typeof value}`;
  }
}

/** Options, none if they are undefined. @template T @param {T} value @param {string} what @returns {T} */
export function objectOf(value, what) {
  if (value === undefined) return /** @type {T} */ ({});
  if (typeof value === 'object' && value !== null) return value;
  throw new TintError('input', `${what}: give an object, not ${named(value)}`);
}

/** A copy, which nobody can change or move away later. @returns {Uint8Array<ArrayBuffer>|null} null: no bytes */
function copied(source, what) {
  if (!(source instanceof ArrayBuffer || ArrayBuffer.isView(source))) return null;
  let view;
  try {
    const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(source) ? source : { buffer: source };
    view = new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    throw new TintError('input', `${what}: its bytes were moved away (${cause.message}); give a copy`, { cause });
  }
  try {
    return view.slice();
  } catch (cause) {
    throw noMemory(`a copy of ${what}, ${view.length} bytes`, cause);
  }
}

/** A copy. @param {BufferSource} source @param {string} what @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(source, what) {
  const copy = copied(source, what);
  if (copy) return copy;
  throw new TintError('input', `${what}: give the bytes of a file, not ${named(source)}`);
}

/** @param {URL|string|BufferSource} source @param {string} what @returns {Promise<Uint8Array>} */
export async function fetched(source, what) {
  const copy = copied(source, what);
  if (copy) return copy;
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new TintError('input', `${what}: give a URL or bytes, not ${named(source)}`);
  try {
    const response = await fetch(source);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new TintError('input', `${what} cannot be loaded from ${source} (${cause.message})`, { cause });
  }
}

/** A URL as text, relative to the page. @param {URL|string} url @param {string} what @returns {string} */
export function absolute(url, what) {
  try {
    return new URL(url, document.baseURI).href;
  } catch (cause) {
    throw new TintError('input', `${what}: ${named(url)} is not a URL`, { cause });
  }
}

/** @param {unknown} signal @returns {AbortSignal|undefined} */
export function checkedSignal(signal) {
  if (signal === undefined || signal === null) return undefined;
  if (typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function') return signal;
  throw new TintError('input', `signal: give an AbortSignal, not ${named(signal)}`);
}

/** @param {AbortSignal} signal @returns {TintError} */
export const aborted = (signal) =>
  new TintError('aborted', 'the caller has aborted this picture', { cause: signal.reason });
