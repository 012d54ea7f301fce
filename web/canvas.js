// Where decoded tiles come together: cores side by side, blended over the margins that neighbours share.
// docs/format.md, "Tiles"; the sums are those of tintype/codec/blending.py, in the same order.

/** A picture that tiles are added to, each once, in coding order. Sums are kept for one row of tiles alone. */
export class Canvas {
  #engine;
  #header;
  #channels;
  #white;
  #sum = 0; // address of sums of rows from `top` to `end`
  #capacity = 0; // rows
  #top = 0;
  #end = 0;
  #present = null; // weights that were added up, once a tile has no share; of the same rows
  #paintings = []; // over rows that are not done yet

  /** @param {import('./engine.js').Engine} engine @param {import('./container.js').Header} header */
  constructor(engine, header) {
    this.#engine = engine;
    this.#header = header;
    this.#channels = header.grey ? 1 : 3;
    this.#white = 2 ** header.depth - 1;
    const count = header.width * header.height * this.#channels;
    /** (height, width, channels) @type {Uint8Array|Uint16Array} */
    this.samples = header.depth === 8 ? new Uint8Array(count) : new Uint16Array(count);
  }

  /** Add the tile that the engine decoded last. @param {import('./tiling.js').Tile} tile */
  add(tile) {
    if (!this.#header.margin) return this.#put(tile);
    const { left, top, width, height } = tile.source;
    this.#begin(top, height);
    const [down, along] = this.#weights(tile).map((weights) => this.#engine.put(new Uint8Array(weights.buffer)));
    const at = this.#sum + this.#sumBytes(1) * (top - this.#top) + this.#pixelBytes * left;
    const stride = this.#header.width * this.#channels;
    this.#engine.call('add_share', width, height, this.#channels, this.#white, down, along, at, stride);
    this.#engine.give(down);
    this.#engine.give(along);
  }

  /**
   * Put graphics over the core of a tile, after all blending. If nothing else of it shows, it is not added.
   *
   * @param {import('./tiling.js').Tile} tile
   * @param {import('./graphics.js').Painting} painting
   */
  cover(tile, painting) {
    this.#paintings.push({ core: tile.core, painting });
    if (!this.#header.margin) this.#paint(this.#header.height);
    if (!this.#header.margin || !painting.whole) return;
    const { left, top, width, height } = tile.source;
    this.#begin(top, height);
    const line = this.#header.width;
    this.#present ??= new Float32Array((this.#end - this.#top) * line).fill(1);
    const [down, along] = this.#weights(tile);
    for (let y = 0; y < height; y++) {
      const row = (top - this.#top + y) * line + left;
      for (let x = 0; x < width; x++) this.#present[row + x] -= Math.fround(down[y] * along[x]);
    }
  }

  /** The picture, once all tiles are added. @returns {Uint8Array|Uint16Array} (height, width, channels) */
  finish() {
    this.#finishTo(this.#end);
    if (this.#sum) this.#engine.give(this.#sum);
    this.#paint(this.#header.height);
    return this.samples;
  }

  get #pixelBytes() {
    return this.#channels * (this.#header.depth === 8 ? 2 : 4);
  }

  #sumBytes(rows) {
    return rows * this.#header.width * this.#pixelBytes;
  }

  /** A core without blending. */
  #put({ core, source }) {
    const { left, top, width, height } = core;
    const line = width * this.#channels;
    const type = this.samples.constructor;
    const at = this.#engine.take(line * height * type.BYTES_PER_ELEMENT);
    const [x, y] = [left - source.left, top - source.top];
    this.#engine.call('round_samples', x, y, width, height, this.#channels, this.#white, at);
    const found = this.#engine.view(type, at, line * height);
    for (let row = 0; row < height; row++)
      this.samples.set(
        found.subarray(row * line, (row + 1) * line),
        ((top + row) * this.#header.width + left) * this.#channels,
      );
    this.#engine.give(at);
  }

  /** Weights of a tile's share, of rows and of columns. @returns {Float32Array[]} */
  #weights({ core, source }) {
    const { width, height, margin } = this.#header;
    return [
      ramp(source.height, 2 * margin, core.top > 0, core.top + core.height < height),
      ramp(source.width, 2 * margin, core.left > 0, core.left + core.width < width),
    ];
  }

  /** Make room for sums down to a tile's end; where it reaches below them, it begins a new row of tiles. */
  #begin(top, height) {
    const end = top + height;
    if (end <= this.#end) return;
    this.#finishTo(top);
    const line = this.#header.width;
    const kept = this.#end - this.#top;
    if (height > this.#capacity) {
      const larger = this.#engine.take(this.#sumBytes(height));
      if (this.#sum) {
        const rows = this.#engine.view(Uint8Array, this.#sum, this.#sumBytes(kept));
        this.#engine.view(Uint8Array, larger, rows.length).set(rows);
        this.#engine.give(this.#sum);
      }
      this.#sum = larger;
      this.#capacity = height;
    }
    const added = this.#sumBytes(height - kept);
    this.#engine.view(Uint8Array, this.#sum + this.#sumBytes(kept), added).fill(0);
    if (this.#present) {
      const longer = new Float32Array(height * line).fill(1);
      longer.set(this.#present);
      this.#present = longer;
    }
    this.#end = end;
  }

  /** Turn sums into samples, up to a row of the picture, and move the others to the front. */
  #finishTo(row) {
    const rows = row - this.#top;
    if (rows > 0) {
      const count = rows * this.#header.width;
      if (this.#present) {
        const present = this.#engine.put(new Uint8Array(this.#present.buffer, this.#present.byteOffset, 4 * count));
        this.#engine.call('divide_sums', this.#sum, present, count, this.#channels, this.#white);
        this.#engine.give(present);
        this.#present = this.#present.slice(count);
      }
      const type = this.samples.constructor;
      const at = this.#engine.take(count * this.#channels * type.BYTES_PER_ELEMENT);
      this.#engine.call('finish_sums', this.#sum, count * this.#channels, this.#white, at);
      const found = this.#engine.view(type, at, count * this.#channels);
      this.samples.set(found, this.#top * this.#header.width * this.#channels);
      this.#engine.give(at);
      const all = this.#engine.view(Uint8Array, this.#sum, this.#sumBytes(this.#end - this.#top));
      all.copyWithin(0, this.#sumBytes(rows));
      this.#top = row;
    }
    if (this.#present?.length === 0) this.#present = null;
    this.#paint(row);
  }

  /** Graphics over rows that are done. */
  #paint(row) {
    const done = ({ core }) => core.top + core.height <= row;
    for (const { core, painting } of this.#paintings.filter(done))
      painting.paint(this.samples, this.#header.width, this.#channels, core);
    this.#paintings = this.#paintings.filter((each) => !done(each));
  }
}

/** Weights along one axis: 1, falling linearly to 0 over `width` pixels at either end that has a neighbour. */
function ramp(length, width, begin, end) {
  const weights = new Float32Array(length).fill(1);
  for (let i = 0; i < width; i++) {
    const rise = Math.fround(Math.fround(i + 0.5) / width); // at pixel centres
    if (begin) weights[i] *= rise;
    if (end) weights[length - 1 - i] *= rise;
  }
  return weights;
}
