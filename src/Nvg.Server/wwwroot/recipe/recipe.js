import { drawExample, examples } from '../paint/examples.js';
import { resize } from '../paint/raster.js';

/** @import { ModelInfo, Recipe, StructureSettings, DrawingKind, Pixels } from '../types.js' */

/** Pixels of a drawing along each side of a position. */
export const detail = 4;

/** @type {DrawingKind[]} */
export const drawingKinds = ['halves', 'regions', 'depth'];

/**
 * @param {ModelInfo} model
 * @returns {Recipe}
 */
export function createRecipe(model) {
  return {
    model: model.name,
    class: defaultClass(model),
    seed: '',
    count: 4,
    structure: createStructure(model),
    continuation: null,
    sampling: {},
  };
}

/** @param {ModelInfo} model */
function defaultClass(model) {
  // Prefers a class with water, because the first drawing is a river.
  const wanted = model.classes.find(each => /\briver\b/i.test(each.name)) ?? model.classes.find(each => /\bship\b/i.test(each.name));
  return (wanted ?? model.classes[0])?.number ?? 'random';
}

/**
 * @param {ModelInfo} model
 * @returns {StructureSettings}
 */
function createStructure({ latent }) {
  const width = latent.width * detail;
  const height = latent.height * detail;
  const first = /** @param {DrawingKind} kind */ kind => {
    const example = examples[kind][0];
    if (!example) throw new Error(`no example of ${kind}`);
    return drawExample(example, width, height);
  };
  return {
    mode: 'regions',
    followsColours: true,
    stages: { regions: 0, depth: 4 },
    drawings: { halves: first('halves'), regions: first('regions'), depth: first('depth') },
  };
}

/**
 * The recipe for another model: drawings are stretched, and a class that the model does not have is replaced.
 * @param {Recipe} recipe
 * @param {ModelInfo} model
 * @param {ModelInfo | undefined} before
 * @returns {Recipe}
 */
export function adapt(recipe, model, before) {
  const name = before?.classes.find(each => each.number === recipe.class)?.name;
  const same = before && before.name !== model.name ? model.classes.find(each => each.name === name) : undefined;
  const known = recipe.class === 'random' || model.classes.some(each => each.number === recipe.class);
  const changed = before && before.name !== model.name;
  const stretch = /** @param {Pixels} pixels */ pixels => resize(pixels, model.latent.width * detail, model.latent.height * detail);
  const { halves, regions, depth } = recipe.structure.drawings;
  return {
    ...recipe,
    model: model.name,
    class: changed ? (same?.number ?? defaultClass(model)) : known ? recipe.class : defaultClass(model),
    structure: {
      ...recipe.structure,
      drawings: { halves: stretch(halves), regions: stretch(regions), depth: stretch(depth) },
    },
    continuation: changed ? null : recipe.continuation,
    sampling: changed ? {} : recipe.sampling,
  };
}
