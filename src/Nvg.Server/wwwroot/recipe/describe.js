/** @import { ModelInfo, Recipe, Sampling, Schedule } from '../types.js' */

/** @type {Record<keyof Sampling, string>} */
export const settingNames = {
  contentGuidance: 'content guidance',
  structureGuidance: 'structure guidance',
  topP: 'top-p',
  topK: 'top-k',
  temperature: 'temperature',
  structureSteps: 'structure steps',
  gumbel: 'Gumbel',
};

/** @param {Schedule | number[] | string | boolean} value */
function settingText(value) {
  if (typeof value !== 'object') return value === true ? 'on' : value === false ? 'off' : String(value);
  if (Array.isArray(value)) return value.join(', ');
  if ('linear' in value) return value.linear.join(' → ');
  if ('power' in value) return `${value.power.join(' → ')} (power)`;
  return value.perStage.join(', ');
}

/**
 * The recipe in a few words, as pairs of name and value.
 * @param {Recipe} recipe
 * @param {ModelInfo | undefined} model
 * @returns {[string, string][]}
 */
export function describeRecipe(recipe, model) {
  const name = model?.classes.find(each => each.number === recipe.class)?.name;
  /** @type {[string, string][]} */
  const words = [['class', recipe.class === 'random' ? 'any' : (name ?? String(recipe.class))]];
  const { mode, followsColours } = recipe.structure;
  const modes = { none: 'free', halves: 'two halves', regions: followsColours ? 'regions and colours' : 'regions', depth: 'depth' };
  words.push(['structure', modes[mode]]);
  if (recipe.continuation) {
    const { keep, mask } = recipe.continuation;
    words.push(['kept', `structure of ${keep.structure}, content of ${keep.content.length} stages${mask ? ', outside a region' : ''}`]);
  }
  for (const [key, value] of Object.entries({ ...model?.sampling, ...recipe.sampling })) {
    const name = settingNames[/** @type {keyof Sampling} */ (key)];
    if (name) words.push([name, settingText(value)]);
  }
  return words;
}

/**
 * What differs between two recipes, as name, value of the first, value of the second.
 * @param {Recipe} a
 * @param {Recipe} b
 * @param {ModelInfo | undefined} model
 * @returns {[string, string, string][]}
 */
export function differences(a, b, model) {
  const left = new Map(describeRecipe(a, model));
  const right = new Map(describeRecipe(b, model));
  /** @type {[string, string, string][]} */
  const rows = [];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const values = /** @type {const} */ ([left.get(name) ?? 'nothing', right.get(name) ?? 'nothing']);
    if (values[0] !== values[1]) rows.push([name, ...values]);
  }
  const mode = a.structure.mode;
  if (mode !== 'none' && mode === b.structure.mode) {
    const same = a.structure.drawings[mode].data.every((value, i) => value === b.structure.drawings[mode].data[i]);
    if (!same) rows.push(['drawing', 'as before', 'changed']);
  }
  return rows;
}
