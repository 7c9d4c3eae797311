// What a JSON model may say, from its schema: problems of a text, and what fits at a place. Reads the
// part of JSON Schema that the schema of models uses.
import { type JsonNode, parseJson } from './json-text.ts';

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  oneOf?: Schema[];
  anyOf?: Schema[];
  type?: string;
  enum?: unknown[];
  description?: string;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minimum?: number;
  maximum?: number;
}

export interface TextProblem {
  from: number;
  to: number;
  message: string;
  hint: string;
}

export interface Fitting {
  label: string;
  insert: string;
  detail: string;
}

/** The family of a document decides which of the forms it has. */
const TELLS = 'family';

const typeOf = (node: JsonNode): string =>
  node.kind === 'number' && Number.isInteger(node.value) ? 'integer' : node.kind;
const isOf = (type: string, schema: Schema) =>
  schema.type === undefined ||
  schema.type === type ||
  (schema.type === 'number' && type === 'integer');

const WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};
const wordOf = (type = '') => WORDS[type] ?? type;

export function createChecker(root: Schema) {
  const resolved = (schema: Schema): Schema =>
    schema.$ref ? (root.$defs?.[schema.$ref.replace('#/$defs/', '')] ?? {}) : schema;

  /** The forms that a value can have there: that of its family or of its type, else all of them. */
  function formsOf(given: Schema, node: JsonNode | null): Schema[] {
    const schema = resolved(given);
    const forms = (schema.oneOf ?? schema.anyOf)?.map(resolved);
    if (!forms) return [schema];
    const family = node?.members.find(({ key }) => key === TELLS)?.value?.value;
    const told = forms.filter((one) => one.properties?.[TELLS]?.enum?.includes(family));
    if (told.length > 0) return told;
    const fitting = node ? forms.filter((one) => isOf(typeOf(node), one)) : [];
    return fitting.length > 0 ? fitting : forms;
  }

  function below(schema: Schema, key: string): Schema | null {
    const named = schema.properties?.[key];
    if (named) return named;
    return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : null;
  }

  function checkObject(node: JsonNode, schema: Schema, problems: TextProblem[]) {
    const known = Object.keys(schema.properties ?? {});
    for (const { key, from, to, value } of node.members) {
      const inner = below(schema, key);
      if (inner && value) check(value, inner, problems);
      if (inner || key.startsWith('x-') || schema.additionalProperties !== false) continue;
      const hint = `Keys known here: ${known.join(', ')}; your own start with x-.`;
      problems.push({ from, to, message: `The key "${key}" is not known.`, hint });
    }
    for (const key of schema.required ?? [])
      if (!node.members.some((one) => one.key === key))
        problems.push({
          from: node.from,
          to: node.from + 1,
          message: `The key "${key}" is missing.`,
          hint: resolved(below(schema, key) ?? {}).description ?? '',
        });
  }

  function check(node: JsonNode, given: Schema, problems: TextProblem[]) {
    const forms = formsOf(given, node);
    const form = forms[0];
    if (!form) return;
    const { from, to } = node;
    const type = typeOf(node);
    const fits = forms.some((one) => isOf(type, one));
    // Which of the forms of a document is meant, its family tells.
    if (forms.length > 1 && forms.every((one) => one.properties?.[TELLS])) {
      const names = forms.flatMap((one) => one.properties?.[TELLS]?.enum ?? []);
      const family = node.members.find(({ key }) => key === TELLS);
      problems.push({
        from: family?.value?.from ?? from,
        to: family?.value?.to ?? from + 1,
        message: family ? 'This family is not known.' : `The key "${TELLS}" is missing.`,
        hint: `One of: ${names.join(', ')}.`,
      });
    } else if (!fits) {
      const wanted = [...new Set(forms.map((one) => wordOf(one.type)))].join(' or ');
      const message = `Expected ${wanted}, found ${wordOf(type)}.`;
      problems.push({ from, to, message, hint: form.description ?? '' });
    } else if (type === 'object') checkObject(node, form, problems);
    else if (type === 'array')
      for (const item of node.items) check(item, form.items ?? {}, problems);
    else if (forms.every((one) => one.enum && !one.enum.includes(node.value))) {
      const hint = `One of: ${forms.flatMap((one) => one.enum ?? []).join(', ')}.`;
      problems.push({
        from,
        to,
        message: `${JSON.stringify(node.value)} is not known here.`,
        hint,
      });
    } else if (typeof node.value === 'number') {
      const { minimum = -Infinity, maximum = Infinity } = form;
      if (node.value < minimum || node.value > maximum) {
        const most = maximum === Infinity ? '' : ` to ${maximum}`;
        const hint = `${form.description ?? ''} From ${minimum}${most}.`.trim();
        problems.push({ from, to, message: `${node.value} is out of range.`, hint });
      }
    }
  }

  const keysOf = (forms: readonly Schema[], node: JsonNode): Fitting[] => {
    const there = new Set(node.members.map(({ key }) => key));
    const keys = forms.flatMap((one) => Object.entries(one.properties ?? {}));
    return [...new Map(keys)]
      .filter(([key]) => !there.has(key))
      .map(([key, given]) => ({
        label: key,
        insert: JSON.stringify(key),
        detail: resolved(given).description ?? '',
      }));
  };
  const valuesOf = (forms: readonly Schema[]): Fitting[] =>
    forms.flatMap((one) => {
      const values = one.enum ?? (one.type === 'boolean' ? [true, false] : []);
      return values.map((value) => ({
        label: String(value),
        insert: JSON.stringify(value),
        detail: value === one.default ? 'the default' : (one.description ?? ''),
      }));
    });

  /** Keys or values that fit at `offset` in a value of one of the forms `given`. */
  function fittingIn(node: JsonNode | null, given: readonly Schema[], offset: number): Fitting[] {
    const forms = given.flatMap((one) => formsOf(one, node));
    if (node?.kind === 'array') {
      const inner = forms.flatMap((one) => one.items ?? []);
      const item = node.items.find(({ from, to }) => from <= offset && offset <= to);
      return fittingIn(item ?? null, inner, offset);
    }
    if (node?.kind !== 'object') return valuesOf(given.flatMap((one) => formsOf(one, null)));
    // The last member before the place; its value ends before the next key.
    const member = node.members.findLast(({ from }) => from <= offset);
    if (!member) return keysOf(forms, node);
    if (offset <= member.to) {
      const others = node.members.filter((one) => one !== member);
      return keysOf(forms, { ...node, members: others });
    }
    if (member.value && offset > member.value.to) return keysOf(forms, node);
    // What tells the forms apart may have any of their values.
    const around = member.key === TELLS ? given.flatMap((one) => formsOf(one, null)) : forms;
    const inner = around.flatMap((one) => below(one, member.key) ?? []);
    return fittingIn(member.value, inner, offset);
  }

  return {
    problems(text: string): TextProblem[] {
      const { root: node, mistake } = parseJson(text);
      const found: TextProblem[] = [];
      if (mistake) {
        const { at, message } = mistake;
        found.push({ from: at, to: at + 1, message: `Not JSON: ${message}.`, hint: '' });
      } else if (node) check(node, root, found);
      return found.sort((a, b) => a.from - b.from);
    },
    fitting(text: string, offset: number): Fitting[] {
      // A value that is missing after a colon or a comma is what is asked for.
      const { root: node } = parseJson(text);
      return node ? fittingIn(node, [root], offset) : [];
    },
  };
}
