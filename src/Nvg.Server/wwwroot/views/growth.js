import { el, newId } from '../dom.js';
import { createMap, drawStage } from '../maps/draw.js';
import { imageOfStage, titleOf } from '../run/item.js';
import { urlOf } from '../store/urls.js';
import { FramedImage } from './frame.js';

/** @import { Item } from '../types.js' */

/**
 * The growth of one image: the image and the structure map of a stage, enlarged, and all stages side by side. The stages are
 * radio buttons, so arrow keys move through them. Emits `stage`.
 */
export class Growth extends EventTarget {
  chosen = 0;
  /** @type {Tile[]} */
  #tiles;
  #title = el('h3', {});
  #state = el('span', { class: 'badge' });
  #image = new FramedImage();
  #map = createMap('large-map', '');
  #imageCaption = el('figcaption');
  #mapCaption = el('figcaption');
  /** @type {number | null} */
  #highlight = null;
  #item;
  #stage = 0;

  /**
   * @param {Item} item
   * @param {string} [mark] a word before the title, such as A or B
   */
  constructor(item, mark = '') {
    super();
    this.#item = item;
    const name = newId('stage');
    this.#tiles = Array.from({ length: item.stageCount }, (_, stage) => new Tile(name, stage, () => this.#choose(stage)));
    const strip = el('fieldset', { class: 'strip' }, el('legend', { class: 'hidden' }, 'Stages'), ...this.#tiles.map(tile => tile.element));
    this.element = el(
      'article',
      { class: 'growth' },
      el('div', { class: 'heading' }, mark && el('span', { class: 'mark' }, mark), this.#title, this.#state),
      el(
        'div',
        { class: 'pair' },
        el('figure', {}, this.#image.element, this.#imageCaption),
        el('figure', {}, el('div', { class: 'frame' }, this.#map), this.#mapCaption),
      ),
      strip,
    );
    this.#listen();
  }

  get key() {
    return this.#item.key;
  }

  /**
   * @param {Item} item
   * @param {number} stage
   */
  update(item, stage) {
    this.#item = item;
    this.#stage = stage;
    this.#title.textContent = titleOf(item);
    this.#state.textContent = stateText(item);
    this.#state.hidden = item.state === 'completed';
    for (const tile of this.#tiles) tile.update(item, stage);
    this.#draw();
  }

  #draw() {
    const item = this.#item;
    const stage = item.stages[this.#stage];
    const number = `stage ${this.#stage + 1} of ${item.stageCount}`;
    const isLast = this.#stage === item.stageCount - 1;
    const image = imageOfStage(item, this.#stage);
    this.#image.show(image, `${titleOf(item)}, ${isLast ? 'finished' : `after ${number}`}`);
    this.#image.highlight(stage?.structure ?? null, item.latent, this.#highlight);
    this.#imageCaption.textContent = isLast && item.image ? 'Image' : `Image after ${number}`;
    this.#mapCaption.textContent = stage ? `Structure: ${partsText(this.#stage)}` : 'Structure';
    this.#map.setAttribute('aria-label', `Structure map of ${number}: ${partsText(this.#stage)}`);
    this.#map.hidden = !stage;
    if (stage) drawStage(this.#map, stage.structure, item.latent, this.#stage, this.#highlight);
  }

  /** Highlights the part under the pointer in the map and in the image. */
  #listen() {
    const point = /** @param {PointerEvent} event */ event => {
      const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
      const { width, height } = this.#item.latent;
      const column = Math.floor(((event.clientX - box.left) / box.width) * width);
      const row = Math.floor(((event.clientY - box.top) / box.height) * height);
      this.#mark(this.#item.stages[this.#stage]?.structure[row * width + column] ?? null);
    };
    for (const target of /** @type {HTMLElement[]} */ ([this.#map, this.#image.element])) {
      target.addEventListener('pointermove', point);
      target.addEventListener('pointerleave', () => this.#mark(null));
    }
  }

  /** @param {number | null} label */
  #mark(label) {
    const value = this.#stage === 0 ? null : label;
    if (value === this.#highlight) return;
    this.#highlight = value;
    this.#draw();
  }

  /** @param {number} stage */
  #choose(stage) {
    this.chosen = stage;
    this.dispatchEvent(new Event('stage'));
  }
}

/** One stage in the row of stages. */
class Tile {
  #input;
  #image = el('img', { class: 'pixels', alt: '', draggable: 'false' });
  #map;
  #stage;
  /** @type {unknown} */
  #drawn = null;

  /**
   * @param {string} name
   * @param {number} stage
   * @param {() => void} choose
   */
  constructor(name, stage, choose) {
    this.#stage = stage;
    this.#input = el('input', { type: 'radio', name, value: stage, 'aria-label': `Stage ${stage + 1}, ${partsText(stage)}` });
    this.#input.addEventListener('change', choose);
    this.#map = el('canvas', { class: 'map', 'aria-hidden': 'true' });
    const text = el('span', { class: 'tile-text' }, el('span', { class: 'word' }, 'Stage '), stage + 1);
    this.element = el('label', { class: 'tile' }, this.#input, el('span', { class: 'tile-image' }, this.#image), this.#map, text);
    this.element.title = partsText(stage);
  }

  /**
   * @param {Item} item
   * @param {number} chosen
   */
  update(item, chosen) {
    const stage = item.stages[this.#stage];
    this.#input.disabled = !stage;
    this.#input.checked = this.#stage === chosen;
    const preview = imageOfStage(item, this.#stage);
    this.#image.hidden = !preview;
    if (preview && this.#image.src !== urlOf(preview)) this.#image.src = urlOf(preview);
    if (stage && this.#drawn !== stage.structure) {
      this.#drawn = stage.structure;
      drawStage(this.#map, stage.structure, item.latent, this.#stage);
    }
    this.element.classList.toggle('ready', Boolean(stage));
  }
}

/** @param {number} stage */
function partsText(stage) {
  return stage === 0 ? '1 part' : `${2 ** stage} parts`;
}

/** @param {Item} item */
function stateText(item) {
  switch (item.state) {
    case 'queued':
      return 'waiting';
    case 'running':
      return item.stages.length === 0 ? 'starting' : `stage ${item.stages.length} of ${item.stageCount}`;
    case 'stopped':
      return item.stages.length === 0 ? 'stopped' : `stopped at stage ${item.stages.length}`;
    case 'failed':
      return 'failed';
    default:
      return '';
  }
}
