// URLs of images in memory: one per image, freed together with the image.

/** @type {WeakMap<Blob, string>} */
const urls = new WeakMap();
const freed = new FinalizationRegistry(/** @param {string} url */ url => URL.revokeObjectURL(url));

/**
 * @param {Blob} blob
 * @returns {string}
 */
export function urlOf(blob) {
  let url = urls.get(blob);
  if (!url) {
    url = URL.createObjectURL(blob);
    urls.set(blob, url);
    freed.register(blob, url);
  }
  return url;
}

/**
 * @param {string} url of base64 data
 * @returns {Blob}
 */
export function blobOfData(url) {
  const [head = '', body = ''] = url.split(',', 2);
  const bytes = Uint8Array.from(atob(body), each => each.charCodeAt(0));
  return new Blob([bytes], { type: /^data:([^;]+)/.exec(head)?.[1] ?? 'application/octet-stream' });
}
