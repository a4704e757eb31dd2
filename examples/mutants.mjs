// What can be taken away of what is added to an example: for `examples/run --mutate`.
//
//   node mutants.mjs list NAME FOLDER    FILE, START, END and TEXT of each removal, by bytes of the files in that copy
//   node mutants.mjs cut FILE START END  takes it away
//
// A removal is a line that was added, or a part of one that can go by itself: a call in a chain that is given something, a
// field beside others, one side of an `&&`. Lines without a letter (blank ones, brackets) and comments are none.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const isEmpty = (text) => !/[a-z]/i.test(text) || /^\s*(\/\/|#\s|<!--)/.test(text);

/** Yields [file, number] of each line that a diff adds, numbered as in the result. */
function* addedBy(diff) {
  let file;
  let number;
  for (const line of diff.split('\n')) {
    if (line.startsWith('+++ ')) file = line.replace(/^\+\+\+ b\/examples\/[^/]*\//, '');
    else if (line.startsWith('@@ ')) number = Number(/\+(\d+)/.exec(line)[1]);
    else if (line.startsWith('+')) yield [file, number++];
    else if (line.startsWith(' ')) number += 1;
  }
}

// Where an example was made with Vicarious from the start: the builder, where it is put, and what answers to it.
const begins = /^(\s*)(let vicarious = .*|impl (?:Host|Policy\S*) for .*\{)$/;
const isPut = /vicarious\.layer\(\)|&vicarious\b/;

/** Yields [file, number] of each line in a folder that is there for Vicarious. */
function* madeWith(folder) {
  for (const name of readdirSync(path.join(folder, 'src')).sort()) {
    const file = `src/${name}`;
    let indent = null;
    for (const [at, line] of readFileSync(path.join(folder, file), 'utf8').split('\n').entries()) {
      if (indent === null) indent = begins.exec(line)?.[1] ?? null;
      if (indent !== null || isPut.test(line)) yield [file, at + 1];
      if (line === `${indent}}` || /\.build\(\)\?;$/.test(line)) indent = null;
    }
  }
}

/** Returns where the bracket that opens at `open` is closed, or none. */
function closing(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '"') at = text.indexOf('"', at + 1);
    if (at < 0) return null;
    if ('([{'.includes(text[at])) depth += 1;
    if (')]}'.includes(text[at])) depth -= 1;
    if (depth === 0) return at;
  }
  return null;
}

/** Yields [start, end] of each part of a line that can go by itself. */
function* partsOf(line) {
  for (const { index, 0: call } of line.matchAll(/\.\w+\(/g)) {
    const close = closing(line, index + call.length - 1);
    if (close !== null && close > index + call.length) yield [index, close + 1];
  }
  if (/\bfn\b/.test(line)) return;
  for (const { index, 0: field } of line.matchAll(/\b\w+: [^,{}]*, (?=\w+: |\.\.)/g)) yield [index, index + field.length];
  for (const { index, 0: side } of line.matchAll(/ && [^&|,)]+/g)) yield [index, index + side.length];
  for (const { index, 0: side } of line.matchAll(/[^&|,( ]+ && /g)) yield [index, index + side.length];
}

/** Yields each removal from a file, of these lines. */
function* removals(folder, file, numbers) {
  let start = 0;
  for (const [at, line] of readFileSync(path.join(folder, file), 'utf8').split('\n').entries()) {
    const bytes = (text) => Buffer.byteLength(text);
    if (numbers.has(at + 1) && !isEmpty(line)) {
      yield { file, start, end: start + bytes(line) + 1, text: line.trim() };
      for (const [from, to] of file.endsWith('.rs') ? partsOf(line) : []) {
        const part = line.slice(from, to);
        if (part === line.trim()) continue;
        yield { file, start: start + bytes(line.slice(0, from)), end: start + bytes(line.slice(0, to)), text: `… ${part.trim()} …` };
      }
    }
    start += bytes(line) + 1;
  }
}

function list(name, folder) {
  let lines;
  try {
    lines = [...addedBy(readFileSync(path.join(root, 'examples', name, 'vicarious.diff'), 'utf8'))];
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    lines = [...madeWith(folder)];
  }
  for (const file of new Set(lines.map(([file]) => file))) {
    const numbers = new Set(lines.filter(([other]) => other === file).map(([, number]) => number));
    for (const { start, end, text } of removals(folder, file, numbers)) console.log([file, start, end, text].join('\t'));
  }
}

function cut(file, start, end) {
  const whole = readFileSync(file);
  writeFileSync(file, Buffer.concat([whole.subarray(0, Number(start)), whole.subarray(Number(end))]));
}

const [what, ...given] = process.argv.slice(2);
({ list, cut })[what](...given);
