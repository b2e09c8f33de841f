// Where the frames lie: cells in rows of a power of two, seen through an eye that moves and zooms. No page is needed.

/**
 * @typedef {object} Grid
 * @property {number} frames
 * @property {number} columns a power of two
 * @property {number} rows
 */
/** @typedef {{width: number, height: number}} Size in pixels of the screen, as everything here */
/**
 * What is seen. All three can be mixed linearly on the way from one eye to another, and a point that both show at the
 * same place stays there all the way.
 * @typedef {object} Eye
 * @property {number} x the column at the left edge
 * @property {number} y the row at the upper edge
 * @property {number} unit cells in one pixel
 */

/** Width of the grid in its height, about; the true one is half to twice as much. */
const ASPECT = 2.75;
/** Pixels of a cell that zooming in steps stops at; below one, halves. */
const STEPS = [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80];

/**
 * @param {number} frames
 * @returns {Grid}
 */
export function gridOf(frames) {
  const columns = 2 ** Math.round(Math.log2(frames * ASPECT) / 2);
  return { frames, columns, rows: Math.ceil(frames / columns) };
}

/**
 * The frame at a point, or -1.
 * @param {Grid} grid
 * @param {Eye} eye
 * @param {number} x
 * @param {number} y
 */
export function cellAt(grid, eye, x, y) {
  const column = Math.floor(eye.x + x * eye.unit);
  const row = Math.floor(eye.y + y * eye.unit);
  const frame = row * grid.columns + column;
  return column < 0 || column >= grid.columns || row < 0 || frame >= grid.frames ? -1 : frame;
}

/**
 * The upper left corner of a frame's cell.
 * @param {Grid} grid
 * @param {Eye} eye
 * @param {number} frame
 */
export function cornerOf(grid, eye, frame) {
  return {
    x: ((frame % grid.columns) - eye.x) / eye.unit,
    y: (Math.floor(frame / grid.columns) - eye.y) / eye.unit,
  };
}

/**
 * The eye that sees all of the grid, in the middle; cells of more than a pixel are whole pixels wide.
 * @param {Grid} grid
 * @param {Size} size
 * @returns {Eye}
 */
export function fitted(grid, size) {
  const unit = Math.max(grid.columns / size.width, grid.rows / size.height);
  return bounded(grid, size, { x: 0, y: 0, unit: unit < 1 ? 1 / Math.floor(1 / unit) : unit });
}

/**
 * The nearest eye that looks at the grid, and not beyond its edges if the grid fills the picture.
 * @param {Grid} grid
 * @param {Size} size
 * @param {Eye} eye
 * @returns {Eye}
 */
export function bounded(grid, size, eye) {
  /** @type {(at: number, cells: number, pixels: number) => number} */
  const along = (at, cells, pixels) => {
    const spare = cells - pixels * eye.unit;
    // Cells begin on whole pixels when the grid stands in the middle.
    return spare <= 0 ? -Math.floor(-spare / 2 / eye.unit + 1e-6) * eye.unit : Math.min(Math.max(at, 0), spare);
  };
  return {
    x: along(eye.x, grid.columns, size.width),
    y: along(eye.y, grid.rows, size.height),
    unit: eye.unit,
  };
}

/**
 * The eye after zooming about a point, which keeps its place.
 * @param {Eye} eye
 * @param {number} unit
 * @param {number} x
 * @param {number} y
 * @returns {Eye}
 */
export function zoomed(eye, unit, x, y) {
  return { x: eye.x + x * (eye.unit - unit), y: eye.y + y * (eye.unit - unit), unit };
}

/**
 * The next unit of the steps, in (1) or out (-1).
 * @param {number} unit
 * @param {number} direction
 */
export function stepped(unit, direction) {
  const pixels = 1 / unit;
  if (direction > 0) {
    if (pixels < 0.999) return 1 / Math.min(1, 2 ** Math.floor(Math.log2(pixels) + 1.001));
    return 1 / (STEPS.find((step) => step > pixels * 1.001) ?? STEPS[STEPS.length - 1]);
  }
  const lower = STEPS.filter((step) => step < pixels * 0.999).at(-1);
  return 1 / (lower ?? 2 ** Math.ceil(Math.log2(pixels) - 1.001));
}

/**
 * @param {Eye} from
 * @param {Eye} to
 * @param {number} part 0 to 1
 * @returns {Eye}
 */
export function between(from, to, part) {
  /** @type {(a: number, b: number) => number} */
  const mix = (a, b) => a + (b - a) * part;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), unit: mix(from.unit, to.unit) };
}

/**
 * Whether two eyes show the same to within half a pixel.
 * @param {Eye} a
 * @param {Eye} b
 * @param {Size} size
 */
export function alike(a, b, size) {
  const far = Math.max(size.width, size.height) * Math.abs(a.unit - b.unit);
  return Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y), far) < b.unit / 2;
}

/**
 * The eye moved just so far that a frame's cell is seen.
 * @param {Grid} grid
 * @param {Size} size
 * @param {Eye} eye
 * @param {number} frame
 * @returns {Eye}
 */
export function revealed(grid, size, eye, frame) {
  const column = frame % grid.columns;
  const row = Math.floor(frame / grid.columns);
  /** @type {(at: number, cell: number, pixels: number) => number} */
  const along = (at, cell, pixels) => Math.max(Math.min(at, cell), cell + 1 - pixels * eye.unit);
  return bounded(grid, size, {
    x: along(eye.x, column, size.width),
    y: along(eye.y, row, size.height),
    unit: eye.unit,
  });
}
