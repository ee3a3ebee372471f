import { toast } from '../announce.js';
import { api } from '../api.js';
import { el, fill, newId } from '../dom.js';
import { icon } from '../icons.js';

/** @import { Studio } from '../studio.js' */

const themes = ['auto', 'light', 'dark'];

/**
 * The tools at the top: model, open, theme, enlargement, help, sign out.
 * @param {HTMLElement} root
 * @param {Studio} studio
 * @param {{ openFile: (file: File) => void, openHelp: () => void, isSignedIn: boolean }} actions
 */
export function showTop(root, studio, actions) {
  fill(
    root,
    studio.models.length > 1 && modelField(studio),
    openButton(actions.openFile),
    pixelsButton(),
    themeButton(),
    tool('help', 'Keys (?)', actions.openHelp),
    actions.isSignedIn && signOutButton(),
  );
}

/** @param {Studio} studio */
function modelField(studio) {
  const id = newId('model');
  const select = el('select', { id }, ...studio.models.map(model => el('option', { value: model.name }, model.name)));
  select.addEventListener('change', () => studio.useModel(select.value));
  studio.recipe.subscribe(recipe => {
    select.value = recipe.model;
  });
  return el('span', {}, el('label', { for: id, class: 'hidden' }, 'Model'), select);
}

/** @param {(file: File) => void} open */
function openButton(open) {
  const input = el('input', { type: 'file', accept: '.nvg,image/png,image/jpeg,image/webp', hidden: true, 'aria-label': 'File to open' });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) open(file);
    input.value = '';
  });
  const button = el('button', { type: 'button', class: 'action', 'aria-label': 'Open a file' }, icon('open'), el('span', {}, 'Open'));
  button.title = 'Open an image or a .nvg file; you can also drop it on the page';
  button.addEventListener('click', () => input.click());
  return el('span', {}, button, input);
}

function pixelsButton() {
  const root = document.documentElement;
  const button = tool('pixels', 'Show pixels as squares', () => set(root.dataset['pixels'] !== 'on'));
  const set = /** @param {boolean} isOn */ isOn => {
    root.dataset['pixels'] = isOn ? 'on' : 'off';
    button.setAttribute('aria-pressed', String(isOn));
    localStorage.setItem('nvg.pixels', isOn ? 'on' : 'off');
  };
  set(localStorage.getItem('nvg.pixels') === 'on');
  return button;
}

function themeButton() {
  const root = document.documentElement;
  const button = tool('theme', '', () => {
    const next = themes[(themes.indexOf(root.dataset['theme'] ?? 'auto') + 1) % themes.length] ?? 'auto';
    if (next === 'auto') delete root.dataset['theme'];
    else root.dataset['theme'] = next;
    localStorage.setItem('nvg.theme', next);
    name();
    toast(`Colours: ${next === 'auto' ? 'same as the system' : next}`);
  });
  const name = () => {
    const text = `Colours: ${root.dataset['theme'] ?? 'same as the system'}`;
    button.title = text;
    button.setAttribute('aria-label', text);
  };
  name();
  return button;
}

function signOutButton() {
  const button = el('button', { type: 'button', class: 'action' }, 'Sign out');
  button.addEventListener('click', async () => {
    await api.signOut();
    location.reload();
  });
  return button;
}

/**
 * @param {string} name
 * @param {string} text
 * @param {() => void} run
 */
function tool(name, text, run) {
  return el('button', { type: 'button', class: 'tool', title: text, 'aria-label': text, onclick: run }, icon(name));
}
