// The order in which a function's arguments are computed is the compiler's to choose, and compilers choose
// differently: where two of them emit instructions, or add to a graph, the native program is another one than
// WebAssembly's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesBelow, read } from './sources.mjs';

const EMITS = /\b(?:b|b_|low|low_)\.\w+\(/;
/** These number what they make. */
const ADDS = /\b(?:graph_?|rewriter_?|builder_?)\.(?:constant|input|insert|layer|node|norm|add_\w+)\(/;
/** What these compute is a fact of the node or the machine, and leaves no instruction. */
const FACTS = /\b(?:b|b_|low|low_)\.(?:view|machine|options|symbol_of|info)\(\)/g;

/** Calls with the texts of their arguments. */
function* callsOf(text) {
  for (const match of text.matchAll(/([A-Za-z_][\w:]*(?:(?:\.|->)[A-Za-z_]\w*)*)\s*\(/g)) {
    const args = [];
    let start = match.index + match[0].length;
    let depth = 1;
    for (let at = start; at < text.length && depth > 0; at++) {
      const c = text[at];
      if ('([{'.includes(c)) depth++;
      if (')]}'.includes(c)) depth--;
      if ((c === ',' && depth === 1) || depth === 0) {
        args.push(text.slice(start, at).trim());
        start = at + 1;
      }
    }
    yield { name: match[1], line: text.slice(0, match.index).split('\n').length, args };
  }
}

function unordered(file, text, effect = EMITS) {
  const plain = text.replace(/\/\/.*/g, '').replace(FACTS, 'fact');
  return [...callsOf(plain)].flatMap(({ name, line, args }) => {
    // A lambda is not run before the call.
    const emitting = args.filter((one) => !one.startsWith('[') && effect.test(one));
    const control = ['if', 'for', 'while', 'switch', 'return'].includes(name);
    return emitting.length > 1 && !control ? [`${file}:${line}: ${name}(${emitting.join(', ')})`] : [];
  });
}

test('no call has two arguments that emit instructions', () => {
  assert.equal(unordered('x', 'b_.V_SHFT_V(b_.set(to), all, b_.set(lanes));').length, 1);
  assert.equal(unordered('x', 'b_.V_SHFT_V(to, all, b_.set(lanes)); // b_.set(to)').length, 0);
  const files = ['core/ops', 'core/lower', 'core/codegen'].flatMap((folder) => filesBelow(folder, /\.(cpp|h)$/));
  assert.ok(files.length > 50);
  assert.deepEqual(files.flatMap((file) => unordered(file, read(file))), []);
});

test('no call has two arguments that add to a graph', () => {
  const pair = 'pairs.emplace(graph_.constant("a", shape, a), graph_.constant("b", shape, b));';
  assert.equal(unordered('x', pair, ADDS).length, 1);
  assert.equal(unordered('x', 'graph_.node("add", label, {graph_.constant("a", shape, a), x});', ADDS).length, 0);
  const files = ['core/frontend', 'core/io', 'core/passes'].flatMap((folder) => filesBelow(folder, /\.(cpp|h)$/));
  assert.ok(files.length > 50);
  assert.deepEqual(files.flatMap((file) => unordered(file, read(file), ADDS)), []);
});
