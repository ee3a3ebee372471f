import { el, fill, newId } from '../dom.js';
import { icon } from '../icons.js';
import { imageCount, isSeedList, parseSeeds } from '../recipe/seeds.js';
import { ClassPicker } from './class-picker.js';

/** @import { Studio } from '../studio.js' */

/**
 * Class, seed and number of images.
 * @param {HTMLElement} root
 * @param {Studio} studio
 */
export function showBasics(root, studio) {
  const picker = new ClassPicker(value => studio.recipe.change({ class: value }));
  const seed = seedField(studio);
  const count = countField(studio);
  fill(root, picker.element, el('div', { class: 'row fields' }, seed.element, count.element));
  studio.recipe.subscribe(recipe => {
    picker.update(studio.current.classes, recipe.class);
    seed.update(recipe.seed);
    count.update(recipe.count, recipe.seed);
  });
}

/** @param {Studio} studio */
function seedField(studio) {
  const id = newId('seed');
  const input = el('input', {
    id,
    type: 'text',
    placeholder: 'random',
    inputmode: 'text',
    autocomplete: 'off',
    'aria-describedby': `${id}-note`,
  });
  const note = el('p', { class: 'note', id: `${id}-note` });
  const random = el('button', { type: 'button', class: 'tool', title: 'Random seed', 'aria-label': 'Random seed' }, icon('dice'));
  random.addEventListener('click', () => studio.recipe.change({ seed: '' }));
  input.addEventListener('input', () => studio.recipe.change({ seed: input.value }));
  const element = el('div', { class: 'field grow' }, el('label', { for: id }, 'Seed'), el('div', { class: 'joined' }, input, random), note);
  const update = /** @param {string} seed */ seed => {
    if (input.value !== seed) input.value = seed;
    const problem = problemOf(seed, studio.limits.imagesPerJob);
    note.textContent = problem;
    input.setAttribute('aria-invalid', String(problem !== ''));
    random.disabled = seed === '';
  };
  return { element, update };
}

/**
 * @param {string} seed
 * @param {number} limit
 */
function problemOf(seed, limit) {
  try {
    parseSeeds(seed, limit);
    return '';
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/** @param {Studio} studio */
function countField(studio) {
  const id = newId('count');
  const limit = studio.limits.imagesPerJob;
  const input = el('input', { id, type: 'number', min: '1', max: String(limit), step: '1' });
  input.addEventListener('change', () => {
    const count = Math.min(limit, Math.max(1, Math.round(Number(input.value)) || 1));
    studio.recipe.change({ count });
  });
  const element = el('div', { class: 'field narrow' }, el('label', { for: id }, 'Images'), input);
  const update = /** @param {number} count @param {string} seed */ (count, seed) => {
    const isList = isSeedList(seed);
    input.value = String(imageCount(seed, count, limit));
    input.disabled = isList;
    input.title = isList ? 'The list of seeds sets the number of images' : '';
  };
  return { element, update };
}
