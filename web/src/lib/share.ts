// Texts and numbers of sharing.
import type { Verdict } from '../engine/types.ts';

export { COMFORTABLE, EMBEDDED_BYTES, LONGEST_OFFERED } from './share-size.ts';

export interface IssueFacts {
  address: string | null;
  version: string;
  source: string;
  machine: string;
  options: string;
  verdict: Verdict | null;
  program: string | null;
}

const EXCERPT_LINES = 40;

/** Names come from files: in a table or a sentence they must stay text. */
export const escaped = (name: string) =>
  name.replace(/[\\`*_{}[\]<>()#+|!\n\r]/g, (one) => `\\${one}`);

/** A fence longer than any run of backticks in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.trimEnd()}\n${fence}`;
}

export function issueText(facts: IssueFacts): string {
  const { verdict } = facts;
  const lines = [
    facts.address
      ? `[Open in the playground](${facts.address})`
      : 'The recipe is too long for a link: see the attached file.',
    '',
    '| | |',
    '|---|---|',
    `| release | ${escaped(facts.version)} |`,
    `| model | ${escaped(facts.source)} |`,
    `| machine | ${escaped(facts.machine)} |`,
    `| options | ${facts.options === '{}' ? 'as the model says' : escaped(facts.options)} |`,
  ];
  if (verdict) {
    lines.push(
      `| result | ${verdict.verdict === 'pass' ? 'agrees with its reference' : 'differs from its reference'} |`,
      `| cycles | ${verdict.cycles} (${escaped(verdict.timing.text)}) |`,
      ...Object.entries(verdict.digests).map(
        ([name, digest]) => `| ${name} | ${digest.slice(0, 16)} |`,
      ),
    );
    if (verdict.first_bad) lines.push('', `First wrong: ${escaped(verdict.first_bad.text)}`);
  }
  if (facts.program) {
    const program = facts.program.split('\n');
    const pc = verdict?.first_bad ? Math.max(0, verdict.first_bad.line - EXCERPT_LINES / 2) : 0;
    const excerpt = program.slice(pc, pc + EXCERPT_LINES).join('\n');
    const title = `Program, lines ${pc + 1} to ${Math.min(program.length, pc + EXCERPT_LINES)} of ${program.length}`;
    lines.push('', `<details><summary>${title}</summary>`, '', fenced(excerpt), '', '</details>');
  }
  return `${lines.join('\n')}\n`;
}
