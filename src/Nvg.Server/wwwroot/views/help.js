import { el } from '../dom.js';
import { icon } from '../icons.js';

const setting = 'nvg.single-keys';

/** @type {[string, [string, string][]][]} */
const groups = [
  [
    'Anywhere',
    [
      ['Ctrl Enter', 'Generate (Enter also works in form fields)'],
      ['Esc', 'Stop and keep the images so far'],
      ['?', 'This list'],
      ['Ctrl V', 'Open an image from the clipboard'],
    ],
  ],
  [
    'Stages and images',
    [
      ['← →', 'Previous and next stage or image'],
      ['Tab', 'To the next part of the page'],
    ],
  ],
  [
    'Drawing',
    [
      ['← ↑ → ↓', 'Move over the positions'],
      ['Space', 'Paint the position'],
      ['Shift with arrows', 'Paint along the way'],
      ['1 … 9', 'Colour of the palette'],
      ['B  F  E', 'Brush, fill, eraser'],
      ['[  ]', 'Smaller and larger tool'],
      ['Ctrl Z', 'Undo'],
      ['Ctrl Shift Z, Ctrl Y', 'Redo'],
    ],
  ],
];

/** Whether single-key shortcuts work outside the drawing. Users of speech control may want to disable them. */
export function hasSingleKeys() {
  return localStorage.getItem(setting) !== 'off';
}

/** @returns {{ dialog: HTMLDialogElement, open: () => void }} */
export function createHelp() {
  const toggle = el('input', { type: 'checkbox' });
  toggle.checked = hasSingleKeys();
  toggle.addEventListener('change', () => localStorage.setItem(setting, toggle.checked ? 'on' : 'off'));
  const lists = groups.map(([name, keys]) =>
    el(
      'section',
      {},
      el('h3', {}, name),
      el('dl', {}, ...keys.flatMap(([key, text]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)])),
    ),
  );
  const close = el('button', { type: 'submit', class: 'tool', 'aria-label': 'Close' }, icon('close'));
  const dialog = el(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'help-title' },
    el(
      'form',
      { method: 'dialog' },
      el('div', { class: 'heading' }, el('h2', { id: 'help-title' }, 'Keys'), close),
      ...lists,
      el('label', { class: 'check' }, toggle, el('span', {}, 'The key ? opens this list')),
    ),
  );
  document.body.append(dialog);
  return { dialog, open: () => dialog.showModal() };
}
