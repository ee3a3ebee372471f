// Drawings to start from, in units of the side of the image.

import { blank } from './raster.js';

/** @import { DrawingKind, Pixels } from '../types.js' */
/** @typedef {{ name: string, value: (x: number, y: number) => number }} Example */

/** @param {number} y */
const river = y => 0.52 + 0.23 * Math.sin(5.2 * y + 0.4);

/** @param {number} x @param {number} y @param {number} cx @param {number} cy @param {number} rx @param {number} ry */
const inEllipse = (x, y, cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;

/** @type {Record<DrawingKind, Example[]>} */
export const examples = {
  halves: [
    { name: 'River', value: (x, y) => Number(Math.abs(x - river(y)) < 0.17) },
    { name: 'Hill', value: (x, y) => Number(y > 0.75 - 0.5 * Math.exp(-((x - 0.5) ** 2) / 0.05)) },
    { name: 'Circle', value: (x, y) => Number(inEllipse(x, y, 0.5, 0.5, 0.4, 0.4)) },
    { name: 'Diagonal', value: (x, y) => Number(x > y) },
  ],
  regions: [
    { name: 'River', value: (x, y) => Number(Math.abs(x - river(y)) < 0.125) },
    { name: 'River and road', value: (x, y) => (Math.abs(x - river(y)) < 0.11 ? 1 : Math.abs(y - 0.35 - 0.4 * x) < 0.07 ? 5 : 0) },
    { name: 'Boat', value: boat },
    { name: 'Fields', value: (x, y) => (y < 0.5 ? (x < 0.6 ? 0 : 2) : x < 0.35 ? 6 : 4) },
  ],
  depth: [
    { name: 'Ground', value: (_, y) => Math.round(255 * y) },
    { name: 'Ball', value: (x, y) => Math.round(255 * Math.max(0, 1 - Math.hypot(x - 0.5, y - 0.5) * 2)) },
    { name: 'Valley', value: (x, y) => Math.round(255 * Math.min(1, Math.abs(x - 0.5) * 1.4 + 0.3 * y)) },
  ],
};

/** @param {number} x @param {number} y */
function boat(x, y) {
  if (y > 0.72) return 1;
  if (y > 0.55 && x > 0.2 + (y - 0.55) && x < 0.85 - (y - 0.55)) return 4;
  return x > 0.45 && x < 0.45 + 0.7 * (y - 0.12) && y < 0.52 ? 5 : 3;
}

/**
 * @param {Example} example
 * @param {number} width
 * @param {number} height
 * @returns {Pixels}
 */
export function drawExample(example, width, height) {
  const pixels = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.data[y * width + x] = example.value((x + 0.5) / width, (y + 0.5) / height);
  }
  return pixels;
}
