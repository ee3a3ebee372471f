import { byId, el } from './dom.js';
import { icon } from './icons.js';

let last = '';
let timer = 0;

/**
 * Says a sentence to screen readers. Of several in one second only the last one is said.
 * @param {string} sentence
 */
export function announce(sentence) {
  last = sentence;
  if (timer) return;
  timer = window.setTimeout(() => {
    timer = 0;
    byId('live').textContent = last;
  }, 300);
}

/**
 * Shows a short message at the bottom of the page, with an optional action, which stays long enough to be found by keyboard.
 * @param {string} sentence
 * @param {{ label: string, run: () => void }} [action]
 */
export function toast(sentence, action) {
  const node = el('div', { class: 'toast' }, el('span', {}, sentence));
  const close = () => node.remove();
  if (action) {
    const run = () => {
      close();
      action.run();
    };
    node.append(
      el('button', { type: 'button', class: 'link', onclick: run }, action.label),
      el('button', { type: 'button', class: 'link', 'aria-label': 'Dismiss', onclick: close }, icon('close')),
    );
  }
  byId('toasts').append(node);
  window.setTimeout(close, action ? 60000 : 6000);
}
