import { toast } from '../announce.js';
import { byId, el } from '../dom.js';
import { icon } from '../icons.js';
import { fileName, titleOf } from '../run/item.js';
import { gallery } from '../store/gallery.js';
import { urlOf } from '../store/urls.js';

/** @import { Item } from '../types.js' */
/** @import { Studio } from '../studio.js' */

/**
 * Actions for an image at a stage.
 * @param {Studio} studio
 * @returns {{ element: HTMLElement, update: (item: Item, stage: number) => void }}
 */
export function createActions(studio) {
  /** @type {Item} */
  let item;
  let stage = 0;
  const current = () => item;
  const vary = action('vary', 'Vary', () => varyFrom(studio, item, keptStages(item, stage)), 'main');
  const region = action('region', 'Regenerate a region', () => continueWith(studio, item, { structure: 1, content: [0] }, true));
  const structure = action('structure', 'Use its structure', () =>
    continueWith(studio, item, { structure: item.stageCount, content: [] }, false),
  );
  const png = action('download', 'PNG', () => item.image && download(item.image, fileName(item, 'png')));
  const document = action('download', '.nvg', () => item.source && download(item.source, fileName(item, 'nvg')));
  const send = action('share', 'Share', () => share(current()));
  const seed = action('seed', 'Use seed', () => useSeed(studio, item));
  const settings = action('settings', 'Use settings', () => useSettings(studio, item));
  const compare = action('compare', 'Compare', () => studio.pin());
  const remove = action('trash', 'Delete', () => deleteItem(studio, item));

  const element = el(
    'div',
    { class: 'actions', role: 'group', 'aria-label': 'Actions for this image' },
    el('div', { class: 'row' }, vary, region, structure),
    el('div', { class: 'row' }, seed, settings, compare, png, document, send, remove),
  );
  const update = /** @param {Item} next @param {number} at */ (next, at) => {
    item = next;
    stage = at;
    const kept = keptStages(item, stage);
    for (const node of [vary, region, structure, document]) node.disabled = !item.source;
    setText(vary, `Vary from stage ${kept}`);
    vary.title = `Keeps the first ${kept} stages and generates the rest with other seeds`;
    structure.title = 'Keeps the structure and draws new content, even of another class';
    document.hidden = item.kind === 'image';
    send.hidden = !item.source || !canShare(shared(item));
    png.disabled = !item.image;
    seed.disabled = item.seed === null;
    settings.disabled = !item.recipe && !item.sampling;
    remove.disabled = item.state === 'queued' || item.state === 'running';
    compare.disabled = remove.disabled;
  };
  return { element, update };
}

/**
 * If everything were kept, nothing could vary, so a finished image varies from its middle stage.
 * @param {Item} item
 * @param {number} stage
 */
function keptStages(item, stage) {
  return stage >= item.stageCount - 1 ? Math.ceil(item.stageCount / 2) : stage + 1;
}

/**
 * @param {string} name
 * @param {string} text
 * @param {() => void} run
 * @param {string} [className]
 */
function action(name, text, run, className = '') {
  return el('button', { type: 'button', class: `action ${className}`, onclick: run }, icon(name), el('span', {}, text));
}

/**
 * @param {HTMLElement} button
 * @param {string} text
 */
function setText(button, text) {
  const span = button.querySelector('span');
  if (span && span.textContent !== text) span.textContent = text;
}

/**
 * @param {Studio} studio
 * @param {Item} item
 * @param {number} stages
 */
function varyFrom(studio, item, stages) {
  studio.continueFrom(item, { structure: stages, content: Array.from({ length: stages }, (_, i) => i) }, false);
  studio.generate();
}

/**
 * @param {Studio} studio
 * @param {Item} item
 * @param {{ structure: number, content: number[] }} keep
 * @param {boolean} onlyRegion
 */
function continueWith(studio, item, keep, onlyRegion) {
  studio.continueFrom(item, keep, onlyRegion);
  const panel = byId('continuation');
  panel.scrollIntoView({ block: 'nearest' });
  toast(onlyRegion ? 'Paint the region to regenerate, then generate.' : 'Choose a class, then generate.');
}

/**
 * @param {Studio} studio
 * @param {Item} item
 */
function useSeed(studio, item) {
  studio.recipe.change({ seed: item.seed ?? '', count: 1 });
  toast(`The next image has seed ${item.seed}.`);
}

/**
 * @param {Studio} studio
 * @param {Item} item
 */
function useSettings(studio, item) {
  studio.useSettings(item);
  toast(`The form now has the settings of ${titleOf(item)}.`);
}

/**
 * @param {Studio} studio
 * @param {Item} item
 */
async function deleteItem(studio, item) {
  const { items, index } = studio.shown.value;
  await gallery.delete(item.key);
  const rest = items.filter(each => each !== item);
  studio.show(rest, Math.min(index, rest.length - 1));
  const undo = async () => {
    await gallery.restore(item);
    studio.show(items, index);
  };
  toast(`${titleOf(item)} was deleted.`, { label: 'Undo', run: undo });
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const link = el('a', { href: urlOf(blob), download: name });
  link.click();
}

/** @param {Item} item */
function shared(item) {
  const files = [];
  if (item.image) files.push(new File([item.image], fileName(item, 'png'), { type: 'image/png' }));
  if (item.source && item.kind !== 'image')
    files.push(new File([item.source], fileName(item, 'nvg'), { type: 'application/octet-stream' }));
  return files;
}

/**
 * The files that this browser can share; some browsers share only images.
 * @param {File[]} files
 */
function canShare(files) {
  return Boolean(navigator.canShare?.({ files }) || navigator.canShare?.({ files: files.slice(0, 1) }));
}

/** @param {Item} item */
async function share(item) {
  const all = shared(item);
  const files = navigator.canShare({ files: all }) ? all : all.slice(0, 1);
  try {
    await navigator.share({ title: titleOf(item), files });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) toast('The image could not be shared. Download it instead.');
  }
}
