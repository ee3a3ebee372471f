import { el } from '../dom.js';
import { clusterColour } from './colours.js';

/** @import { Latent } from '../types.js' */

const unit = 24;

/**
 * @param {string} className
 * @param {string} label
 */
export function createMap(className, label) {
  return el('canvas', { class: `map ${className}`, role: 'img', 'aria-label': label });
}

/**
 * Draws a structure map, one square per position.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} map
 * @param {Latent} latent
 * @param {(label: number) => readonly number[]} colourOf
 * @param {{ moved?: ArrayLike<number>, highlight?: number | null, borders?: boolean }} [options] `moved` marks positions;
 * `highlight` is a label that stands out; `borders` draws lines between clusters
 */
export function drawMap(canvas, map, latent, colourOf, options = {}) {
  canvas.width = latent.width * unit;
  canvas.height = latent.height * unit;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  for (let at = 0; at < map.length; at++) {
    const x = (at % latent.width) * unit;
    const y = Math.floor(at / latent.width) * unit;
    const label = /** @type {number} */ (map[at]);
    const faint = options.highlight !== undefined && options.highlight !== null && options.highlight !== label;
    context.globalAlpha = faint ? 0.25 : 1;
    context.fillStyle = `rgb(${colourOf(label).join(' ')})`;
    context.fillRect(x, y, unit, unit);
    context.globalAlpha = 1;
    if (options.moved?.[at]) markMoved(context, x, y);
  }
  if (options.borders) drawBorders(context, map, latent);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ArrayLike<number>} map
 * @param {Latent} latent
 */
function drawBorders(context, map, latent) {
  context.strokeStyle = 'rgb(255 255 255 / 70%)';
  context.lineWidth = 2;
  context.beginPath();
  for (let at = 0; at < map.length; at++) {
    const column = at % latent.width;
    const x = (column + 1) * unit;
    const y = (Math.floor(at / latent.width) + 1) * unit;
    if (column < latent.width - 1 && map[at] !== map[at + 1]) {
      context.moveTo(x, y - unit);
      context.lineTo(x, y);
    }
    if (at + latent.width < map.length && map[at] !== map[at + latent.width]) {
      context.moveTo(x - unit, y);
      context.lineTo(x, y);
    }
  }
  context.stroke();
}

/**
 * A dot that is visible on every colour.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
function markMoved(context, x, y) {
  for (const [colour, radius] of /** @type {[string, number][]} */ ([
    ['#000', unit / 5],
    ['#fff', unit / 7.5],
  ])) {
    context.beginPath();
    context.arc(x + unit / 2, y + unit / 2, radius, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} map
 * @param {Latent} latent
 * @param {number} stage
 * @param {number | null} [highlight]
 */
export function drawStage(canvas, map, latent, stage, highlight) {
  drawMap(canvas, map, latent, label => clusterColour(label, stage), { highlight });
}

/**
 * The colour of each used cluster in a drawing: the colour that most of its positions have in the drawing, or their mean colour.
 * @param {ArrayLike<number>} used
 * @param {readonly (readonly number[])[]} asked a colour for each position
 * @param {boolean} mean
 * @returns {(label: number) => readonly number[]}
 */
export function coloursOfDrawing(used, asked, mean) {
  /** @type {Map<number, (readonly number[])[]>} */
  const members = new Map();
  for (const [at, colour] of asked.entries()) {
    const label = /** @type {number} */ (used[at]);
    members.set(label, [...(members.get(label) ?? []), colour]);
  }
  return label => (mean ? average : mostFrequent)(members.get(label) ?? [[128, 128, 128]]);
}

/** @param {(readonly number[])[]} colours */
function average(colours) {
  return [0, 1, 2].map(channel => Math.round(colours.reduce((sum, colour) => sum + (colour[channel] ?? 0), 0) / colours.length));
}

/** @param {(readonly number[])[]} colours */
function mostFrequent(colours) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const colour of colours) counts.set(colour.join(), (counts.get(colour.join()) ?? 0) + 1);
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return (best?.[0] ?? '').split(',').map(Number);
}
