// Colours of structure maps. The first two splits choose the hue (blue or orange, then a darker or a lighter neighbour), so the
// clusters remain distinguishable with colour-vision deficiency. Later splits change the lightness in smaller and smaller steps.
// The clusters of a stage are therefore shades of their parents.

/** @typedef {[lightness: number, chroma: number, hue: number]} Oklch */
/** @typedef {[number, number, number]} Rgb */

/** @type {Oklch} */
const whole = [0.72, 0.02, 250];
/** @type {Oklch[]} */
const halves = [
  [0.56, 0.13, 250],
  [0.76, 0.14, 68],
];
/** @type {Oklch[]} */
const quarters = [
  [0.47, 0.14, 264],
  [0.72, 0.11, 222],
  [0.62, 0.17, 42],
  [0.86, 0.14, 94],
];
const steps = [0.085, 0.05, 0.028, 0.016, 0.009, 0.005, 0.003, 0.002];

/** @type {Map<number, Rgb>} */
const known = new Map();

/**
 * @param {number} label of 2^stage
 * @param {number} stage
 * @returns {Rgb} three bytes
 */
export function clusterColour(label, stage) {
  const key = (1 << stage) + label;
  let colour = known.get(key);
  if (!colour) {
    colour = toRgb(oklch(label, stage));
    known.set(key, colour);
  }
  return colour;
}

/**
 * @param {number} label
 * @param {number} stage
 * @returns {Oklch}
 */
function oklch(label, stage) {
  if (stage === 0) return whole;
  if (stage === 1) return /** @type {Oklch} */ (halves[label]);
  let [lightness, chroma, hue] = /** @type {Oklch} */ (quarters[label >> (stage - 2)]);
  for (let bit = stage - 3; bit >= 0; bit--) {
    const step = steps[stage - 3 - bit] ?? 0;
    const sign = (label >> bit) & 1 ? 1 : -1;
    lightness += sign * step;
    hue += sign * step * 90;
  }
  return [lightness, chroma, hue];
}

/**
 * @param {Oklch} colour
 * @returns {Rgb}
 */
function toRgb([lightness, chroma, hue]) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** @param {number} linear */
function toByte(linear) {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
