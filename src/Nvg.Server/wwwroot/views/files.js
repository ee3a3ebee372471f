import { byId, isTextField } from '../dom.js';

/**
 * Opens files that are dropped on the page or pasted.
 * @param {(file: File) => void} open
 */
export function listenForFiles(open) {
  const sheet = byId('drop');
  let depth = 0;
  const hasFiles = /** @param {DragEvent} event */ event => event.dataTransfer?.types.includes('Files') ?? false;
  const show = /** @param {boolean} isShown */ isShown => {
    sheet.hidden = !isShown;
    if (!isShown) depth = 0;
  };
  document.addEventListener('dragenter', event => {
    if (hasFiles(event)) depth++;
    show(depth > 0);
  });
  document.addEventListener('dragleave', event => {
    if (hasFiles(event) && --depth <= 0) show(false);
  });
  document.addEventListener('dragover', event => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(false);
    const file = event.dataTransfer?.files[0];
    if (file) open(file);
  });
  document.addEventListener('paste', event => {
    const file = event.clipboardData?.files[0];
    if (file && !isTextField(event.target)) open(file);
  });
}
