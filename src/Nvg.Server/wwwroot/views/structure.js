import { el, fill, newId } from '../dom.js';
import { icon } from '../icons.js';
import { drawExample, examples } from '../paint/examples.js';
import { listenToKeys } from '../paint/keys.js';
import { Painter } from '../paint/painter.js';
import { colours, palettes } from '../paint/palettes.js';
import { blank } from '../paint/raster.js';
import { createToolbar } from '../paint/toolbar.js';
import { detail } from '../recipe/recipe.js';
import { UsedMap } from './used-map.js';

/** @import { DrawingKind, StructureSettings } from '../types.js' */
/** @import { Studio } from '../studio.js' */

/** @type {{ mode: StructureSettings['mode'], name: string, hint: string }[]} */
const modes = [
  { mode: 'none', name: 'Free', hint: 'The model decides where things go.' },
  { mode: 'regions', name: 'Regions', hint: 'Paint regions in any number of colours: dark for water, bright for sand.' },
  { mode: 'halves', name: 'Halves', hint: 'Paint the subject. Subject and background each get half of the image.' },
  { mode: 'depth', name: 'Depth', hint: 'Paint near things light and far things dark.' },
];

/**
 * The drawing that the structure of images follows.
 * @param {HTMLElement} root
 * @param {Studio} studio
 */
export function showStructure(root, studio) {
  const hint = el('p', { class: 'note' });
  const radios = modeRadios(studio);
  const body = el('div', { class: 'drawing' });
  /** @type {DrawingPanel | null} */
  let panel = null;
  fill(root, el('div', { class: 'heading' }, el('h2', {}, 'Structure')), radios.element, hint, body);
  listenToKeys(root, () => panel?.painter ?? null);

  studio.recipe.subscribe(recipe => {
    const { mode } = recipe.structure;
    radios.update(mode);
    const isKept = mode === 'none' && recipe.continuation;
    hint.textContent = isKept
      ? 'The structure kept above is used. Draw to replace it.'
      : (modes.find(each => each.mode === mode)?.hint ?? '');
    body.hidden = mode === 'none';
    if (mode === 'none') {
      panel = null;
      fill(body);
    } else if (panel?.kind !== mode || panel.model !== recipe.model) {
      panel = new DrawingPanel(studio, mode);
      fill(body, panel.element);
    } else {
      panel.update(recipe.structure);
    }
  });
}

/** @param {Studio} studio */
function modeRadios(studio) {
  const name = newId('mode');
  const inputs = modes.map(({ mode, name: text }) => {
    const input = el('input', { type: 'radio', name, value: mode });
    input.addEventListener('change', () => studio.recipe.change({ structure: { ...studio.recipe.value.structure, mode } }));
    return { mode, input, label: el('label', {}, input, el('span', {}, text)) };
  });
  const element = el(
    'fieldset',
    { class: 'segments' },
    el('legend', { class: 'hidden' }, 'Kind of structure'),
    ...inputs.map(each => each.label),
  );
  const update = /** @param {string} mode */ mode => {
    for (const each of inputs) each.input.checked = each.mode === mode;
  };
  return { element, update };
}

/** Painter, tools and used map of one kind of drawing. */
class DrawingPanel {
  #studio;
  #used;
  #stages;
  #colours;
  /** @type {StructureSettings} */
  #settings;

  /**
   * @param {Studio} studio
   * @param {DrawingKind} kind
   */
  constructor(studio, kind) {
    this.#studio = studio;
    this.#settings = studio.recipe.value.structure;
    this.kind = kind;
    this.model = studio.recipe.value.model;
    const { latent } = studio.current;
    this.painter = new Painter({
      pixels: studio.recipe.value.structure.drawings[kind],
      columns: latent.width,
      rows: latent.height,
      palette: palettes[kind],
      colourOf: colours(kind),
      label: 'Drawing, position by position: arrows move, Space paints',
      brush: detail,
      eraser: 2 * detail,
    });
    this.painter.value = kind === 'depth' ? 255 : 1;
    this.#used = new UsedMap(studio, this.painter, kind);
    this.#stages = stagesField(studio, kind);
    this.#colours = coloursField(studio, kind);
    this.painter.addEventListener('change', () => this.#store());
    this.painter.addEventListener('input', () => this.#used.ask());
    this.element = el(
      'div',
      {},
      createToolbar(this.painter, { withPalette: true }),
      this.#colours?.element,
      el('div', { class: 'canvases' }, el('figure', { class: 'drawn' }, this.painter.element), this.#used.element),
      el('div', { class: 'row below' }, this.#examples(), this.#stages?.element),
    );
    this.#used.ask();
  }

  /** @param {StructureSettings} settings */
  update(settings) {
    const wanted = settings.drawings[this.kind];
    if (settings === this.#settings) return;
    this.#settings = settings;
    if (wanted !== this.painter.pixels) this.painter.load(wanted);
    this.#stages?.update(settings);
    this.#colours?.update(settings);
    this.#used.ask();
  }

  #store() {
    const { structure } = this.#studio.recipe.value;
    const drawings = { ...structure.drawings, [this.kind]: this.painter.pixels };
    this.#studio.recipe.change({ structure: { ...structure, drawings } });
  }

  #examples() {
    const { width, height } = this.painter.pixels;
    const buttons = examples[this.kind].map(example => {
      const use = () => this.painter.replace(drawExample(example, width, height));
      return el('button', { type: 'button', class: 'chip', onclick: use }, example.name);
    });
    const clear = el(
      'button',
      { type: 'button', class: 'chip', onclick: () => this.painter.replace(blank(width, height)) },
      icon('trash'),
      'Clear',
    );
    return el('div', { class: 'row chips', role: 'group', 'aria-label': 'Example drawings' }, ...buttons, clear);
  }
}

/**
 * How many stages follow the drawing.
 * @param {Studio} studio
 * @param {DrawingKind} kind
 */
function stagesField(studio, kind) {
  if (kind === 'halves') return null;
  const id = newId('stages');
  const select = el('select', { id });
  if (kind === 'regions') select.append(el('option', { value: '0' }, 'as many as needed'));
  for (let stages = 2; stages <= studio.current.stages.length; stages++) {
    select.append(el('option', { value: String(stages) }, `${stages}: up to ${2 ** (stages - 1)} parts`));
  }
  const update = /** @param {StructureSettings} settings */ settings => {
    select.value = String(settings.stages[kind]);
  };
  select.addEventListener('change', () => {
    const { structure } = studio.recipe.value;
    studio.recipe.change({ structure: { ...structure, stages: { ...structure.stages, [kind]: Number(select.value) } } });
  });
  update(studio.recipe.value.structure);
  return { element: el('div', { class: 'field inline' }, el('label', { for: id }, 'Stages'), select), update };
}

/**
 * Whether images follow the colours of regions, or only their positions.
 * @param {Studio} studio
 * @param {DrawingKind} kind
 */
function coloursField(studio, kind) {
  if (kind !== 'regions') return null;
  const id = newId('colours');
  const input = el('input', { type: 'checkbox', 'aria-describedby': id });
  const note = el('span', { class: 'note', id });
  const update = /** @param {StructureSettings} settings */ ({ followsColours }) => {
    input.checked = followsColours;
    note.textContent = followsColours ? 'Dark paint gives dark areas.' : 'The colours only distinguish regions.';
  };
  input.addEventListener('change', () =>
    studio.recipe.change({ structure: { ...studio.recipe.value.structure, followsColours: input.checked } }),
  );
  update(studio.recipe.value.structure);
  const label = el('label', { class: 'check' }, input, el('span', {}, 'Follow the colours'));
  return { element: el('div', { class: 'row' }, label, note), update };
}
