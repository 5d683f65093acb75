// The seven questions of the study, and what tells whether a text states the answer. Nothing here is shared with the
// heuristic: an oracle has no code in common with its subject.

export type StudyField =
  | 'license'
  | 'repository'
  | 'author'
  | 'node_version'
  | 'homepage'
  | 'version'
  | 'description';

export interface StudyQuestion {
  readonly field: StudyField;
  readonly question: string;
  /** What retrieval searches with. */
  readonly query: string;
  /** The true answer, or undefined where the manifest does not tell. */
  readonly truth: (manifest: Manifest) => string | undefined;
  /** Whether the text states it. */
  readonly states: (text: string, truth: string) => boolean;
}

export type Manifest = Readonly<Record<string, unknown>>;

export const QUESTIONS: readonly StudyQuestion[] = [
  {
    field: 'license',
    question: 'Under which license is the package published? Answer with the SPDX identifier.',
    query: 'license licence licensed under permission granted copyright',
    truth: ({ license }) => textOf(license, 'type'),
    states: statesLicense,
  },
  {
    field: 'repository',
    question: 'What is the address of the source code repository?',
    query: 'repository source code github git url',
    truth: ({ repository }) => {
      const url = textOf(repository, 'url');
      return url === undefined
        ? undefined
        : location(url.replace(/^(?:github:)?([\w.-]+\/[\w.-]+)$/, 'github.com/$1'));
    },
    // Manifests may say `owner/name`.
    states: (text, truth) => has(text, truth.replace(/^github\.com\//, '')),
  },
  {
    field: 'author',
    question: 'Who is the author of the package?',
    query: 'author authors copyright by created written maintained',
    truth: ({ author }) => textOf(author, 'name')?.replace(/\s*[<(].*$/, ''),
    states: (text, truth) => has(text, truth.replace(/\.$/, '')),
  },
  {
    field: 'node_version',
    question: 'Which versions of Node.js does the package support?',
    query: 'node nodejs engines version versions requires supports minimum',
    truth: ({ engines }) => textOf(engines, 'node'),
    states: (text, truth) => {
      const first = /\d+(?:\.[1-9]\d*)*/.exec(truth)?.[0];
      return (
        first === undefined ||
        new RegExp(`node[^\\n]{0,40}?(?<![\\d.])${escape(first)}(?!\\d)`, 'i').test(text)
      );
    },
  },
  {
    field: 'homepage',
    question: 'What is the homepage of the package?',
    query: 'homepage website documentation https',
    truth: ({ homepage }) => (typeof homepage === 'string' ? location(homepage) : undefined),
    states: (text, truth) => has(text, truth),
  },
  {
    field: 'version',
    question: 'What is the current version of the package?',
    query: 'version release current latest package',
    truth: ({ version }) => (typeof version === 'string' ? version : undefined),
    states: (text, truth) => new RegExp(`(?<![\\d.])${escape(truth)}(?![\\d.]*\\d)`).test(text),
  },
  {
    field: 'description',
    question: 'What does the package do, in one sentence?',
    query: 'description about what does package library for',
    truth: ({ description }) =>
      typeof description === 'string' && description.length > 15 ? description : undefined,
    states: (text, truth) => {
      const words = new Set(truth.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu));
      const known = new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu));
      return [...words].filter((word) => known.has(word)).length >= words.size * 0.8;
    },
  },
];

function textOf(value: unknown, key: string): string | undefined {
  const text = typeof value === 'object' && value !== null ? (value as Manifest)[key] : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
}

function location(url: string): string {
  return url
    .toLowerCase()
    .replace(/^git\+|^git:/, '')
    .replace(/^[a-z]+:\/\//, '')
    .replace(/^\/\//, '')
    .replace(/^git@/, '')
    .replace(/^github\.com:/, 'github.com/')
    .replace(/^www\./, '')
    .replace(/[#?].*$/, '')
    .replace(/\/$/, '')
    .replace(/\.git$/, '');
}

/** As a word of its own, whatever the case. */
function has(text: string, value: string): boolean {
  return new RegExp(`(?<![\\p{L}\\p{N}])${escape(value)}(?![\\p{L}\\p{N}-])`, 'iu').test(text);
}

const LICENSE_TEXTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^MIT$/, /\bMIT\b|Permission is hereby granted, free of charge/],
  [/^ISC$/, /\bISC\b|distribute this software for any\s+purpose/],
  [/^Apache-2/, /Apache[\s-]*(?:License)?[\s,-]*(?:Version\s*|v)?2/i],
  [/^BSD-/, /\bBSD\b|Redistribution and use in source/i],
];

function statesLicense(text: string, truth: string): boolean {
  return has(text, truth) || LICENSE_TEXTS.some(([name, known]) => name.test(truth) && known.test(text));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
