/** A piece of a line. */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong' | 'em'; readonly text: string }
  /** Shown with its address, never opened by itself: prompts are untrusted. */
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

/** A block of Markdown. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly content: readonly Inline[] }
  | { readonly kind: 'paragraph' | 'quote'; readonly content: readonly Inline[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'rule' };

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\s][^*\n]*)\*|!?\[([^\]\n]*)\]\(([^)\s]+)[^)\n]*\)/g;

/** The pieces of a line. Pictures become their description and address: nothing remote is ever loaded. */
export function inline(text: string): readonly Inline[] {
  const pieces: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    const [, code, strong, em, label, href] = match;
    if (code !== undefined) pieces.push({ kind: 'code', text: code });
    else if (strong !== undefined) pieces.push({ kind: 'strong', text: strong });
    else if (em !== undefined) pieces.push({ kind: 'em', text: em });
    else pieces.push({ kind: 'link', text: label ?? '', href: href ?? '' });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

const BULLET = /^\s*[-*+]\s+(.*)$/;
const NUMBER = /^\s*\d{1,9}[.)]\s+(.*)$/;
const SPECIAL = /^(?:#{1,6}\s|```|>\s?|\s*[-*+]\s+|\s*\d{1,9}[.)]\s+|(?:-{3,}|\*{3,})\s*$)/;

/** The common part of Markdown that models write; what is not understood stays text. Data, never HTML. */
export function parseMarkdown(source: string): readonly Block[] {
  const lines = source.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const while_ = (pattern: RegExp): string[] => {
    const taken: string[] = [];
    for (let match = pattern.exec(lines[at] ?? ''); match !== null && at < lines.length;) {
      taken.push(match[1] ?? '');
      at += 1;
      match = pattern.exec(lines[at] ?? '');
    }
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const fence = /^```\s*([\w+-]*)/.exec(line);
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (fence !== null) {
      at += 1;
      const start = at;
      while (at < lines.length && !lines[at]!.startsWith('```')) at += 1;
      blocks.push({ kind: 'code', language: fence[1] ?? '', text: lines.slice(start, at).join('\n') });
      at += 1;
    } else if (heading !== null) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, content: inline(heading[2]!) });
      at += 1;
    } else if (/^(?:-{3,}|\*{3,})\s*$/.test(line)) {
      blocks.push({ kind: 'rule' });
      at += 1;
    } else if (BULLET.test(line)) {
      blocks.push({ kind: 'list', ordered: false, items: while_(BULLET).map(inline) });
    } else if (NUMBER.test(line)) {
      blocks.push({ kind: 'list', ordered: true, items: while_(NUMBER).map(inline) });
    } else if (line.startsWith('>')) {
      blocks.push({ kind: 'quote', content: inline(while_(/^>\s?(.*)$/).join('\n')) });
    } else if (line.trim() === '') {
      at += 1;
    } else {
      const start = at;
      while (at < lines.length && lines[at]!.trim() !== '' && (at === start || !SPECIAL.test(lines[at]!)))
        at += 1;
      blocks.push({ kind: 'paragraph', content: inline(lines.slice(start, at).join('\n')) });
    }
  }
  return blocks;
}
