// Drawings as grids of small numbers. Functions that change a grid in place say so; all others leave it unchanged.

/** @import { Pixels } from '../types.js' */

/**
 * @param {number} width
 * @param {number} height
 * @param {number} [value]
 * @returns {Pixels}
 */
export function blank(width, height, value = 0) {
  return { width, height, data: new Uint8Array(width * height).fill(value) };
}

/** @param {Pixels} pixels */
export function copy(pixels) {
  return { ...pixels, data: pixels.data.slice() };
}

/**
 * @param {Pixels} a
 * @param {Pixels} b
 */
export function equal(a, b) {
  return a.width === b.width && a.height === b.height && a.data.every((value, i) => value === b.data[i]);
}

/**
 * Paints a disc in place. Its centre is in pixels with fractions; a diameter of 1 is the pixel that contains the centre.
 * @param {Pixels} pixels
 * @param {number} x
 * @param {number} y
 * @param {number} diameter
 * @param {number} value
 */
export function stamp(pixels, x, y, diameter, value) {
  const { width, height, data } = pixels;
  const radius = diameter / 2;
  for (let row = Math.max(0, Math.floor(y - radius)); row <= Math.min(height - 1, Math.floor(y + radius)); row++) {
    for (let column = Math.max(0, Math.floor(x - radius)); column <= Math.min(width - 1, Math.floor(x + radius)); column++) {
      const isCentre = row === Math.floor(y) && column === Math.floor(x);
      if (isCentre || Math.hypot(column + 0.5 - x, row + 0.5 - y) <= radius) data[row * width + column] = value;
    }
  }
}

/**
 * Paints a line in place, disc by disc.
 * @param {Pixels} pixels
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 * @param {number} diameter
 * @param {number} value
 */
export function line(pixels, from, to, diameter, value) {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) * 2));
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    stamp(pixels, from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t, diameter, value);
  }
}

/**
 * Fills the connected area of one value around a pixel in place. Pixels are connected along edges, not corners.
 * @param {Pixels} pixels
 * @param {number} x
 * @param {number} y
 * @param {number} value
 */
export function flood(pixels, x, y, value) {
  const { width, height, data } = pixels;
  const start = Math.floor(y) * width + Math.floor(x);
  const old = data[start];
  if (old === undefined || old === value) return;
  const open = [start];
  while (open.length) {
    const at = /** @type {number} */ (open.pop());
    if (data[at] !== old) continue;
    data[at] = value;
    const column = at % width;
    if (column > 0) open.push(at - 1);
    if (column < width - 1) open.push(at + 1);
    if (at >= width) open.push(at - width);
    if (at < width * (height - 1)) open.push(at + width);
  }
}

/**
 * The most frequent value of each block, row by row. The smaller value wins a tie.
 * @param {Pixels} pixels
 * @param {number} columns
 * @param {number} rows
 */
export function majority(pixels, columns, rows) {
  /** @type {number[]} */
  const values = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const counts = new Map();
      for (const value of block(pixels, columns, rows, row, column)) counts.set(value, (counts.get(value) ?? 0) + 1);
      const [[value]] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
      values.push(value);
    }
  }
  return values;
}

/**
 * @param {Pixels} pixels
 * @param {number} columns
 * @param {number} rows
 * @param {number} row
 * @param {number} column
 */
function* block(pixels, columns, rows, row, column) {
  for (const at of blockIndexes(pixels, columns, rows, row, column)) yield /** @type {number} */ (pixels.data[at]);
}

/**
 * @param {Pixels} pixels
 * @param {number} columns
 * @param {number} rows
 * @param {number} row
 * @param {number} column
 */
function* blockIndexes(pixels, columns, rows, row, column) {
  const wide = pixels.width / columns;
  const high = pixels.height / rows;
  for (let y = row * high; y < (row + 1) * high; y++) {
    for (let x = column * wide; x < (column + 1) * wide; x++) yield y * pixels.width + x;
  }
}

/**
 * Fills one block in place.
 * @param {Pixels} pixels
 * @param {number} columns
 * @param {number} rows
 * @param {number} row
 * @param {number} column
 * @param {number} value
 */
export function fillBlock(pixels, columns, rows, row, column, value) {
  for (const at of blockIndexes(pixels, columns, rows, row, column)) pixels.data[at] = value;
}

/**
 * @param {Pixels} pixels
 * @returns {number[][]}
 */
export function toRows(pixels) {
  return Array.from({ length: pixels.height }, (_, row) => [...pixels.data.subarray(row * pixels.width, (row + 1) * pixels.width)]);
}

/**
 * The drawing at another size, by nearest pixel, so that drawings survive a change of the model.
 * @param {Pixels} pixels
 * @param {number} width
 * @param {number} height
 */
export function resize(pixels, width, height) {
  if (pixels.width === width && pixels.height === height) return pixels;
  const result = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = Math.floor((y * pixels.height) / height) * pixels.width + Math.floor((x * pixels.width) / width);
      result.data[y * width + x] = pixels.data[from] ?? 0;
    }
  }
  return result;
}
