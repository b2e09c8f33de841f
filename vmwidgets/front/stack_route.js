// The line from one layer to another: between the boxes or along the side, never over those that it does not go through.

/**
 * @typedef {object} Place of a box, in pixels
 * @property {number} x of the token on its edge
 * @property {number} y of the token
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 */
/** @typedef {[number, number]} Point */

const LANE = 2; // half of what is free between boxes

/**
 * The points of the line; none if there is no way that leaves all other boxes alone.
 * @param {Place} from
 * @param {Place} to
 * @param {Omit<Place, "y">[]} boxes
 * @returns {Point[]}
 */
export function way(from, to, boxes) {
  /** @type {(box: Omit<Place, "y">, place: Place) => boolean} */
  const around = (box, { x, y }) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
  const others = boxes.filter((box) => !around(box, from) && !around(box, to));
  /** @type {(one: Point, other: Point) => boolean} */
  const free = ([x1, y1], [x2, y2]) =>
    others.every(
      (box) =>
        Math.max(x1, x2) <= box.left ||
        Math.min(x1, x2) >= box.right ||
        Math.max(y1, y2) <= box.top ||
        Math.min(y1, y2) >= box.bottom,
    );
  const [beside, above, side] = [from.left - LANE, to.top - LANE, LANE / 2];
  const below = to.top >= from.bottom ? from.bottom + LANE : from.top - LANE;
  /** @type {Point[]} */
  const ends = [
    [from.x, from.y],
    [to.x, to.y],
  ];
  /** @type {Point[][]} */
  const ways = [
    from.x === to.x
      ? []
      : [
          [beside, from.y],
          [beside, above],
          [to.x, above],
        ],
    [
      [beside, from.y],
      [beside, below],
      [side, below],
      [side, to.y],
    ],
  ];
  const found = ways
    .map((between) => [ends[0], ...between, ends[1]])
    .find((points) => points.slice(1).every((point, i) => free(points[i], point)));
  return found ?? [];
}
