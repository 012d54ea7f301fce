/**
 * What is wrong.
 *
 *     format        not a .tint file
 *     truncated     the file ends too early
 *     corrupt       a checksum or a field does not hold
 *     unsupported   valid, but needs another model, a newer decoder, or a part that is missing here
 *     limit         asks for more pixels or work than the caller allows, or for more memory or canvas than there is
 *     input         an argument is not what it has to be, or a file of the decoder cannot be loaded
 *     aborted       the caller's signal
 *
 * @typedef {'format'|'truncated'|'corrupt'|'unsupported'|'limit'|'input'|'aborted'} TintErrorKind
 */

/** Every error that the decoder throws on purpose. The message says what, where and what to do. */
export class TintError extends Error {
  /**
   * @param {TintErrorKind} kind
   * @param {string} message
   * @param {ErrorOptions} [options] `cause`
   */
  constructor(kind, message, options) {
    super(message, options);
    this.name = 'TintError';
    this.kind = kind;
  }
}

/** @param {string} message what does not hold @returns {TintError} */
export const corrupt = (message) => new TintError('corrupt', `${message}; the file is damaged`);

/** @param {string} what has no place @param {unknown} cause @returns {TintError} */
export const noMemory = (what, cause) =>
  new TintError('limit', `there is not enough memory for ${what}; close other pages, or decode a smaller picture`, {
    cause,
  });
