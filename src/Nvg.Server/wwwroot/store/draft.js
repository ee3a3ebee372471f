// The last state of the form, so that no drawing is lost on reload. It is stored separately from the gallery, because it is small
// and read first.

/** @import { Recipe, Pixels } from '../types.js' */

const key = 'nvg.draft';

/** @param {Recipe} recipe */
export function saveDraft(recipe) {
  const text = JSON.stringify(recipe, (_, value) => (value instanceof Uint8Array ? { bytes: btoa(String.fromCharCode(...value)) } : value));
  try {
    localStorage.setItem(key, text);
  } catch {
    // Storage is full or forbidden; the page works without a draft.
  }
}

/** @returns {Recipe | null} */
export function loadDraft() {
  try {
    const text = localStorage.getItem(key);
    const recipe = text && JSON.parse(text, (_, value) => (typeof value?.bytes === 'string' ? bytes(value.bytes) : value));
    return recipe && isRecipe(recipe) ? complete(recipe) : null;
  } catch {
    return null;
  }
}

/** @param {string} base64 */
const bytes = base64 => Uint8Array.from(atob(base64), each => each.charCodeAt(0));

/**
 * Completes a draft from a page version without colours with the default.
 * @param {Recipe} recipe
 * @returns {Recipe}
 */
const complete = recipe => ({ ...recipe, structure: { ...recipe.structure, followsColours: recipe.structure.followsColours ?? true } });

/**
 * Whether a draft belongs to this version of the page.
 * @param {any} recipe
 */
function isRecipe(recipe) {
  const isDrawing = /** @param {Pixels | undefined} pixels */ pixels =>
    pixels?.data instanceof Uint8Array && pixels.data.length === pixels.width * pixels.height;
  const { halves, regions, depth } = recipe.structure?.drawings ?? {};
  return [halves, regions, depth].every(isDrawing) && typeof recipe.count === 'number' && typeof recipe.sampling === 'object';
}
