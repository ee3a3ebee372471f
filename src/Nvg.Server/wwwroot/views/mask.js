import { el, newId } from '../dom.js';
import { Painter } from '../paint/painter.js';
import { maskPalette, paintOf } from '../paint/palettes.js';
import { createToolbar } from '../paint/toolbar.js';
import { shownImage, titleOf } from '../run/item.js';

/** @import { Continuation, Item, Pixels } from '../types.js' */

/** Paints the region to regenerate over an image, position by position. */
export class MaskPanel {
  #change;

  /**
   * @param {Item} item
   * @param {Pixels} mask
   * @param {Continuation['border']} border
   * @param {(change: Partial<Continuation>) => void} change
   */
  constructor(item, mask, border, change) {
    this.#change = change;
    this.painter = new Painter({
      pixels: mask,
      columns: mask.width,
      rows: mask.height,
      palette: maskPalette,
      colourOf: value => paintOf(maskPalette, value).colour,
      label: `Region to regenerate of ${titleOf(item)}: arrows move, Space paints`,
      brush: Math.max(1, Math.round(mask.width / 4)),
      eraser: 2,
    });
    this.painter.addEventListener('change', () => this.#change({ mask: this.painter.pixels }));
    this.element = el(
      'div',
      { class: 'mask' },
      createToolbar(this.painter, { withPalette: false }),
      el('figure', { class: 'drawn' }, this.painter.element),
      el('div', { class: 'row below' }, this.#invert(), borderField(border, change)),
    );
    showImage(this.painter, item);
  }

  /** @param {Pixels} mask */
  update(mask) {
    if (mask !== this.painter.pixels) this.painter.load(mask);
  }

  #invert() {
    const run = () => {
      const { pixels } = this.painter;
      this.painter.replace({ ...pixels, data: pixels.data.map(value => 1 - value) });
    };
    return el('button', { type: 'button', class: 'chip', onclick: run }, 'Exchange inside and outside');
  }
}

/**
 * @param {Painter} painter
 * @param {Item} item
 */
async function showImage(painter, item) {
  const blob = shownImage(item);
  if (blob) painter.setBackground(await createImageBitmap(blob), 0.62);
}

/**
 * @param {Continuation['border']} border
 * @param {(change: Partial<Continuation>) => void} change
 */
function borderField(border, change) {
  const id = newId('border');
  const select = el(
    'select',
    { id },
    el('option', { value: 'split' }, 'get a token on each side'),
    el('option', { value: 'keep' }, 'stay as they are'),
  );
  select.value = border;
  select.addEventListener('change', () => change({ border: select.value === 'keep' ? 'keep' : 'split' }));
  return el('div', { class: 'field inline' }, el('label', { for: id }, 'Clusters across the border'), select);
}
