// A small picture of a laid-out graph, for the gallery. Its colours are seen on light and dark ground.
const HUES = [
  '#3f7fe0',
  '#d9782e',
  '#1f9e8c',
  '#9a5fd0',
  '#8f9420',
  '#d64a70',
  '#2b93b8',
  '#a08070',
];
const INK = '#8590a0';
const WIDTH = 120;
const HEIGHT = 72;
const ROOM = 4;

const round = (number) => Math.round(number * 10) / 10;

/** Drawn from left to right, since entries are wider than high. */
export function picture(layout) {
  const scale = Math.min(
    (WIDTH - 2 * ROOM) / Math.max(1, layout.height),
    (HEIGHT - 2 * ROOM) / Math.max(1, layout.width),
    0.5,
  );
  const left = (WIDTH - layout.height * scale) / 2;
  const top = (HEIGHT - layout.width * scale) / 2;
  const at = ({ x, y }) => `${round(left + y * scale)} ${round(top + x * scale)}`;
  const edges = layout.edges
    .filter(({ points }) => points.length > 1)
    .map(({ points }) => `M${points.map(at).join('L')}`)
    .join('');
  let hue = 0;
  const boxes = layout.nodes.map((one) => {
    const [x, y] = [round(left + one.y * scale), round(top + one.x * scale)];
    const [wide, tall] = [
      round(Math.max(3, one.height * scale)),
      round(Math.max(3, one.width * scale)),
    ];
    const fill = one.node === null ? INK : HUES[hue++ % HUES.length];
    return `<rect x="${x}" y="${y}" width="${wide}" height="${tall}" rx="1.5" fill="${fill}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"><path d="${edges}" fill="none" stroke="${INK}" stroke-width="0.8"/>${boxes.join('')}</svg>\n`;
}
