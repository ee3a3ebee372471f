import { el, fill } from '../dom.js';
import { icon } from '../icons.js';
import { imageCount } from '../recipe/seeds.js';

/** @import { Studio } from '../studio.js' */

/**
 * The button that starts everything.
 * @param {HTMLElement} root
 * @param {HTMLFormElement} form
 * @param {Studio} studio
 */
export function showGo(root, form, studio) {
  const text = el('span', {});
  const button = el('button', { type: 'submit', class: 'primary' }, icon('play'), text);
  const hint = el('p', { class: 'note' });
  fill(root, button, hint);
  form.addEventListener('submit', event => {
    event.preventDefault();
    const { continuation } = studio.recipe.value;
    if (continuation?.mask && !continuation.mask.data.some(Boolean)) {
      hint.textContent = 'Paint the region to regenerate first.';
      return;
    }
    hint.textContent = '';
    studio.generate();
    const result = document.getElementById('result');
    if (result && result.getBoundingClientRect().top > window.innerHeight * 0.7) result.scrollIntoView({ block: 'start' });
  });
  studio.recipe.subscribe(recipe => {
    const count = imageCount(recipe.seed, recipe.count, studio.limits.imagesPerJob);
    const generate = count > 1 ? `Generate ${count} images` : 'Generate';
    text.textContent = recipe.continuation?.mask ? 'Regenerate the region' : generate;
    hint.textContent = '';
  });
}
