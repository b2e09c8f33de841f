// The eye on its way: where it looks, where it is going, and the hand that leads it.
import { alike, between, bounded, fitted, revealed, stepped, zoomed } from "./frame_cells.js";

/** The largest side of a cell, in CSS pixels. */
const LARGEST = 40;
/** Milliseconds in which an eye comes most of the way to where it is going. */
const GLIDE = 60;

export class FrameEye {
  /** What is seen now. */
  now = { x: 0, y: 0, unit: 1 };
  /** What will be seen. */
  target = this.now;
  #whole = true;
  #before = 0;

  /** @param {{grid: import("./frame_cells.js").Grid, size: import("./frame_cells.js").Size, ratio: number}} scene */
  constructor(scene) {
    this.scene = scene;
  }

  /** @param {import("./frame_cells.js").Eye} next */
  aim(next) {
    const { grid, size } = this.scene;
    this.target = bounded(grid, size, next);
    this.#whole = alike(this.target, fitted(grid, size), size);
  }

  /** Be where it is going. */
  arrive() {
    this.now = this.target;
  }

  /**
   * Go a part of the way.
   * @param {number} now milliseconds
   * @returns {boolean} whether there is some of it left
   */
  glide(now) {
    const part = 1 - Math.exp(-Math.min(now - this.#before, 34) / GLIDE);
    this.#before = now;
    this.now = between(this.now, this.target, part);
    if (!alike(this.now, this.target, this.scene.size)) return true;
    this.arrive();
    return false;
  }

  /** The picture has another size: who saw all still sees all. */
  resized() {
    if (this.#whole) this.fit();
    else this.aim(this.target);
    this.arrive();
  }

  fit() {
    this.aim(fitted(this.scene.grid, this.scene.size));
  }

  /**
   * @param {number} unit
   * @param {number} x the point that keeps its place
   * @param {number} y
   */
  zoom(unit, x, y) {
    const { grid, size, ratio } = this.scene;
    const least = 1 / (LARGEST * ratio);
    const most = Math.max(fitted(grid, size).unit, least);
    this.aim(zoomed(this.target, Math.min(Math.max(unit, least), most), x, y));
  }

  /**
   * @param {number} direction in (1) or out (-1)
   * @param {number} x
   * @param {number} y
   */
  step(direction, x, y) {
    const { ratio } = this.scene;
    this.zoom(stepped(this.target.unit * ratio, direction) / ratio, x, y);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    const { x, y, unit } = this.target;
    this.aim({ x: x - dx * unit, y: y - dy * unit, unit });
  }

  /** @param {number} frame */
  reveal(frame) {
    this.aim(revealed(this.scene.grid, this.scene.size, this.target, frame));
  }
}
