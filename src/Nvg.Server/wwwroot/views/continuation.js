import { el, fill } from '../dom.js';
import { icon } from '../icons.js';
import { listenToKeys } from '../paint/keys.js';
import { shownImage, titleOf } from '../run/item.js';
import { urlOf } from '../store/urls.js';
import { createLocks } from './locks.js';
import { MaskPanel } from './mask.js';

/** @import { Continuation, Item, Recipe } from '../types.js' */
/** @import { Studio } from '../studio.js' */

/**
 * The parts that the next images keep of an earlier one: structure and content by stage, and the region to regenerate.
 * @param {HTMLElement} root
 * @param {Studio} studio
 */
export function showContinuation(root, studio) {
  /** @type {Panel | null} */
  let panel = null;
  listenToKeys(root, () => panel?.mask?.painter ?? null);
  studio.recipe.subscribe(async recipe => {
    const { continuation } = recipe;
    root.hidden = !continuation;
    if (!continuation) {
      panel = null;
      fill(root);
    } else if (panel?.key === continuation.key) {
      panel.update(recipe);
    } else {
      panel = await open(studio, continuation, root);
    }
  });
}

/**
 * @param {Studio} studio
 * @param {Continuation} continuation
 * @param {HTMLElement} root
 */
async function open(studio, continuation, root) {
  const item = await studio.item(continuation.key);
  if (studio.recipe.value.continuation?.key !== continuation.key) return null;
  if (!item?.source) {
    studio.stopContinuing();
    return null;
  }
  const panel = new Panel(studio, item);
  fill(root, panel.element);
  panel.update(studio.recipe.value);
  return panel;
}

class Panel {
  /** @type {MaskPanel | null} */
  mask = null;
  #studio;
  #item;
  #locks;
  #thumbnail = el('div', { class: 'kept-image' });
  #note = el('p', { class: 'note' });
  #toggle = el('input', { type: 'checkbox' });

  /**
   * @param {Studio} studio
   * @param {Item} item
   */
  constructor(studio, item) {
    this.key = item.key;
    this.#studio = studio;
    this.#item = item;
    this.#locks = createLocks(item, keep => this.#change({ keep }));
    this.#toggle.addEventListener('change', () => this.#change({ mask: this.#toggle.checked ? this.#blankMask() : null }));
    const close = el(
      'button',
      { type: 'button', class: 'tool', title: 'Start from scratch', 'aria-label': 'Stop continuing' },
      icon('close'),
    );
    close.addEventListener('click', () => studio.stopContinuing());
    this.element = el(
      'div',
      { class: 'stack' },
      el('div', { class: 'heading' }, el('h2', {}, 'Continue from'), el('span', { class: 'note grow' }, titleOf(item)), close),
      this.#thumbnail,
      el('label', { class: 'check' }, this.#toggle, el('span', {}, 'Regenerate only a region')),
      this.#locks.element,
      this.#note,
    );
  }

  /** @param {Recipe} recipe */
  update(recipe) {
    const { continuation, structure } = recipe;
    if (!continuation) return;
    const isDrawn = structure.mode !== 'none';
    this.#toggle.checked = continuation.mask !== null;
    this.#locks.update(continuation.keep, isDrawn);
    this.#note.textContent = sentence(continuation, isDrawn);
    this.#showImage(continuation);
  }

  /** @param {Continuation} continuation */
  #showImage(continuation) {
    const { mask } = continuation;
    if (!mask) {
      const blob = shownImage(this.#item);
      this.mask = null;
      fill(this.#thumbnail, blob && el('img', { class: 'pixels', src: urlOf(blob), alt: titleOf(this.#item) }));
    } else if (!this.mask) {
      this.mask = new MaskPanel(this.#item, mask, continuation.border, change => this.#change(change));
      fill(this.#thumbnail, this.mask.element);
    } else {
      this.mask.update(mask);
    }
  }

  #blankMask() {
    const { height, width } = this.#item.latent;
    return { height, width, data: new Uint8Array(height * width) };
  }

  /** @param {Partial<Continuation>} change */
  #change(change) {
    const { continuation } = this.#studio.recipe.value;
    if (continuation) this.#studio.recipe.change({ continuation: { ...continuation, ...change } });
  }
}

/**
 * @param {Continuation} continuation
 * @param {boolean} isDrawn
 */
function sentence({ keep, mask }, isDrawn) {
  if (isDrawn) return 'The drawing below determines the structure; the locked content is taken from this image.';
  if (mask && !mask.data.some(Boolean)) return 'Paint the region to regenerate.';
  const where = mask ? 'Kept inside the region' : 'Kept';
  const parts = [];
  // The structure of the first stage is a single part and has no effect.
  if (keep.structure > 1) parts.push(`structure of stages 1–${keep.structure}`);
  if (keep.content.length > 0) parts.push(`content of ${stagesText(keep.content)}`);
  if (parts.length === 0) return mask ? 'Everything inside the region is new.' : 'Nothing is kept: lock a stage.';
  return `${where}: ${parts.join(' and ')}. ${mask ? 'Outside, everything stays' : 'Everything else is new'}.`;
}

/**
 * @param {number[]} stages from 0, ascending
 */
function stagesText(stages) {
  const first = stages[0] ?? 0;
  const isRange = stages.length > 1 && stages.every((stage, i) => stage === first + i);
  const numbers = isRange ? `${first + 1}–${first + stages.length}` : stages.map(stage => stage + 1).join(', ');
  return `stage${stages.length > 1 ? 's' : ''} ${numbers}`;
}
