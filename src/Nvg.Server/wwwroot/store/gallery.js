// Images that were generated or opened, in the browser's database, with their `.nvg` documents inside.

/** @import { Item } from '../types.js' */

const name = 'nvg-studio';
const table = 'images';
const forgottenKey = 'nvg.deleted';

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: 'key' }).createIndex('created', 'created');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} run
 * @returns {Promise<T>}
 */
async function transact(mode, run) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(table, mode);
    const request = run(transaction.objectStore(table));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** @returns {string[]} */
function forgotten() {
  return JSON.parse(localStorage.getItem(forgottenKey) ?? '[]');
}

/**
 * Emits `change` when an image was added or deleted. Leaving the page aborts pending transactions. Therefore, an image counts as
 * deleted as soon as its key is in the list of deleted images, which is stored at once. Its remains in the database are removed
 * when they are found.
 */
class Gallery extends EventTarget {
  /** @returns {Promise<Item[]>} newest first */
  async all() {
    /** @type {Item[]} */
    const items = await transact('readonly', store => store.getAll());
    const deleted = new Set(forgotten());
    for (const item of items) if (deleted.has(item.key)) transact('readwrite', store => store.delete(item.key));
    return items.filter(item => !deleted.has(item.key)).sort((a, b) => b.created - a.created || (a.key < b.key ? -1 : 1));
  }

  /**
   * @param {string} key
   * @returns {Promise<Item | undefined>}
   */
  async get(key) {
    return forgotten().includes(key) ? undefined : transact('readonly', store => store.get(key));
  }

  /**
   * Adds or replaces an image. Deleted images are ignored, because a reload reads the events of their job again.
   * @param {Item} item
   */
  async put(item) {
    if (forgotten().includes(item.key)) return;
    await transact('readwrite', store => store.put(item));
    this.#changed();
  }

  /** @param {string} key */
  async delete(key) {
    localStorage.setItem(forgottenKey, JSON.stringify([...forgotten(), key].slice(-200)));
    await transact('readwrite', store => store.delete(key));
    this.#changed();
  }

  /** @param {Item} item */
  async restore(item) {
    localStorage.setItem(forgottenKey, JSON.stringify(forgotten().filter(key => key !== item.key)));
    await this.put(item);
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

export const gallery = new Gallery();
