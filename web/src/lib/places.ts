// What one can go to by typing it: `node proj`, `pc 120`, `line 40`, `cycle 9000`, `opcode add`, `tensor x`,
// `address vector_sram 64`; a number alone is tried as each thing that is numbered.
import { ranked } from './fuzzy.ts';

export type Target =
  | { kind: 'node'; node: number }
  | { kind: 'pc'; pc: number }
  | { kind: 'line'; line: number }
  | { kind: 'cycle'; cycle: number }
  | { kind: 'opcode'; name: string }
  | { kind: 'tensor'; region: number }
  | { kind: 'address'; memory: string; address: number };

export interface PlaceEntry {
  text: string;
  target: Target;
}

/** What there is to go to. */
export interface Known {
  nodes: readonly { id: number; name: string; letter: string }[];
  opcodes: readonly string[];
  tensors: readonly { name: string; memory: string }[];
  memories: readonly { name: string; size: number }[];
  instructions: number;
  /** Null where the text cannot be shown. */
  lines: number | null;
  /** Of the run; 0 when there is none. */
  cycles: number;
}

/** The words, in the order in which they are offered. */
export const KINDS: readonly { word: string; meaning: string }[] = [
  { word: 'node', meaning: 'a node of the model, by name or letter' },
  { word: 'pc', meaning: 'an instruction, by its address' },
  { word: 'line', meaning: 'a line of the program' },
  { word: 'cycle', meaning: 'the machine as it stood in a cycle' },
  { word: 'opcode', meaning: 'on to the next instruction of a kind' },
  { word: 'tensor', meaning: 'a tensor in the memories' },
  { word: 'address', meaning: 'a place in a memory: its name and a number' },
];

const MOST = 40;

function numbers(text: string, known: Known, word: string | null): PlaceEntry[] {
  const clean = text.replace(/[\s\u2009,_]/g, '');
  const value = /^0x[0-9a-f]{1,12}$/i.test(clean) || /^\d{1,15}$/.test(clean) ? Number(clean) : -1;
  if (value < 0) return [];
  const found: PlaceEntry[] = [];
  if ((word === null || word === 'pc') && value < known.instructions)
    found.push({ text: `instruction ${value}`, target: { kind: 'pc', pc: value } });
  if ((word === null || word === 'line') && known.lines !== null)
    if (value >= 1 && value <= known.lines)
      found.push({ text: `line ${value}`, target: { kind: 'line', line: value } });
  if ((word === null || word === 'cycle') && value < known.cycles)
    found.push({ text: `cycle ${value}`, target: { kind: 'cycle', cycle: value } });
  return found;
}

function named(text: string, known: Known, word: string | null): PlaceEntry[] {
  const found: PlaceEntry[] = [];
  if (word === null || word === 'node') {
    const exact = known.nodes.filter(({ letter }) => letter !== '' && letter === text.trim());
    const others = ranked(text, known.nodes, ({ name }) => name).map(({ one }) => one);
    for (const { id, name, letter } of new Set([...exact, ...others]))
      found.push({ text: `node ${name} (${letter})`, target: { kind: 'node', node: id } });
  }
  if (word === null || word === 'opcode')
    for (const { one } of ranked(text, known.opcodes, (name) => name))
      found.push({ text: `opcode ${one}`, target: { kind: 'opcode', name: one } });
  if (word === null || word === 'tensor')
    for (const { one } of ranked(
      text,
      known.tensors.map((tensor, region) => ({ ...tensor, region })),
      ({ name }) => name,
    ))
      found.push({
        text: `tensor ${one.name} in ${one.memory}`,
        target: { kind: 'tensor', region: one.region },
      });
  return found;
}

function addresses(text: string, known: Known): PlaceEntry[] {
  const [name = '', at = ''] = text.trim().split(/\s+/);
  return known.memories.flatMap((memory) => {
    if (!memory.name.startsWith(name) || !/^\d{1,15}$/.test(at)) return [];
    const address = Number(at);
    return address < memory.size
      ? [
          {
            text: `address ${memory.name} ${address}`,
            target: { kind: 'address' as const, memory: memory.name, address },
          },
        ]
      : [];
  });
}

/** Places that a query names, the likeliest first; `go` before it says that nothing else is meant. */
export function placesOf(query: string, known: Known): PlaceEntry[] {
  const text = query.replace(/^\s*(go|g)\s+(to\s+)?/i, '');
  const [, first = '', rest = ''] = /^\s*(\S+)\s+(.*)$/s.exec(text) ?? [];
  const word = KINDS.find((one) => one.word === first.toLowerCase())?.word ?? null;
  if (word === 'address') return addresses(rest, known);
  if (word !== null)
    return [...numbers(rest, known, word), ...named(rest, known, word)].slice(0, MOST);
  if (text.trim() === '') return [];
  return [...numbers(text, known, null), ...named(text, known, null)].slice(0, MOST);
}

export const meansPlace = (query: string) => /^\s*(go|g)\s/i.test(query);
