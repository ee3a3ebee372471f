import { api, ApiError } from '../api.js';
import { announce } from '../announce.js';
import { el, fill, newId } from '../dom.js';
import { coloursOfDrawing, createMap, drawMap } from '../maps/draw.js';
import { colours } from '../paint/palettes.js';
import { structureRequest } from '../recipe/request.js';

/** @import { DrawingKind, StructureAnswer } from '../types.js' */
/** @import { Painter } from '../paint/painter.js' */
/** @import { Studio } from '../studio.js' */

/**
 * The structure that the model will use for a drawing, with the positions that had to move. At most one request is pending; the
 * latest drawing wins.
 */
export class UsedMap {
  /** @type {StructureAnswer | null} */
  #answer = null;
  /** @type {number | null} the last one, unless chosen */
  #stage = null;
  #isBusy = false;
  #isStale = false;
  #studio;
  #painter;
  #kind;
  #canvas = createMap('used', 'Structure that will be used');
  #stages = el('div', { class: 'stage-choice' });
  #text = el('p', { class: 'note' });
  #name = newId('used');

  /**
   * @param {Studio} studio
   * @param {Painter} painter
   * @param {DrawingKind} kind
   */
  constructor(studio, painter, kind) {
    this.#studio = studio;
    this.#painter = painter;
    this.#kind = kind;
    const caption = el('figcaption', {}, el('strong', {}, 'Structure used'), this.#stages, this.#text);
    this.element = el('figure', { class: 'used-figure' }, this.#canvas, caption);
  }

  /** Asks for the structure of the current drawing. */
  ask() {
    this.#isStale = true;
    if (!this.#isBusy) this.#run().catch(error => this.#fail(error));
  }

  async #run() {
    this.#isBusy = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        const { recipe } = this.#studio;
        const structure = structureRequest(this.#settings());
        if (!structure) return;
        this.#answer = await api.structure(recipe.value.model, structure, AbortSignal.timeout(20000));
        this.#draw();
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** The settings with the current drawing, even during a stroke. */
  #settings() {
    const { structure } = this.#studio.recipe.value;
    return { ...structure, mode: this.#kind, drawings: { ...structure.drawings, [this.#kind]: this.#painter.pixels } };
  }

  /** @param {Error} error */
  #fail(error) {
    this.#text.textContent = error instanceof ApiError ? error.message : 'The structure could not be computed.';
  }

  #draw() {
    const answer = this.#answer;
    if (!answer) return;
    const last = answer.stages.length - 1;
    const stage = answer.stages[Math.min(this.#stage ?? last, last)];
    if (!stage) return;
    const colourOf = colours(this.#kind);
    const asked = this.#painter.positions().map(value => colourOf(value));
    const clusterColour = coloursOfDrawing(stage.used, asked, this.#kind === 'depth');
    drawMap(this.#canvas, stage.used, answer.latent, clusterColour, { moved: stage.moved, borders: true });
    this.#drawStages(last, stage.index);
    const text = sentence(stage.clusters, stage.movedCount, stage.used.length, answer);
    if (this.#text.textContent !== text) announce(text);
    this.#text.textContent = text;
    this.#canvas.setAttribute('aria-label', `Structure that will be used at stage ${stage.index + 1}. ${text}`);
  }

  /**
   * @param {number} last
   * @param {number} chosen
   */
  #drawStages(last, chosen) {
    if (this.#stages.childElementCount === last) {
      for (const input of this.#stages.querySelectorAll('input')) input.checked = Number(input.value) === chosen;
      return;
    }
    const choices = Array.from({ length: last }, (_, i) => {
      const input = el('input', { type: 'radio', name: this.#name, value: i + 1, 'aria-label': `Stage ${i + 2} of the drawing` });
      input.checked = i + 1 === chosen;
      input.addEventListener('change', () => {
        this.#stage = i + 1;
        this.#draw();
      });
      return el('label', { title: `Stage ${i + 2}: ${2 ** (i + 1)} parts` }, input, el('span', {}, 2 ** (i + 1)));
    });
    fill(this.#stages, ...(last > 1 ? choices : []));
  }
}

/**
 * @param {number} clusters
 * @param {number} moved
 * @param {number} positions
 * @param {StructureAnswer} answer
 */
function sentence(clusters, moved, positions, answer) {
  if (!answer.hasEffect) return answer.notes[0] ?? 'This drawing has no effect: all of it is one region.';
  const parts = `${clusters} equal parts`;
  if (moved === 0) return `${parts}, exactly as drawn.`;
  return `${parts}. ${moved} of ${positions} positions (dotted) had to move to make the parts equal.`;
}
