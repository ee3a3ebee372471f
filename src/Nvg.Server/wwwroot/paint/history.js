/** @import { Pixels } from '../types.js' */

const limit = 200;

/** Undo and redo of one drawing. Whole states are stored, because a drawing is only a few thousand bytes. */
export class History {
  /** @type {Pixels[]} */
  #past = [];
  /** @type {Pixels[]} */
  #future = [];

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Records the state before a change.
   * @param {Pixels} before
   */
  push(before) {
    this.#past.push(before);
    if (this.#past.length > limit) this.#past.shift();
    this.#future = [];
  }

  /**
   * @param {Pixels} current
   * @returns {Pixels} the state before the last change, or the current one if there is none
   */
  undo(current) {
    const before = this.#past.pop();
    if (!before) return current;
    this.#future.push(current);
    return before;
  }

  /**
   * @param {Pixels} current
   * @returns {Pixels}
   */
  redo(current) {
    const after = this.#future.pop();
    if (!after) return current;
    this.#past.push(current);
    return after;
  }
}
