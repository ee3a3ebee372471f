import { el, fill, newId } from '../dom.js';
import { shownImage, titleOf } from '../run/item.js';
import { urlOf } from '../store/urls.js';

/** @import { Item } from '../types.js' */

/** All images of a job as radio buttons. Each shows the stage that it has reached. */
export class Batch {
  /** @type {{ input: HTMLInputElement, image: HTMLImageElement, node: HTMLElement }[]} */
  #entries = [];
  /** @type {Item[]} */
  #items = [];
  #choose;
  element = el('fieldset', { class: 'batch' });

  /** @param {(index: number) => void} choose */
  constructor(choose) {
    this.#choose = choose;
  }

  /**
   * @param {Item[]} items
   * @param {number} index
   */
  update(items, index) {
    this.element.hidden = items.length < 2;
    if (items !== this.#items) this.#build(items);
    for (const [i, item] of items.entries()) {
      const entry = this.#entries[i];
      if (!entry) continue;
      const blob = shownImage(item);
      entry.input.checked = i === index;
      entry.image.hidden = !blob;
      if (blob && entry.image.src !== urlOf(blob)) entry.image.src = urlOf(blob);
      entry.node.dataset['state'] = item.state;
      entry.node.style.setProperty('--share', String(item.stages.length / item.stageCount));
    }
  }

  /** @param {Item[]} items */
  #build(items) {
    this.#items = items;
    const name = newId('image');
    this.#entries = items.map((item, i) => {
      const input = el('input', { type: 'radio', name, value: i, 'aria-label': `Image ${i + 1}: ${titleOf(item)}` });
      input.addEventListener('change', () => this.#choose(i));
      const image = el('img', { class: 'pixels', alt: '', hidden: true, draggable: 'false' });
      const seed = item.seed === null ? '' : item.seed;
      const node = el(
        'label',
        { class: 'thumb', title: titleOf(item) },
        input,
        el('span', { class: 'thumb-image' }, image),
        el('span', { class: 'thumb-text' }, seed),
      );
      return { input, image, node };
    });
    fill(this.element, el('legend', { class: 'hidden' }, 'Images of this run'), ...this.#entries.map(entry => entry.node));
  }
}
