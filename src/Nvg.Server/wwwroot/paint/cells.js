import { el } from '../dom.js';
import { paintOf } from './palettes.js';

/** @import { Painter } from './painter.js' */

/** @type {Record<string, [number, number]>} */
const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * The positions of a drawing as a grid of buttons over its canvas, for keyboards and screen readers. Arrows move, Space or Enter
 * paints, and Shift with arrows paints along the way. Pointer events pass through to the canvas.
 */
export class CellGrid {
  /** @type {HTMLElement[]} */
  #cells = [];
  #row = 0;
  #column = 0;
  #painter;

  /**
   * @param {Painter} painter
   * @param {string} label
   */
  constructor(painter, label) {
    this.#painter = painter;
    this.element = el('div', { class: 'cells', role: 'grid', 'aria-label': label, tabindex: '-1' });
    for (let row = 0; row < painter.rows; row++) this.element.append(this.#createRow(row));
    this.element.addEventListener('keydown', event => this.#press(event));
    this.update();
  }

  /** @param {number} row */
  #createRow(row) {
    const node = el('div', { role: 'row', class: 'cells-row' });
    for (let column = 0; column < this.#painter.columns; column++) {
      const cell = el('div', { role: 'gridcell', class: 'cell' });
      cell.addEventListener('click', () => {
        this.#go(row, column);
        this.#painter.paintCell(row, column);
      });
      cell.addEventListener('focus', () => this.#go(row, column));
      this.#cells.push(cell);
      node.append(cell);
    }
    return node;
  }

  /** Updates the names of the cells. */
  update() {
    const values = this.#painter.positions();
    for (const [i, cell] of this.#cells.entries()) {
      const row = Math.floor(i / this.#painter.columns);
      const column = i % this.#painter.columns;
      const name = paintOf(this.#painter.palette, values[i] ?? 0).name.toLowerCase();
      cell.setAttribute('aria-label', `Row ${row + 1}, column ${column + 1}: ${name}`);
      cell.tabIndex = row === this.#row && column === this.#column ? 0 : -1;
    }
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  #go(row, column) {
    this.#cell().tabIndex = -1;
    this.#row = Math.min(this.#painter.rows - 1, Math.max(0, row));
    this.#column = Math.min(this.#painter.columns - 1, Math.max(0, column));
    this.#cell().tabIndex = 0;
  }

  #cell() {
    return /** @type {HTMLElement} */ (this.#cells[this.#row * this.#painter.columns + this.#column]);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const move = moves[event.key];
    if (move) {
      this.#go(this.#row + move[0], this.#column + move[1]);
      this.#cell().focus();
      if (event.shiftKey) this.#painter.paintCell(this.#row, this.#column);
    } else if (event.key === ' ' || event.key === 'Enter') {
      this.#painter.paintCell(this.#row, this.#column);
    } else {
      return;
    }
    event.preventDefault();
  }
}
