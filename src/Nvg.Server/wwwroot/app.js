// Entry point of the page: reads the models of the server, builds the views, and continues with the job in the URL.

import { toast } from './announce.js';
import { api, onUnauthorized } from './api.js';
import { byId, el, fill, isTextField } from './dom.js';
import { Studio } from './studio.js';
import { showBasics } from './views/basics.js';
import { showContinuation } from './views/continuation.js';
import { listenForFiles } from './views/files.js';
import { showGallery } from './views/gallery.js';
import { showGo } from './views/go.js';
import { createHelp, hasSingleKeys } from './views/help.js';
import { showSampling } from './views/sampling.js';
import { askForKey } from './views/sign-in.js';
import { showStatus } from './views/status.js';
import { showStructure } from './views/structure.js';
import { showTop } from './views/top.js';
import { showViewer } from './views/viewer.js';

async function start() {
  onUnauthorized(askForKey);
  const [answer, session] = await Promise.all([api.models(), api.session()]);
  const studio = new Studio(answer);
  const help = createHelp();
  const open = /** @param {File} file */ file => openFile(studio, file);
  showTop(byId('top-tools'), studio, { openFile: open, openHelp: help.open, isSignedIn: session.required });
  showContinuation(byId('continuation'), studio);
  showBasics(byId('basics'), studio);
  showStructure(byId('structure'), studio);
  showSampling(byId('sampling'), studio);
  showGo(byId('go'), /** @type {HTMLFormElement} */ (byId('recipe')), studio);
  showStatus(byId('status'), studio);
  showViewer(byId('viewer'), studio);
  listenForFiles(open);
  listenToKeys(studio, help.open);
  document.documentElement.dataset['state'] = 'ready';
  await showGallery(byId('gallery'), byId('gallery-tools'), studio);
  const job = new URL(location.href).searchParams.get('job');
  if (job) await studio.resume(job);
}

/**
 * @param {Studio} studio
 * @param {File} file
 */
async function openFile(studio, file) {
  try {
    const item = await studio.open(file, file.name);
    const stages = item.stageCount;
    const keep = item.kind === 'image' ? { structure: Math.min(4, stages), content: [] } : { structure: 3, content: [0, 1, 2] };
    studio.continueFrom(item, keep, false);
    toast(item.kind === 'image' ? 'Its structure is kept: choose a class, then generate.' : `${file.name} was opened.`);
  } catch (error) {
    studio.error.set(/** @type {Error} */ (error));
  }
}

/**
 * @param {Studio} studio
 * @param {() => void} openHelp
 */
function listenToKeys(studio, openHelp) {
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) /** @type {HTMLFormElement} */ (byId('recipe')).requestSubmit();
    else if (event.key === 'Escape') studio.run.value?.cancel();
    else if (event.key === '?' && hasSingleKeys() && !isTextField(event.target)) openHelp();
    else return;
    event.preventDefault();
  });
}

start().catch(error => {
  const again = el('button', { type: 'button', class: 'primary', onclick: () => location.reload() }, 'Try again');
  fill(byId('viewer'), el('div', { class: 'problem', role: 'alert' }, el('span', { class: 'grow' }, error.message), again));
  document.documentElement.dataset['state'] = 'failed';
});
