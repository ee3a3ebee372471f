/** @import { Item, ItemStage, Job, JobImage, ModelInfo, Recipe, DocumentAnswer } from '../types.js' */

import { blobOfData } from '../store/urls.js';

/**
 * @param {Job} job
 * @param {JobImage} image
 * @param {ModelInfo} model
 * @param {Recipe | null} recipe
 * @returns {Item}
 */
export function itemOfJob(job, image, model, recipe) {
  return {
    key: `${job.id}/${image.index}`,
    // The gallery shows the newest first; within a job, images keep their own order.
    created: Date.parse(job.created) - image.index / 1000,
    job: job.id,
    kind: 'generated',
    state: 'queued',
    model: job.model,
    class: image.class,
    label: image.label,
    seed: image.seed,
    latent: model.latent,
    stageCount: model.stages.length,
    stages: [],
    image: null,
    source: null,
    recipe,
    sampling: null,
  };
}

/**
 * An opened file.
 * @param {DocumentAnswer} answer
 * @param {Blob} file
 * @param {string} name
 * @returns {Item}
 */
export function itemOfFile(answer, file, name) {
  const image = blobOfData(answer.image);
  const stages = answer.stages.map(stage => ({
    structure: stage.structure,
    preview: stage.preview ? blobOfData(stage.preview) : null,
  }));
  return {
    key: `file/${crypto.randomUUID()}`,
    created: Date.now(),
    job: null,
    kind: answer.kind,
    state: 'completed',
    model: answer.model,
    class: answer.class,
    label: answer.label ?? name,
    seed: answer.seed,
    latent: answer.latent,
    stageCount: answer.stages.length,
    stages,
    image,
    source: file,
    recipe: null,
    sampling: answer.sampling,
  };
}

/**
 * The visible state of an image: the image itself, or the last stage with a preview.
 * @param {Item} item
 * @returns {Blob | null}
 */
export function shownImage(item) {
  return item.image ?? item.stages.findLast(stage => stage.preview)?.preview ?? null;
}

/**
 * The image after a stage; the last stage of a finished image is the image itself.
 * @param {Item} item
 * @param {number} stage
 * @returns {Blob | null}
 */
export function imageOfStage(item, stage) {
  return (stage === item.stageCount - 1 ? item.image : null) ?? item.stages[stage]?.preview ?? null;
}

/** @param {Item} item @param {number} stage @returns {ItemStage | undefined} */
export const stageOf = (item, stage) => item.stages[stage];

/**
 * A name for people: `ship · seed 7`.
 * @param {Item} item
 */
export function titleOf(item) {
  return item.seed === null ? item.label : `${item.label} · seed ${item.seed}`;
}

/**
 * @param {Item} item
 * @param {string} extension
 */
export function fileName(item, extension) {
  const stem =
    item.label
      .toLowerCase()
      .replace(/\.[a-z]+$/, '')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'image';
  return `${stem}${item.seed === null ? '' : `-${item.seed}`}.${extension}`;
}
