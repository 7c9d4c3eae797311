// JSON with the places of its parts, also of a text that is being typed: the first mistake is told,
// and what was understood up to it is kept.

export interface JsonMember {
  key: string;
  from: number;
  to: number;
  /** Null when the text ends before it. */
  value: JsonNode | null;
}

export interface JsonNode {
  kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  from: number;
  /** After the last character; the end of the text for what is not closed. */
  to: number;
  value: string | number | boolean | null;
  members: JsonMember[];
  items: JsonNode[];
}

export interface JsonText {
  root: JsonNode | null;
  mistake: { at: number; message: string } | null;
}

/** As in the engine. */
const MAX_DEPTH = 64;

class Mistake extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

const OPENING: readonly string[] = ['{', '['];
const TOKEN = /[\s]*("(?:[^"\\\n]|\\.)*("?)|-?\d[\d.eE+-]*|[a-z]+|[{}[\],:]|[\s\S])/y;

export function parseJson(text: string): JsonText {
  let at = 0;
  let from = 0;
  let token: string = '';
  let closed = true;
  let root: JsonNode | null = null;

  function next() {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    token = found?.[1] ?? '';
    closed = !token.startsWith('"') || found?.[2] === '"';
    from = found ? TOKEN.lastIndex - token.length : text.length;
    at = found ? TOKEN.lastIndex : text.length;
    if (token.trim() === '') {
      token = '';
      from = text.length;
    }
  }

  function leaf(kind: JsonNode['kind'], value: JsonNode['value']): JsonNode {
    return { kind, from, to: at, value, members: [], items: [] };
  }

  function string(): string {
    if (!closed) throw new Mistake(from, 'the text is not closed: a " is missing');
    try {
      return JSON.parse(token) as string;
    } catch {
      throw new Mistake(from, 'this text has an escape that there is not');
    }
  }

  /** Reads the value that starts with the present token; `keep` takes it before it is complete. */
  function value(depth: number, keep: (node: JsonNode) => void) {
    if (depth > MAX_DEPTH) throw new Mistake(from, `values nest deeper than ${MAX_DEPTH}`);
    if (OPENING.includes(token)) {
      const isObject = token === '{';
      const node = leaf(isObject ? 'object' : 'array', null);
      node.to = text.length;
      keep(node);
      const end: string = isObject ? '}' : ']';
      next();
      while (token !== end) {
        if (isObject) member(node, depth);
        else value(depth + 1, (one) => node.items.push(one));
        if (token === end) break;
        if (token !== ',') throw new Mistake(from, `expected , or ${end}`);
        next();
        if (token === end) throw new Mistake(from, `a comma before ${end}`);
      }
      node.to = at;
    } else if (token.startsWith('"')) keep(leaf('string', string()));
    else if (token === 'true' || token === 'false') keep(leaf('boolean', token === 'true'));
    else if (token === 'null') keep(leaf('null', null));
    else if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(token))
      keep(leaf('number', Number(token)));
    else throw new Mistake(from, token === '' ? 'the text ends here' : 'expected a value');
    next();
  }

  function member(node: JsonNode, depth: number) {
    if (!token.startsWith('"')) throw new Mistake(from, 'expected a key in quotes');
    const one: JsonMember = { key: string(), from, to: at, value: null };
    if (node.members.some(({ key }) => key === one.key))
      throw new Mistake(from, `the key "${one.key}" is there already`);
    node.members.push(one);
    next();
    if (token !== ':') throw new Mistake(from, 'expected :');
    next();
    value(depth + 1, (read) => {
      one.value = read;
    });
  }

  try {
    next();
    value(0, (node) => {
      root = node;
    });
    if (token !== '') throw new Mistake(from, 'there is text after the end');
    return { root, mistake: null };
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    return { root, mistake: { at: mistake.at, message: mistake.message } };
  }
}

/** The part that a JSON pointer names: a value, or the key where `key` asks for that. */
export function placeOf(
  root: JsonNode | null,
  pointer: string,
): { from: number; to: number } | null {
  if (!root || !(pointer === '' || pointer.startsWith('/'))) return null;
  let node: JsonNode = root;
  let place = { from: root.from, to: Math.min(root.to, root.from + 1) };
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replace(/~1/g, '/').replace(/~0/g, '~');
    const member = node.members.find(({ key }) => key === step);
    const below: JsonNode | null | undefined = member ? member.value : node.items[Number(step)];
    if (member) place = { from: member.from, to: member.to };
    else if (below) place = { from: below.from, to: below.to };
    // What is missing is missed in the part around it.
    if (!below) return place;
    if (!['object', 'array'].includes(below.kind)) place = { from: below.from, to: below.to };
    node = below;
  }
  return place;
}
