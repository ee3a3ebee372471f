import { palettes } from '../paint/palettes.js';
import { toPng } from '../paint/png.js';
import { majority, toRows } from '../paint/raster.js';
import { detail } from './recipe.js';

/** @import { Pixels, Recipe, StructureSettings } from '../types.js' */

/**
 * The drawing as the `structure` of a request, or `null` if there is none.
 * @param {StructureSettings} settings
 * @returns {Record<string, unknown> | null}
 */
export function structureRequest(settings) {
  const { mode, drawings, stages } = settings;
  switch (mode) {
    case 'none':
      return null;
    case 'halves':
      return { kind: 'brightness', brightness: toRows(drawings.halves).map(row => row.map(value => 255 * value)) };
    case 'regions':
      return { ...regionsRequest(drawings.regions, settings.followsColours), ...(stages.regions ? { stages: stages.regions } : {}) };
    case 'depth':
      return { kind: 'brightness', brightness: toRows(drawings.depth), stages: stages.depth };
  }
}

/**
 * @param {Pixels} drawing
 * @param {boolean} followsColours
 */
function regionsRequest(drawing, followsColours) {
  // Without two regions there is no layout that colours could belong to; as labels, such a drawing has no effect.
  const hasRegions = new Set(majority(drawing, drawing.width / detail, drawing.height / detail)).size > 1;
  if (!followsColours || !hasRegions) return { kind: 'labels', labels: toRows(drawing) };
  const png = toPng(
    drawing,
    palettes.regions.map(paint => paint.colour),
  );
  return { kind: 'drawing', images: [btoa(String.fromCharCode(...png))] };
}

/**
 * The body of `POST /api/jobs`. The file that a continuation refers to is sent separately.
 * @param {Recipe} recipe
 * @param {string[]} seeds
 * @returns {Record<string, unknown>}
 */
export function jobRequest(recipe, seeds) {
  /** @type {Record<string, unknown>} */
  const request = { model: recipe.model, class: recipe.class, seeds };
  const structure = structureRequest(recipe.structure);
  if (structure) request['structure'] = structure;
  if (Object.keys(recipe.sampling).length) request['sampling'] = recipe.sampling;
  if (recipe.continuation) {
    const { keep, mask, border } = recipe.continuation;
    request['keep'] = structure ? { content: keep.content } : { ...keep };
    if (mask) request['mask'] = { positions: [...mask.data], border };
  }
  return request;
}
