import { el, fill } from '../dom.js';
import { icon } from '../icons.js';
import { differences } from '../recipe/describe.js';
import { createActions } from './actions.js';
import { Batch } from './batch.js';
import { Growth } from './growth.js';
import { createWelcome } from './welcome.js';

/** @import { Item } from '../types.js' */
/** @import { Studio, Shown } from '../studio.js' */

/**
 * The images of a run or of the gallery: the selected one enlarged with all its stages, next to the image to compare with, and
 * the others small.
 * @param {HTMLElement} root
 * @param {Studio} studio
 */
export function showViewer(root, studio) {
  const welcome = createWelcome();
  const batch = new Batch(index => studio.shown.change({ index, stage: null, follows: false }));
  const stages = new Stages(studio);
  const actions = createActions(studio);
  const comparison = createComparison(studio);
  const all = el('div', { class: 'viewer' }, comparison.element, stages.element, batch.element, actions.element);
  fill(root, welcome, all);
  studio.shown.subscribe(shown => {
    const item = shown.items[shown.index];
    welcome.hidden = Boolean(item);
    all.hidden = !item;
    if (!item) return;
    const other = comparedWith(shown, item);
    const stage = stages.update(item, other, shown.stage);
    comparison.update(shown, item, other);
    batch.update(shown.items, shown.index);
    actions.update(item, stage);
  });
}

/**
 * The pinned image with the same seed, otherwise the one at the same position.
 * @param {Shown} shown
 * @param {Item} item
 * @returns {Item | null}
 */
function comparedWith({ pinned, items, index }, item) {
  if (!pinned || pinned === items) return null;
  return pinned.find(each => each.seed !== null && each.seed === item.seed) ?? pinned[index] ?? pinned[0] ?? null;
}

/** One image, or two side by side at the same stage. */
class Stages {
  element = el('div', { class: 'growths' });
  /** @type {Growth | null} */
  #left = null;
  /** @type {Growth | null} */
  #right = null;
  #studio;

  /** @param {Studio} studio */
  constructor(studio) {
    this.#studio = studio;
  }

  /**
   * @param {Item} item
   * @param {Item | null} other
   * @param {number | null} chosen
   * @returns {number} the stage that is shown
   */
  update(item, other, chosen) {
    if (this.#right?.key !== item.key || (this.#left?.key ?? null) !== (other?.key ?? null)) this.#build(item, other);
    const stage = stageShown(item, chosen);
    this.#right?.update(item, stage);
    if (other) this.#left?.update(other, stageShown(other, other.stageCount === item.stageCount ? stage : chosen));
    return stage;
  }

  /**
   * @param {Item} item
   * @param {Item | null} other
   */
  #build(item, other) {
    this.#left = other && this.#create(other, 'A');
    this.#right = this.#create(item, other ? 'B' : '');
    this.element.classList.toggle('compared', Boolean(other));
    fill(this.element, this.#left?.element, this.#right.element);
  }

  /**
   * @param {Item} item
   * @param {string} mark
   */
  #create(item, mark) {
    const growth = new Growth(item, mark);
    growth.addEventListener('stage', () => this.#studio.shown.change({ stage: growth.chosen, follows: false }));
    return growth;
  }
}

/**
 * @param {Item} item
 * @param {number | null} chosen
 */
function stageShown(item, chosen) {
  const latest = Math.max(0, item.stages.length - 1);
  return chosen === null ? latest : Math.min(chosen, latest);
}

/** @param {Studio} studio */
function createComparison(studio) {
  const text = el('div', { class: 'grow' });
  const close = el(
    'button',
    { type: 'button', class: 'tool', title: 'End the comparison', 'aria-label': 'End the comparison' },
    icon('close'),
  );
  close.addEventListener('click', () => studio.unpin());
  const element = el('div', { class: 'comparison', role: 'group', 'aria-label': 'Comparison' }, text, close);
  /** @type {unknown[]} */
  let drawn = [];
  const update = /** @param {Shown} shown @param {Item} item @param {Item | null} other */ (shown, item, other) => {
    element.hidden = !shown.pinned;
    if (!shown.pinned || (drawn[0] === item.key && drawn[1] === other?.key)) return;
    drawn = [item.key, other?.key];
    fill(
      text,
      other
        ? differenceTable(studio, other, item)
        : 'Pinned as A. Change a setting and generate: the same seeds will appear beside it as B.',
    );
  };
  return { element, update };
}

/**
 * @param {Studio} studio
 * @param {Item} a
 * @param {Item} b
 */
function differenceTable(studio, a, b) {
  const rows = a.recipe && b.recipe ? differences(a.recipe, b.recipe, studio.model(b.model)) : [];
  if (!rows.length) return el('p', { class: 'note' }, a.recipe && b.recipe ? 'A and B have the same settings.' : 'A and B side by side.');
  return el(
    'table',
    { class: 'differences' },
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Setting'), el('th', { scope: 'col' }, 'A'), el('th', { scope: 'col' }, 'B'))),
    el(
      'tbody',
      {},
      ...rows.map(([name, left, right]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, left), el('td', {}, right))),
    ),
  );
}
