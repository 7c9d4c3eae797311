import { describe, expect, test } from 'vitest';
import { lessonLink, lessonOf, pieces, readLesson, wayOf } from '../../web/src/lib/lessons.ts';
import { lessons } from '../../web/src/state/lesson-files.ts';

const file = {
  plena_lesson: 1,
  order: 1,
  title: 'One',
  text: ['a `b` c'],
  open: { model: 'linear', preset: 'm16b4', program: 'one.asm' },
  tries: [{ title: 'Larger', look: 'there', change: { preset: 'm64b4', program: null } }],
};
const programs = { 'one.asm': 'M_MM 0, gp1, gp2\n' };

describe('lessons', () => {
  test('links are short and stay what they are', () => {
    expect(lessonLink('m-mm')).toBe('#learn/m-mm');
    expect(lessonLink('m-mm', 2)).toBe('#learn/m-mm/2');
    expect(lessonOf('#learn/m-mm')).toEqual({ id: 'm-mm', step: 0 });
    expect(lessonOf('learn/m-mm/2')).toEqual({ id: 'm-mm', step: 2 });
    for (const other of ['#1abc', '#learn/', '#learn/A', '#learn/a/b', '#learn/a/123', 'x/learn/a'])
      expect(lessonOf(other)).toBeNull();
  });

  test('a step changes what the start opens', () => {
    const lesson = readLesson('one', file, programs);
    expect(lesson.open.program).toBe(programs['one.asm']);
    expect(lesson.open.options).toEqual({});
    expect(wayOf(lesson, 1)).toEqual({ ...lesson.open, preset: 'm64b4', program: null });
    expect(wayOf(lesson, 0)).toBe(lesson.open);
    expect(wayOf(lesson, 2)).toBeNull();
    expect(pieces('a `b` c')).toEqual(['a ', 'b', ' c']);
  });

  test('a mistake in a file is told with its place', () => {
    const broken: [object, RegExp][] = [
      [{ plena_lesson: 2 }, /no lesson/],
      [{ order: '1' }, /order/],
      [{ text: 'a' }, /text/],
      [{ open: { model: 'linear' } }, /no preset/],
      [{ open: { ...file.open, program: 'two.asm' } }, /there is no two\.asm/],
      [{ open: { ...file.open, presets: 'm' } }, /open\.presets is no field/],
      [{ open: { ...file.open, options: [] } }, /open\.options has a wrong value/],
      [{ tries: [{ title: 'x', change: {} }] }, /tries\[0\] has no title/],
      [{ tries: [{ ...file.tries[0], change: 1 }] }, /tries\[0\]\.change is not an object/],
    ];
    for (const [change, why] of broken)
      expect(() => readLesson('one', { ...file, ...change }, programs)).toThrow(why);
    expect(() => readLesson('one', null, programs)).toThrow(/no lesson/);
  });

  // Links to lessons stand in papers and slides: an id that was given stays, and so do its steps.
  test('the lessons that there are, in order', () => {
    expect(lessons.map(({ id, tries }) => `${id} ${tries.length}`)).toEqual([
      'm-mm 3',
      'product 3',
      'softmax 3',
      'attention 3',
      'layer 3',
      'token 3',
    ]);
  });
});
