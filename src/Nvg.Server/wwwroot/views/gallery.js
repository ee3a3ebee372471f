import { el, fill } from '../dom.js';
import { shownImage, titleOf } from '../run/item.js';
import { gallery } from '../store/gallery.js';
import { urlOf } from '../store/urls.js';

/** @import { Item } from '../types.js' */
/** @import { Studio } from '../studio.js' */

const page = 60;

/**
 * Everything that was generated or opened in this browser, newest first.
 * @param {HTMLElement} root
 * @param {HTMLElement} tools
 * @param {Studio} studio
 */
export function showGallery(root, tools, studio) {
  let limit = page;
  /** @type {Map<string, { node: HTMLElement, state: string }>} */
  const known = new Map();
  const list = el('ul', { class: 'gallery' });
  const more = el('button', { type: 'button', class: 'chip' }, 'Show more');
  const count = el('span', { class: 'note' });
  const empty = el('p', { class: 'note' }, 'Images that you generate are kept in this browser, with their documents.');
  fill(root, empty, list, more);
  fill(tools, count);

  const update = async () => {
    const items = await gallery.all();
    empty.hidden = items.length > 0;
    more.hidden = items.length <= limit;
    count.textContent = items.length ? String(items.length) : '';
    list.replaceChildren(...items.slice(0, limit).map(item => entryOf(item, known, studio)));
  };
  more.addEventListener('click', () => {
    limit += page;
    update();
  });
  gallery.addEventListener('change', update);
  studio.shown.subscribe(() => markShown(list, studio.selected?.key));
  return update();
}

/**
 * @param {HTMLElement} list
 * @param {string | undefined} key
 */
function markShown(list, key) {
  for (const node of list.querySelectorAll('button')) node.setAttribute('aria-pressed', String(node.dataset['key'] === key));
}

/**
 * @param {Item} item
 * @param {Map<string, { node: HTMLElement, state: string }>} known
 * @param {Studio} studio
 */
function entryOf(item, known, studio) {
  const before = known.get(item.key);
  if (before?.state === item.state) return before.node;
  const node = createEntry(item, studio);
  known.set(item.key, { node, state: item.state });
  return node;
}

/**
 * @param {Item} item
 * @param {Studio} studio
 */
function createEntry(item, studio) {
  const blob = shownImage(item);
  const show = async () => {
    const { items } = studio.shown.value;
    const at = items.findIndex(each => each.key === item.key);
    const stored = at < 0 ? await gallery.get(item.key) : undefined;
    if (at >= 0) studio.shown.change({ index: at, stage: null, follows: false });
    else if (stored) studio.show([stored], 0);
    document.getElementById('result')?.scrollIntoView({ block: 'nearest' });
  };
  const text = item.state === 'stopped' ? `${item.label}, stopped` : item.label;
  return el(
    'li',
    {},
    el(
      'button',
      {
        type: 'button',
        class: 'entry',
        'data-key': item.key,
        'aria-pressed': String(studio.selected?.key === item.key),
        title: titleOf(item),
        onclick: show,
      },
      el(
        'span',
        { class: 'entry-image' },
        blob && el('img', { class: 'pixels', src: urlOf(blob), alt: '', loading: 'lazy', draggable: 'false' }),
      ),
      el('span', { class: 'entry-label' }, text),
      el('span', { class: 'entry-seed' }, item.seed === null ? 'opened' : `seed ${item.seed}`),
    ),
  );
}
