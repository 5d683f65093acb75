/** An answer that a pattern found, with how sure the pattern is. */
export interface Guess {
  readonly value: string;
  readonly confidence: number;
}

type Pattern = (context: string) => Guess | undefined;

const LICENSE_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/Apache License[\s,]+Version 2\.0/i, 'Apache-2.0'],
  [/Blue Oak Model License/i, 'BlueOak-1.0.0'],
  [
    /ISC License|and\/or distribute this software for any purpose with or without fee is hereby granted, provided/i,
    'ISC',
  ],
  [/Zero[- ]Clause BSD|BSD Zero Clause|\b0BSD\b/i, '0BSD'],
  [/Mozilla Public License,? (?:Version|v\.?) ?2\.0/i, 'MPL-2.0'],
  [/Creative Commons Attribution 4\.0|CC-BY-4\.0/i, 'CC-BY-4.0'],
  [/CC0 1\.0 Universal|CC0-1\.0/i, 'CC0-1.0'],
  [/free and unencumbered software released into the public domain/i, 'Unlicense'],
  [/Python Software Foundation License/i, 'Python-2.0'],
  [/Neither the name|BSD[- ]3[- ]Clause|New BSD/i, 'BSD-3-Clause'],
  [/Redistribution and use in source and binary forms|BSD[- ]2[- ]Clause|Simplified BSD/i, 'BSD-2-Clause'],
  [/\bMIT License\b|Permission is hereby granted, free of charge|license[-/]MIT\b|\bMIT\b/i, 'MIT'],
  [/\bISC\b/, 'ISC'],
  [/\bApache[- ]2/i, 'Apache-2.0'],
];

const license: Pattern = (context) => {
  for (const [pattern, value] of LICENSE_TEXTS) if (pattern.test(context)) return { value, confidence: 0.9 };
  return undefined;
};

const GITHUB = /github\.com[/:]([\w.-]+)\/([\w.-]+)/gi;

/** The repository that the passages point to most often; an issue tracker counts for more than a badge. */
const repository: Pattern = (context) => {
  const counts = new Map<string, number>();
  for (const [, owner, rawName = ''] of context.matchAll(GITHUB)) {
    const value = `https://github.com/${owner}/${rawName.replace(/\.git$|\.$/, '')}`;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const best = [...counts].sort((left, right) => right[1] - left[1])[0];
  const tracker = /github\.com\/([\w.-]+)\/([\w.-]+)\/issues/i.exec(context);
  if (tracker) return { value: `https://github.com/${tracker[1]}/${tracker[2]}`, confidence: 0.9 };
  return best === undefined ? undefined : { value: best[0], confidence: best[1] > 1 ? 0.7 : 0.5 };
};

const AUTHOR_PATTERNS: readonly (readonly [RegExp, number])[] = [
  [/"(?:author|maintainers|contributors)":\s*\[?\{?"(?:name":\s*")?([^"<(]+)/i, 0.8],
  [
    /Copyright\s+(?:\(c\)\s*|©\s*)?\d{4}(?:\s*[-–,]\s*(?:\d{4}|present))*,?\s+(?:by\s+)?\[?([^\n<(\]]+)/i,
    0.8,
  ],
  [/Copyright\s+(?:\(c\)|©)\s*\[?([^\n<(\]\d]+)/i, 0.7],
  [/©\s*(?:\d{4}(?:[-–]\d{4})?\s*)?\[?([\p{L}][^\]\n<(]+)/iu, 0.6],
  [/(?:^|\n)#+\s*Authors?\s*\n+[\s*-]*\[?([^\]\n<(]+)/i, 0.6],
  [/(?:created|written|made|maintained) by \[?([^\]\n<(.,]+)/i, 0.5],
];

const author: Pattern = (context) => {
  for (const [pattern, confidence] of AUTHOR_PATTERNS) {
    const value = pattern
      .exec(context)?.[1]
      ?.replace(/all rights reserved.*/i, '')
      .replace(/[\s.,;*_]+$/, '')
      .trim();
    if (value !== undefined && value !== '') return { value, confidence };
  }
  return undefined;
};

const nodeVersion: Pattern = (context) => {
  const range =
    /\bnode(?:\.?js)?`?\s*(?:version\s*)?((?:>=|\^)\s*v?\d+(?:\.\d+)*(?:\s*\|\|\s*(?:>=|\^)?\s*\d+(?:\.\d+)*)*)/i;
  const stated = range.exec(context)?.[1];
  if (stated !== undefined)
    return { value: stated.replace(/\s*(>=|\^)\s*v?/g, '$1').trim(), confidence: 0.8 };
  const minimum =
    /\bnode(?:\.?js)?\s*(?:versions?\s*)?v?(\d+(?:\.\d+)*)(?:\.x)?\s*(?:\+|or (?:later|newer|higher|above)|and (?:later|newer|above|up))/i;
  const lowest =
    minimum.exec(context)?.[1] ?? /requires? node(?:\.?js)?\s*v?(\d+(?:\.\d+)*)/i.exec(context)?.[1];
  return lowest === undefined ? undefined : { value: `>=${lowest}`, confidence: 0.6 };
};

/** Most packages name their repository as their homepage; one that has a site of its own says so in words. */
const homepage: Pattern = (context) => {
  const named = /(?:homepage|website|official site|documentation)\W{1,8}(https?:\/\/[^\s)>"'\]]+)/i.exec(
    context,
  )?.[1];
  if (named !== undefined) return { value: named.replace(/[.,]$/, ''), confidence: 0.6 };
  const found = repository(context);
  return found === undefined ? undefined : { value: `${found.value}#readme`, confidence: 0.5 };
};

const TOPICS: readonly (readonly [RegExp, Pattern])[] = [
  [/licen[cs]e/i, license],
  [/repository/i, repository],
  [/author/i, author],
  [/node\.js versions/i, nodeVersion],
  [/homepage/i, homepage],
];

/** Reads the answer off the passages of a prompt, as far as patterns can. It knows nothing else. */
export function answerPrompt(prompt: string): Guess | undefined {
  const [question = '', context = ''] = prompt.split('\n\nPassages:\n', 2);
  const pattern = TOPICS.find(([topic]) => topic.test(question))?.[1];
  return pattern?.(context);
}
