// Types of the server's responses (docs/serving.md) and of the state of the page. This file contains no code.

/** @typedef {{ number: number, name: string, synonyms: string[], identifier: string | null }} ClassInfo */
/** @typedef {{ index: number, clusters: number, clusterSize: number }} StageInfo */
/** @typedef {{ height: number, width: number }} Latent */

/** @typedef {number | { linear: number[] } | { power: number[] } | { perStage: number[] }} Schedule */
/**
 * @typedef {{
 *   contentGuidance: Schedule, structureGuidance: Schedule, topP: Schedule,
 *   topK: number, temperature: number, structureSteps: number | number[] | 'auto', gumbel: boolean
 * }} Sampling
 */

/**
 * @typedef {{
 *   name: string, isDefault: boolean, imageSize: number, latent: Latent, stages: StageInfo[], codebookSize: number,
 *   classes: ClassInfo[], sampling: Sampling, fingerprint: string, device: string, precision: string, batchSize: number
 * }} ModelInfo
 */
/** @typedef {{ imagesPerJob: number, bodyBytes: number, uploadPixels: number, scale: number }} Limits */
/** @typedef {{ models: ModelInfo[], limits: Limits }} ModelsAnswer */

/** @typedef {'queued' | 'running' | 'completed' | 'failed' | 'cancelled'} JobState */
/**
 * @typedef {{
 *   index: number, state: string, class: number, label: string, seed: string, stages: number,
 *   url: string | null, document: string | null
 * }} JobImage
 */
/** @typedef {{ title?: string, status?: number, detail?: string, field?: string, suggestions?: string[] }} Problem */
/**
 * @typedef {{
 *   id: string, state: JobState, model: string, created: string, queuePosition: number | null, progress: number,
 *   images: JobImage[], notes: string[], error: Problem | null
 * }} Job
 */

/** @typedef {{ index: number, preview: string | null, structure: number[] }} StageImage */
/** @typedef {{ stage: number, stages: number, progress: number, images: StageImage[] }} StageEvent */
/** @typedef {{ index: number, class: number, label: string, seed: string, width: number, height: number }} ImageEvent */

/**
 * @typedef {{
 *   index: number, clusters: number, asked: number[], used: number[], moved: number[], movedCount: number, movedShare: number
 * }} PlannedStage
 */
/** @typedef {{ latent: Latent, stages: PlannedStage[], hasEffect: boolean, notes: string[] }} StructureAnswer */

/**
 * @typedef {{
 *   kind: 'document' | 'image', model: string, isServed: boolean, class: number | null, label: string | null,
 *   seed: string | null, sampling: Sampling | null, latent: Latent, image: string, width: number, height: number,
 *   stages: { index: number, clusters: number, structure: number[], preview: string | null }[]
 * }} DocumentAnswer
 */

/** @typedef {{ structure: number[], preview: Blob | null }} ItemStage */
/**
 * An image that the page shows or keeps: generated, stopped early, or opened from a file. `source` is the file that a new job
 * continues from: the `.nvg` document, or the opened image file.
 * @typedef {{
 *   key: string, created: number, job: string | null, kind: 'generated' | 'document' | 'image',
 *   state: 'queued' | 'running' | 'completed' | 'stopped' | 'failed',
 *   model: string, class: number | null, label: string, seed: string | null,
 *   latent: Latent, stageCount: number, stages: ItemStage[],
 *   image: Blob | null, source: Blob | null, recipe: Recipe | null, sampling: Partial<Sampling> | null
 * }} Item
 */

/** @typedef {'halves' | 'regions' | 'depth'} DrawingKind */
/** @typedef {{ width: number, height: number, data: Uint8Array }} Pixels */
/**
 * `followsColours`: whether images follow the colours of painted regions, or only their layout.
 * @typedef {{
 *   mode: 'none' | DrawingKind,
 *   followsColours: boolean,
 *   stages: { regions: number, depth: number },
 *   drawings: Record<DrawingKind, Pixels>
 * }} StructureSettings
 */
/** @typedef {{ structure: number, content: number[] }} Keep */
/**
 * The source of a continuation. `mask` has one number per position, 1 = regenerate; null = the whole image.
 * @typedef {{ key: string, keep: Keep, mask: Pixels | null, border: 'split' | 'keep' }} Continuation
 */
/**
 * All settings of the form. `seed` is text: one seed, a list, or empty for a random seed.
 * @typedef {{
 *   model: string, class: number | 'random', seed: string, count: number,
 *   structure: StructureSettings, continuation: Continuation | null, sampling: Partial<Sampling>
 * }} Recipe
 */

export {};
