/** One question that is asked about every document. */
export interface FieldQuestion {
  readonly name: FieldName;
  readonly question: string;
  /** What the passages are searched with. */
  readonly query: string;
  /** Manifest properties that hold the answer itself, in any of npm's spellings. */
  readonly withhold: readonly string[];
  /** Streamed answers let a user interface show them while they come; the service uses both forms. */
  readonly stream: boolean;
}

export type FieldName = 'license' | 'repository' | 'author' | 'node_version' | 'homepage';

export const FIELDS: readonly FieldQuestion[] = [
  {
    name: 'license',
    question: 'Under which licence is the package published? Answer with the SPDX identifier.',
    query: 'license licence licensed under permission granted redistribution copyright MIT Apache BSD ISC',
    withhold: ['license', 'licenses'],
    stream: false,
  },
  {
    name: 'repository',
    question: 'What is the address of the source repository? Answer with an https address.',
    query: 'repository source code github com git issues bugs contributing clone url',
    withhold: ['repository'],
    stream: false,
  },
  {
    name: 'author',
    question: 'Who is the author of the package? Answer with the name alone.',
    query: 'author authors copyright c by created maintained maintainer contributors license',
    withhold: ['author', 'authors'],
    stream: true,
  },
  {
    name: 'node_version',
    question: 'Which Node.js versions does the package support? Answer with a semver range.',
    query: 'node nodejs js version versions requires required supports engines minimum or later above',
    withhold: ['engines', 'engine'],
    stream: false,
  },
  {
    name: 'homepage',
    question: 'What is the homepage of the package? Answer with an https address.',
    query: 'homepage website documentation docs https www site readme repository github url bugs',
    withhold: ['homepage'],
    stream: true,
  },
];
