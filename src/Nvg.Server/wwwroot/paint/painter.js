import { el } from '../dom.js';
import { History } from './history.js';
import { copy, equal, fillBlock, flood, line, majority } from './raster.js';
import { CellGrid } from './cells.js';

/** @import { Pixels } from '../types.js' */
/** @import { Paint } from './palettes.js' */
/** @typedef {'brush' | 'fill' | 'eraser'} Tool */

/**
 * A drawing that is painted with mouse, pen, finger or keys. Emits `input` during a stroke, `change` when the drawing has
 * changed, and `tool` when tool, paint or size has changed.
 */
export class Painter extends EventTarget {
  /** @type {Tool} */
  tool = 'brush';
  value = 1;
  #sizes = { brush: 1, eraser: 1, fill: 1 };
  /** @type {Pixels} */
  #pixels;
  #history = new History();
  /** @type {{ before: Pixels, at: { x: number, y: number }, pointer: number } | null} */
  #stroke = null;
  /** @type {ImageBitmap | null} */
  #background = null;
  #translucent = 1;
  #colourOf;
  #canvas = el('canvas', { class: 'painter-canvas', 'aria-hidden': 'true' });
  #buffer = document.createElement('canvas');

  /**
   * @param {{
   *   pixels: Pixels, columns: number, rows: number, palette: Paint[], label: string, brush: number, eraser: number,
   *   colourOf: (value: number) => readonly number[]
   * }} options brush and eraser are diameters in pixels of the drawing
   */
  constructor(options) {
    super();
    this.#pixels = options.pixels;
    this.columns = options.columns;
    this.rows = options.rows;
    this.palette = options.palette;
    this.#colourOf = options.colourOf;
    this.#sizes.brush = options.brush;
    this.#sizes.eraser = options.eraser;
    this.cells = new CellGrid(this, options.label);
    this.element = el('div', { class: 'painter' }, this.#canvas, this.cells.element);
    this.#listen();
    this.draw();
  }

  get pixels() {
    return this.#pixels;
  }

  get size() {
    return this.#sizes[this.tool];
  }

  set size(size) {
    this.#sizes[this.tool] = Math.min(this.largest, Math.max(1, size));
    this.#tell('tool');
  }

  get largest() {
    return Math.round(this.#pixels.width / 2);
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** @param {Tool} tool */
  setTool(tool) {
    this.tool = tool;
    this.#tell('tool');
  }

  /** @param {number} value */
  setValue(value) {
    this.value = value;
    if (this.tool === 'eraser') this.tool = 'brush';
    this.#tell('tool');
  }

  /**
   * Shows the drawing over an image: painted pixels are translucent, and value 0 is invisible.
   * @param {ImageBitmap | null} image
   * @param {number} opacity
   */
  setBackground(image, opacity) {
    this.#background = image;
    this.#translucent = opacity;
    this.draw();
  }

  /**
   * Replaces the whole drawing in one step that can be undone.
   * @param {Pixels} pixels
   */
  replace(pixels) {
    const before = this.#pixels;
    this.#pixels = pixels;
    if (!equal(before, pixels)) this.#history.push(before);
    this.#changed();
  }

  /**
   * Shows another drawing without adding an undo step.
   * @param {Pixels} pixels
   */
  load(pixels) {
    this.#pixels = pixels;
    this.#history = new History();
    this.draw();
    this.cells.update();
    this.#tell('tool');
  }

  undo() {
    this.#pixels = this.#history.undo(this.#pixels);
    this.#changed();
  }

  redo() {
    this.#pixels = this.#history.redo(this.#pixels);
    this.#changed();
  }

  /**
   * Paints one position with the current paint.
   * @param {number} row
   * @param {number} column
   */
  paintCell(row, column) {
    const after = copy(this.#pixels);
    const value = this.tool === 'eraser' ? 0 : this.value;
    if (this.tool === 'fill') {
      flood(after, ((column + 0.5) * after.width) / this.columns, ((row + 0.5) * after.height) / this.rows, value);
    } else {
      fillBlock(after, this.columns, this.rows, row, column, value);
    }
    this.replace(after);
  }

  /** The value of each position, row by row. */
  positions() {
    return majority(this.#pixels, this.columns, this.rows);
  }

  draw() {
    const { width, height, data } = this.#pixels;
    const canvas = this.#canvas;
    const unit = Math.max(1, Math.round(512 / width));
    canvas.width = width * unit;
    canvas.height = height * unit;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    if (this.#background) drawCentre(context, this.#background);
    this.#buffer.width = width;
    this.#buffer.height = height;
    const image = new ImageData(width, height);
    for (let i = 0; i < data.length; i++) {
      const value = /** @type {number} */ (data[i]);
      const hidden = this.#background && value === 0;
      image.data.set([...this.#colourOf(value), hidden ? 0 : 255 * this.#translucent], 4 * i);
    }
    const buffer = /** @type {CanvasRenderingContext2D} */ (this.#buffer.getContext('2d'));
    buffer.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#buffer, 0, 0, canvas.width, canvas.height);
    this.#drawGrid(context);
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawGrid(context) {
    const { width, height } = context.canvas;
    context.strokeStyle = 'rgb(255 255 255 / 22%)';
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 1; i < this.columns; i++) {
      context.moveTo((i * width) / this.columns, 0);
      context.lineTo((i * width) / this.columns, height);
    }
    for (let i = 1; i < this.rows; i++) {
      context.moveTo(0, (i * height) / this.rows);
      context.lineTo(width, (i * height) / this.rows);
    }
    context.stroke();
  }

  #listen() {
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', event => this.#begin(event));
    canvas.addEventListener('pointermove', event => this.#move(event));
    canvas.addEventListener('pointerup', event => this.#end(event));
    canvas.addEventListener('pointercancel', event => this.#end(event));
    canvas.addEventListener('contextmenu', event => event.preventDefault());
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.#pixels.width,
      y: ((event.clientY - box.top) / box.height) * this.#pixels.height,
    };
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (this.#stroke || event.button > 0) return;
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    const at = this.#point(event);
    const before = copy(this.#pixels);
    if (this.tool === 'fill') {
      flood(this.#pixels, at.x, at.y, this.value);
      this.#finish(before);
      return;
    }
    this.#stroke = { before, at, pointer: event.pointerId };
    this.#extend(at);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#stroke || event.pointerId !== this.#stroke.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#extend(this.#point(each));
  }

  /** @param {{ x: number, y: number }} to */
  #extend(to) {
    if (!this.#stroke) return;
    line(this.#pixels, this.#stroke.at, to, this.size, this.tool === 'eraser' ? 0 : this.value);
    this.#stroke.at = to;
    this.draw();
    this.#tell('input');
  }

  /** @param {PointerEvent} event */
  #end(event) {
    if (!this.#stroke || event.pointerId !== this.#stroke.pointer) return;
    const { before } = this.#stroke;
    this.#stroke = null;
    this.#finish(before);
  }

  /** @param {Pixels} before */
  #finish(before) {
    const after = this.#pixels;
    this.#pixels = before;
    this.replace(copy(after));
    this.cells.element.focus({ preventScroll: true });
  }

  #changed() {
    this.draw();
    this.cells.update();
    this.#tell('change');
    this.#tell('tool');
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

/**
 * Fills a canvas with the central square of an image, which is the part that the server uses.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {ImageBitmap} image
 */
function drawCentre(context, image) {
  const { width, height } = context.canvas;
  const side = Math.min(image.width, image.height);
  context.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, width, height);
}
