// Icons of 24 × 24, drawn with lines in the colour of the text.

/** @type {Record<string, string>} */
const paths = {
  brush: 'M20 4 10 14M7.5 13.5a3 3 0 0 1 3 3c0 2.5-2 4-6.5 4 1.5-1 1-2 1-4a2.7 2.7 0 0 1 2.5-3',
  fill: 'm12 4 7 7-7 7-7-7zM5 11h14M20.5 16c.8 1.3 1.2 2 1.2 2.7a1.2 1.2 0 0 1-2.4 0c0-.7.4-1.4 1.2-2.7M10 2l2 2',
  eraser: 'm13.5 5 5.5 5.5-8 8H7L4 15.5zM9 9.5l5.5 5.5M11 18.5h9',
  undo: 'M9 5 4 10l5 5M4 10h10a6 5 0 0 1 0 10h-3',
  redo: 'm15 5 5 5-5 5M20 10H10a6 5 0 0 0 0 10h3',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5',
  dice: 'M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1M8.5 8.5h.01M12 12h.01M15.5 15.5h.01',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  unlock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.8-1.2',
  download: 'M12 4v11M7 10.5l5 5 5-5M4 20h16',
  share: 'M12 15V4M8 7.5 12 3.5l4 4M5 12v8h14v-8',
  play: 'M8 5v14l11-7z',
  stop: 'M7 7h10v10H7z',
  compare: 'M4 5h7v14H4zM13 5h7v14h-7z',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18',
  pixels: 'M4 4h16v16H4zM4 9.3h16M4 14.7h16M9.3 4v16M14.7 4v16',
  theme: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  open: 'M4 19V6h5l2 2h9v11zM12 17v-6M9.5 13.5 12 11l2.5 2.5',
  close: 'M6 6l12 12M18 6 6 18',
  vary: 'M5 19V5M5 12c6 0 6-6 13-6M15 3l3 3-3 3M5 12c6 0 6 6 13 6M15 15l3 3-3 3',
  region: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8.5 12a3.5 3 0 1 0 7 0 3.5 3 0 1 0-7 0',
  structure: 'M4 4h16v16H4zM12 4v16M4 12h8M12 9h8M12 15h8',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  seed: 'M12 21c0-5 0-7 0-9M12 14c-5 0-7-3-7-8 5 0 7 3 7 8M12 11c0-4 2-6 6-6 0 4-2 6-6 6',
};

/**
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', paths[name] ?? '');
  svg.append(path);
  return svg;
}
