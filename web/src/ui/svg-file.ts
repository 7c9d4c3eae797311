// A drawing of the page as a file that stands alone: what the page's style says of it is written into it.

/** Properties of drawings that style sheets set here. */
const DRAWN = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'text-anchor',
  'dominant-baseline',
  'visibility',
  'display',
] as const;

export function svgFile(drawing: SVGSVGElement, ground: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const from = [drawing, ...drawing.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  from.forEach((one, index) => {
    const target = to[index];
    if (!target) return;
    const style = getComputedStyle(one);
    for (const name of DRAWN) {
      const value = style.getPropertyValue(name);
      if (value) target.setAttribute(name, value);
    }
    for (const name of ['class', 'tabindex', 'role', 'style', 'data-key'])
      target.removeAttribute(name);
    for (const { name } of [...target.attributes])
      if (name.startsWith('aria-')) target.removeAttribute(name);
  });
  const [x, y, width, height] = (copy.getAttribute('viewBox') ?? '0 0 100 100').split(/\s+/);
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ x, y, width, height, fill: ground }))
    rect.setAttribute(name, String(value));
  copy.prepend(rect);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}
