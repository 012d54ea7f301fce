// How a picture is cut into tiles. docs/format.md, "Tiles"

/**
 * One tile. `core` and `source` are in pixels of the picture: what it is responsible for, and what it sees of the
 * picture. `width` and `height` are its sides at the networks.
 *
 * @typedef {{left: number, top: number, width: number, height: number}} Rect
 * @typedef {{core: Rect, source: Rect, width: number, height: number}} Tile
 */

/** Cores along an axis; a remainder of less than half a core joins its neighbour. */
function cellCount(length, core) {
  if (core === 0) return 1;
  return Math.max(1, Math.floor(length / core) + (2 * (length % core) >= core ? 1 : 0));
}

function largestCell(length, core) {
  const count = cellCount(length, core);
  return count === 1 ? length : Math.max(core, length - (count - 1) * core);
}

/** Tiles along one axis: {core, coreLength, source, sourceLength, padded}. */
function spans(length, core, margin, stride) {
  const count = cellCount(length, core);
  return Array.from({ length: count }, (_, cell) => {
    const begin = cell * core;
    const end = cell === count - 1 ? length : begin + core;
    const source = Math.max(0, begin - margin);
    const needed = Math.min(length, end + margin) - source;
    return {
      core: begin,
      coreLength: end - begin,
      source,
      sourceLength: needed,
      padded: Math.ceil(needed / stride) * stride,
    };
  });
}

/** Number of tiles, without building them. */
export const tileCount = (width, height, core) => cellCount(width, core) * cellCount(height, core);

/** Pixels of the largest core, without building the tiles. */
export const largestTilePixels = (width, height, core) => largestCell(width, core) * largestCell(height, core);

/** Tiles in coding order: row by row from the top, left to right. @returns {Tile[]} */
export function tileGrid({ width, height, core, margin }, stride) {
  const columns = spans(width, core, margin, stride);
  return spans(height, core, margin, stride).flatMap((y) =>
    columns.map((x) => ({
      core: { left: x.core, top: y.core, width: x.coreLength, height: y.coreLength },
      source: { left: x.source, top: y.source, width: x.sourceLength, height: y.sourceLength },
      width: x.padded,
      height: y.padded,
    })),
  );
}

/** Pixels that networks work on, of all tiles and of the largest, without building them. */
export function networkSize({ width, height, core, margin }, stride) {
  const columns = spans(width, core, margin, stride).map((span) => span.padded);
  const rows = spans(height, core, margin, stride).map((span) => span.padded);
  const sum = (sides) => sides.reduce((a, b) => a + b);
  const most = (sides) => sides.reduce((a, b) => Math.max(a, b));
  return { pixels: sum(columns) * sum(rows), largestTile: most(columns) * most(rows) };
}
