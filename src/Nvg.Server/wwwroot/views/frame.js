import { el } from '../dom.js';
import { urlOf } from '../store/urls.js';

/** @import { Latent } from '../types.js' */

/** An enlarged image with a veil over all but one part of it. */
export class FramedImage {
  #image = el('img', { class: 'pixels', alt: '', hidden: true, draggable: 'false' });
  #veil = el('canvas', { class: 'veil', 'aria-hidden': 'true' });
  element = el('div', { class: 'frame' }, this.#image, this.#veil);

  /**
   * @param {Blob | null} blob
   * @param {string} text
   */
  show(blob, text) {
    this.#image.hidden = !blob;
    this.#image.alt = text;
    if (blob && this.#image.src !== urlOf(blob)) this.#image.src = urlOf(blob);
  }

  /**
   * @param {readonly number[] | null} map
   * @param {Latent} latent
   * @param {number | null} label the part that stays bright
   */
  highlight(map, latent, label) {
    const canvas = this.#veil;
    canvas.hidden = label === null || !map;
    if (label === null || !map) return;
    canvas.width = latent.width;
    canvas.height = latent.height;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.fillStyle = 'rgb(10 12 16 / 72%)';
    for (const [at, value] of map.entries()) {
      if (value !== label) context.fillRect(at % latent.width, Math.floor(at / latent.width), 1, 1);
    }
  }
}
