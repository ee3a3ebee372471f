import { api } from './api.js';
import { Observable } from './observable.js';
import { adapt, createRecipe } from './recipe/recipe.js';
import { jobRequest } from './recipe/request.js';
import { seedsOf, seedText } from './recipe/seeds.js';
import { itemOfFile } from './run/item.js';
import { Run } from './run/run.js';
import { loadDraft, saveDraft } from './store/draft.js';
import { gallery } from './store/gallery.js';

/** @import { Item, Limits, ModelInfo, ModelsAnswer, Recipe } from './types.js' */

/**
 * The content of the viewer: the images, the index of the selected one, and its stage (`null` = the latest). If `follows` is
 * true, the viewer moves on to the image that is being generated. `pinned` are the images to compare with.
 * @typedef {{ items: Item[], index: number, stage: number | null, follows: boolean, pinned: Item[] | null }} Shown
 */

/** The state of the page and its operations. Views listen to parts of the state. */
export class Studio {
  /** @type {Observable<Recipe>} */
  recipe;
  /** @type {Observable<Run | null>} */
  run = new Observable(/** @type {Run | null} */ (null));
  /** @type {Observable<Shown>} */
  shown = new Observable(/** @type {Shown} */ ({ items: [], index: 0, stage: null, follows: false, pinned: null }));
  /** @type {Observable<Error | null>} an error of the form */
  error = new Observable(/** @type {Error | null} */ (null));
  /** @type {Map<string, Item>} */
  #known = new Map();
  /** @type {Recipe['structure']['mode']} */
  #modeBefore = 'none';

  /** @param {ModelsAnswer} answer */
  constructor(answer) {
    this.models = answer.models;
    /** @type {Limits} */
    this.limits = answer.limits;
    const draft = loadDraft();
    const usual = answer.models.find(model => model.isDefault) ?? answer.models[0];
    if (!usual) throw new Error('No model is available on the server.');
    const model = answer.models.find(each => each.name === draft?.model) ?? usual;
    this.recipe = new Observable(draft ? adapt(draft, model, this.model(draft.model) ?? usual) : createRecipe(model));
    this.recipe.subscribe(saveDraft);
  }

  /**
   * @param {string} name
   * @returns {ModelInfo | undefined}
   */
  model(name) {
    return this.models.find(each => each.name === name);
  }

  /** @returns {ModelInfo} the one in use */
  get current() {
    return this.model(this.recipe.value.model) ?? /** @type {ModelInfo} */ (this.models[0]);
  }

  /** @param {string} name */
  useModel(name) {
    const before = this.current;
    const model = this.model(name);
    if (model) this.recipe.set(adapt(this.recipe.value, model, before));
  }

  /** Sends a job with the settings of the form. */
  async generate() {
    this.error.set(null);
    const recipe = structuredClone(this.recipe.value);
    try {
      const seeds = seedsOf(recipe.seed, recipe.count, this.limits.imagesPerJob);
      const source = recipe.continuation ? await this.#sourceOf(recipe.continuation.key) : null;
      const run = new Run(this.current, recipe);
      this.#watch(run);
      await run.start(jobRequest(recipe, seeds), source);
    } catch (error) {
      this.error.set(/** @type {Error} */ (error));
    }
  }

  /** @param {string} key */
  async #sourceOf(key) {
    const item = await this.item(key);
    if (!item?.source) throw new Error('The image to continue from is no longer in the gallery.');
    return item.source;
  }

  /**
   * @param {string} key
   * @returns {Promise<Item | undefined>}
   */
  async item(key) {
    return this.#known.get(key) ?? gallery.get(key);
  }

  /** @param {Run} run */
  #watch(run) {
    let isShown = false;
    this.run.set(run);
    run.addEventListener('change', () => {
      if (this.run.value !== run) return;
      this.run.set(run);
      if (!run.items.length) return;
      if (run.id) setJobInUrl(run.id);
      const shown = this.shown.value;
      if (!isShown) this.shown.set({ items: run.items, index: 0, stage: null, follows: true, pinned: shown.pinned });
      else if (shown.items === run.items) this.shown.set({ ...shown, index: followed(shown) });
      isShown = true;
    });
    run.addEventListener('end', () => {
      if (run.error && this.run.value === run) this.error.set(run.error);
    });
  }

  /**
   * Continues with the job of a page that was closed or reloaded. Expired images are taken from the gallery.
   * @param {string} id
   */
  async resume(id) {
    const saved = (await gallery.all()).filter(item => item.job === id);
    try {
      const job = await api.job(id);
      const model = this.model(job.model) ?? this.current;
      const run = new Run(model, saved[0]?.recipe ?? this.recipe.value);
      this.#watch(run);
      run.follow(job);
    } catch (error) {
      if (saved.length) this.show(saved, 0);
      else this.error.set(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {Item[]} items
   * @param {number} index
   */
  show(items, index) {
    const { pinned } = this.shown.value;
    this.shown.set({ items, index, stage: null, follows: false, pinned });
  }

  /** @returns {Item | undefined} */
  get selected() {
    return this.shown.value.items[this.shown.value.index];
  }

  /**
   * Sets up the next image to continue from parts of this one.
   * @param {Item} item
   * @param {{ structure: number, content: number[] }} keep
   * @param {boolean} onlyRegion
   */
  continueFrom(item, keep, onlyRegion) {
    const recipe = this.recipe.value;
    this.#known.set(item.key, item);
    if (!recipe.continuation) this.#modeBefore = recipe.structure.mode;
    const { height, width } = item.latent;
    const mask = onlyRegion ? { height, width, data: new Uint8Array(height * width) } : null;
    this.recipe.set({
      ...recipe,
      model: this.model(item.model)?.name ?? recipe.model,
      class: item.class ?? recipe.class,
      seed: '',
      structure: { ...recipe.structure, mode: 'none' },
      continuation: { key: item.key, keep, mask, border: 'split' },
    });
  }

  stopContinuing() {
    const recipe = this.recipe.value;
    this.recipe.set({ ...recipe, continuation: null, structure: { ...recipe.structure, mode: this.#modeBefore } });
  }

  /**
   * Restores the form settings of an image, with its seed.
   * @param {Item} item
   */
  useSettings(item) {
    const recipe = item.recipe ?? this.recipe.value;
    const sampling = item.recipe ? recipe.sampling : (item.sampling ?? recipe.sampling);
    this.recipe.set({ ...structuredClone(recipe), class: item.class ?? recipe.class, seed: item.seed ?? '', count: 1, sampling });
  }

  /** Pins the images that are shown, for comparison. The next images get the same seeds. */
  pin() {
    const { items } = this.shown.value;
    const seeds = items.flatMap(item => item.seed ?? []);
    if (seeds.length) this.recipe.change({ seed: seedText(seeds), count: items.length });
    this.shown.change({ pinned: items });
  }

  unpin() {
    this.shown.change({ pinned: null });
  }

  /**
   * Opens an image or a document from a file.
   * @param {Blob} file
   * @param {string} name
   */
  async open(file, name) {
    const answer = await api.describe(file, this.recipe.value.model);
    const item = itemOfFile(answer, file, name);
    await gallery.put(item);
    this.#known.set(item.key, item);
    this.show([item], 0);
    return item;
  }
}

/**
 * @param {Shown} shown
 * @returns {number} the index to show
 */
function followed({ items, index, follows }) {
  const running = items.findIndex(item => item.state === 'running' && item.stages.length > 0);
  return follows && running >= 0 ? running : index;
}

/** @param {string} id */
function setJobInUrl(id) {
  const url = new URL(location.href);
  if (url.searchParams.get('job') === id) return;
  url.searchParams.set('job', id);
  history.replaceState(null, '', url);
}
