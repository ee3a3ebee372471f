import { api, ApiError } from '../api.js';
import { el } from '../dom.js';

/** @type {Promise<void> | null} */
let asking = null;

/** Asks for the key of the server until it is correct. Several requests wait for the same dialog. */
export function askForKey() {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

/** @returns {Promise<void>} */
function ask() {
  const input = el('input', { id: 'key', type: 'password', autocomplete: 'current-password', required: true });
  const problem = el('p', { class: 'note', role: 'alert' });
  const form = el(
    'form',
    {},
    el('h2', { id: 'sign-in-title' }, 'This server needs a key'),
    el('div', { class: 'field' }, el('label', { for: 'key' }, 'Key'), input),
    problem,
    el('button', { type: 'submit', class: 'primary' }, 'Sign in'),
  );
  const dialog = el('dialog', { class: 'dialog', 'aria-labelledby': 'sign-in-title' }, form);
  // Nothing behind the dialog works without a key.
  dialog.addEventListener('cancel', event => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => {
    form.addEventListener('submit', async event => {
      event.preventDefault();
      try {
        await api.signIn(input.value);
        dialog.close();
        dialog.remove();
        resolve();
      } catch (error) {
        const isWrong = error instanceof ApiError && error.status === 401;
        problem.textContent = isWrong ? 'The key is not correct.' : /** @type {Error} */ (error).message;
        input.select();
      }
    });
  });
}
