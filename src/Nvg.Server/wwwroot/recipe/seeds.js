const largest = 2n ** 64n - 1n;

/**
 * Reads the seed field: one seed, a list (`1, 5, 9`), a range (`3-8`), or nothing.
 * @param {string} text
 * @param {number} limit largest number of seeds
 * @returns {string[]} decimal seeds; empty if the text is empty
 */
export function parseSeeds(text, limit) {
  /** @type {string[]} */
  const seeds = [];
  for (const part of text.split(/[\s,;]+/).filter(Boolean)) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) throw new RangeError(`“${part}” is not a seed: write a number, a list such as 1, 5, 9, or a range such as 3-8.`);
    const first = BigInt(/** @type {string} */ (match[1]));
    const last = match[2] === undefined ? first : BigInt(match[2]);
    if (last > largest) throw new RangeError(`The seed ${last} is too large: seeds have 64 bits.`);
    if (last < first) throw new RangeError(`The range ${part} goes backwards.`);
    if (last - first >= BigInt(limit) || seeds.length + Number(last - first) >= limit) {
      throw new RangeError(`Too many seeds: at most ${limit} images at once.`);
    }
    for (let seed = first; seed <= last; seed++) seeds.push(String(seed));
  }
  return seeds;
}

/**
 * The seeds of the images to generate: a single seed is incremented, a list is used unchanged, and an empty text means random seeds.
 * @param {string} text
 * @param {number} count
 * @param {number} limit
 */
export function seedsOf(text, count, limit) {
  const seeds = parseSeeds(text, limit);
  if (seeds.length > 1) return seeds;
  const first = seeds[0] === undefined ? randomSeed() : BigInt(seeds[0]);
  return Array.from({ length: count }, (_, i) => String(BigInt.asUintN(64, first + BigInt(i))));
}

/**
 * Whether the seed field has a list or a range, which then determines the number of images.
 * @param {string} text
 */
export function isSeedList(text) {
  return /[\s,;-]/.test(text.trim());
}

/**
 * The number of images that the form requests.
 * @param {string} text of the seed field
 * @param {number} count of the field beside it
 * @param {number} limit
 * @returns {number} `count` if the seeds cannot be read
 */
export function imageCount(text, count, limit) {
  if (!isSeedList(text)) return count;
  try {
    return parseSeeds(text, limit).length;
  } catch {
    return count;
  }
}

/** A short number, so that people can read it to each other. */
function randomSeed() {
  return BigInt(/** @type {number} */ (crypto.getRandomValues(new Uint32Array(1))[0]) % 1_000_000);
}

/**
 * The seeds as short text for the seed field.
 * @param {readonly string[]} seeds
 */
export function seedText(seeds) {
  const consecutive = seeds.every((seed, i) => i === 0 || BigInt(seed) === BigInt(seeds[i - 1] ?? 0) + 1n);
  return consecutive && seeds.length > 1 ? `${seeds[0]}-${seeds.at(-1)}` : seeds.join(', ');
}
