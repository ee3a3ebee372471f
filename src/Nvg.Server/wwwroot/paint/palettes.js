// The paints: values, their names, and colours that people with colour-vision deficiency can distinguish. Regions use the colours
// of Okabe and Ito, except for white and for a blue as dark as water, because images follow these colours.

/** @import { DrawingKind } from '../types.js' */
/** @typedef {{ value: number, name: string, colour: [number, number, number] }} Paint */

/** @type {Record<DrawingKind, Paint[]>} */
export const palettes = {
  halves: [
    { value: 0, name: 'Background', colour: [38, 84, 139] },
    { value: 1, name: 'Subject', colour: [240, 178, 74] },
  ],
  regions: [
    { value: 0, name: 'Green', colour: [0, 158, 115] },
    { value: 1, name: 'Dark blue', colour: [0, 50, 110] },
    { value: 2, name: 'Orange', colour: [230, 159, 0] },
    { value: 3, name: 'Sky blue', colour: [86, 180, 233] },
    { value: 4, name: 'Vermilion', colour: [213, 94, 0] },
    { value: 5, name: 'White', colour: [240, 240, 236] },
    { value: 6, name: 'Yellow', colour: [240, 228, 66] },
    { value: 7, name: 'Black', colour: [40, 40, 44] },
  ],
  depth: [
    { value: 0, name: 'Farthest', colour: [0, 0, 0] },
    { value: 51, name: 'Far', colour: [51, 51, 51] },
    { value: 102, name: 'Middle, far side', colour: [102, 102, 102] },
    { value: 153, name: 'Middle, near side', colour: [153, 153, 153] },
    { value: 204, name: 'Near', colour: [204, 204, 204] },
    { value: 255, name: 'Nearest', colour: [255, 255, 255] },
  ],
};

/** @type {Paint[]} */
export const maskPalette = [
  { value: 0, name: 'Keep', colour: [0, 0, 0] },
  { value: 1, name: 'Regenerate', colour: [233, 62, 140] },
];

/**
 * The paint whose value is nearest.
 * @param {Paint[]} palette
 * @param {number} value
 * @returns {Paint}
 */
export function paintOf(palette, value) {
  return palette.reduce((best, paint) => (Math.abs(paint.value - value) < Math.abs(best.value - value) ? paint : best));
}

/**
 * @param {DrawingKind} kind
 * @returns {(value: number) => readonly number[]}
 */
export function colours(kind) {
  return kind === 'depth' ? value => [value, value, value] : value => paintOf(palettes[kind], value).colour;
}

/** @param {readonly number[]} colour */
export const css = colour => `rgb(${colour.join(' ')})`;
