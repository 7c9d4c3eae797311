// The command table, the search in it, and what is typed as a place.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { signal } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import { EMBEDS } from '../../web/src/lib/embed.ts';
import { fuzzy, ranked } from '../../web/src/lib/fuzzy.ts';
import { isLetter, type Pressed, presses, strokeOf } from '../../web/src/lib/keys.ts';
import { type Known, placesOf } from '../../web/src/lib/places.ts';
import type { Page } from '../../web/src/panels/page.ts';

const web = resolve(import.meta.dirname, '..', '..', 'web');

describe('fuzzy search', () => {
  it('finds letters in order and nothing else', () => {
    expect(fuzzy('mtx', 'matrix')?.at).toEqual([0, 2, 5]);
    expect(fuzzy('xtm', 'matrix')).toBeNull();
    expect(fuzzy('machine settings', 'Settings of the machine')?.at).toContain(0);
    expect(fuzzy('machine nothing', 'Settings of the machine')).toBeNull();
    expect(fuzzy('', 'matrix')).toEqual({ score: 0, at: [] });
  });

  it('prefers words begun with and letters side by side', () => {
    const list = ['Theme: dark', 'Step back one instruction', 'Stop', 'Select nothing'];
    expect(ranked('st', list, (one) => one).map(({ one }) => one)[0]).toBe(
      'Step back one instruction',
    );
    expect(ranked('sbo', list, (one) => one).map(({ one }) => one)).toEqual([
      'Step back one instruction',
    ]);
    expect(fuzzy('pb', 'step back')?.at).toEqual([3, 5]);
  });

  it('does not try every way through long texts', () => {
    expect(fuzzy('abababababababababaX', 'ab'.repeat(2000))).toBeNull();
  });
});

describe('keys', () => {
  const event = (key: string, more: Partial<Pressed> = {}): Pressed => ({
    key,
    code: '',
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    ...more,
  });

  it('match with their modifiers alone', () => {
    expect(presses(event('F6'), strokeOf('F6'))).toBe(true);
    expect(presses(event('F6', { shiftKey: true }), strokeOf('F6'))).toBe(false);
    expect(presses(event('P', { ctrlKey: true, shiftKey: true }), strokeOf('Ctrl+Shift+P'))).toBe(
      true,
    );
    expect(presses(event('p', { metaKey: true, shiftKey: true }), strokeOf('Ctrl+Shift+P'))).toBe(
      true,
    );
    expect(presses(event('n', { altKey: true }), strokeOf('n'))).toBe(false);
  });

  it('take digits by their place and marks as printed', () => {
    expect(presses(event('&', { code: 'Digit1' }), strokeOf('1'))).toBe(true);
    expect(presses(event('1', { code: 'Digit1', ctrlKey: true }), strokeOf('1'))).toBe(false);
    expect(presses(event('?', { shiftKey: true }), strokeOf('?'))).toBe(true);
    expect(presses(event('?'), strokeOf('?'))).toBe(true);
  });

  it('know what would be typed', () => {
    expect(isLetter(strokeOf('Shift+n'))).toBe(true);
    expect(isLetter(strokeOf('Ctrl+s'))).toBe(false);
    expect(isLetter(strokeOf('F8'))).toBe(false);
  });
});

describe('places', () => {
  const known: Known = {
    nodes: [
      { id: 0, name: 'norm', letter: 'a' },
      { id: 1, name: 'gate_proj', letter: 'b' },
    ],
    opcodes: ['V_ADD', 'S_ADDI'],
    tensors: [{ name: 'x', memory: 'hbm' }],
    memories: [{ name: 'vector_sram', size: 64 }],
    instructions: 100,
    lines: 40,
    cycles: 5000,
  };
  const kinds = (query: string) => placesOf(query, known).map(({ target }) => target);

  it('try a number as all that is numbered, within bounds', () => {
    expect(kinds('30')).toEqual([
      { kind: 'pc', pc: 30 },
      { kind: 'line', line: 30 },
      { kind: 'cycle', cycle: 30 },
    ]);
    expect(kinds('99').map(({ kind }) => kind)).toEqual(['pc', 'cycle']);
    expect(kinds('go cycle 5\u202f000')).toEqual([]);
    expect(kinds('go cycle 4\u202f999')).toEqual([{ kind: 'cycle', cycle: 4999 }]);
  });

  it('take a word before a name', () => {
    expect(kinds('go node gp')).toEqual([{ kind: 'node', node: 1 }]);
    expect(kinds('node b')[0]).toEqual({ kind: 'node', node: 1 });
    expect(kinds('opcode add')).toHaveLength(2);
    expect(kinds('g tensor x')).toEqual([{ kind: 'tensor', region: 0 }]);
    expect(kinds('address vec 63')).toEqual([
      { kind: 'address', memory: 'vector_sram', address: 63 },
    ]);
    expect(kinds('address vec 64')).toEqual([]);
  });
});

it('the names of what can be embedded are the same everywhere', () => {
  const names = Object.keys(EMBEDS);
  const script = readFileSync(resolve(web, 'public', 'theme.js'), 'utf8');
  expect(/embed=\(([^)]+)\)/.exec(script)?.[1]?.split('|')).toEqual(names);
  const css = readFileSync(resolve(web, 'src', 'styles', 'single.css'), 'utf8');
  for (const [name, panel] of Object.entries(EMBEDS))
    expect(css).toContain(`[data-embed="${name}"] .desk .pane-${panel}`);
});

describe('links', () => {
  it.each(['share', 'copy-link'])(
    '%s waits for the end of a run, which it would end',
    async (id) => {
      const { commandOf } = await import('../../web/src/shell/commands.ts');
      const store = {
        engine: signal('ready'),
        program: signal({}),
        machine: signal('paused'),
        opening: signal<object | null>(null),
      };
      const ready = () => commandOf(id).ready?.({ store } as unknown as Page) ?? true;
      expect(ready()).toBe(true);
      store.machine.value = 'running';
      expect(ready()).toBe(false);
      store.machine.value = 'done';
      store.opening.value = {};
      expect(ready()).toBe(false);
    },
  );
});
