// Drawings as PNG files. A canvas can also write them, but browsers that protect against fingerprinting change its pixels.

/** @import { Pixels } from '../types.js' */

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
const longestBlock = 65535;

/**
 * A PNG with a palette and without compression. Equal drawings produce equal bytes.
 * @param {Pixels} pixels
 * @param {(readonly number[])[]} palette the colour of each value
 * @returns {number[]} the bytes of the file
 */
export function toPng({ width, height, data }, palette) {
  /** @type {number[]} */
  const rows = [];
  // Every row starts with its filter: 0, none.
  for (let row = 0; row < height; row++) rows.push(0, ...data.subarray(row * width, (row + 1) * width));
  return [
    ...signature,
    // 8 bits per pixel, 3 = with palette, then the methods of compression and filtering, and no interlacing.
    ...chunk('IHDR', [...number(width), ...number(height), 8, 3, 0, 0, 0]),
    ...chunk('PLTE', palette.flat()),
    ...chunk('IDAT', stored(rows)),
    ...chunk('IEND', []),
  ];
}

/** @param {number} value 32 bits, the highest first */
const number = value => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/**
 * @param {string} type
 * @param {number[]} content
 */
function chunk(type, content) {
  const body = [...type].map(letter => letter.charCodeAt(0)).concat(content);
  return [...number(content.length), ...body, ...number(crc(body))];
}

/**
 * A zlib stream of stored blocks (RFC 1950 and 1951).
 * @param {number[]} bytes
 */
function stored(bytes) {
  const stream = [0x78, 0x01];
  for (let at = 0; at < bytes.length; at += longestBlock) {
    const block = bytes.slice(at, at + longestBlock);
    const { length } = block;
    const isLast = at + length === bytes.length;
    stream.push(Number(isLast), length & 255, length >> 8, ~length & 255, (~length >> 8) & 255);
    for (const byte of block) stream.push(byte);
  }
  return stream.concat(number(adler(bytes)));
}

/** @param {number[]} bytes */
function crc(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum;
}

/** @param {number[]} bytes */
function adler(bytes) {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}
