import { byId, el } from './dom.js';
import { icon } from './icons.js';

let last = '';
let timer = 0;

/**
 * Announces a sentence to screen readers. If there are several within one second, only the last is announced.
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
 * Shows a short message with an optional action at the bottom of the page, long enough to be reached by keyboard.
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
