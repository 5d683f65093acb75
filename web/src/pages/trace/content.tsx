import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type Block, type Inline, parseMarkdown } from '../../lib/markdown.ts';
import { type Content, isEmpty, type Message, type Passage, type ToolPart } from '../../lib/messages.ts';
import { cutBase64, prettyJson } from '../../lib/text.ts';
import type { TreeNode } from '../../lib/tree.ts';
import { Choice, Copy, Marked } from '../../ui/controls.tsx';

type Form = 'text' | 'markdown' | 'json';
const FORMS = [
  ['text', 'Text'],
  ['markdown', 'Markdown'],
  ['json', 'JSON'],
] as const;
/** A text is drawn up to here until somebody asks for the rest. */
const SHOWN_CHARS = 4000;

/** What went in and what came out: messages, passages, tools, or a value, as text, Markdown or JSON. */
export function ContentView({
  input,
  output,
  node,
  find,
}: {
  readonly input: Content;
  readonly output: Content;
  readonly node: TreeNode;
  readonly find: string;
}): JSX.Element {
  const [form, setForm] = useState<Form>('text');
  if (isEmpty(input) && isEmpty(output)) {
    return (
      <p class="soft">
        No content came with this {node.kind || 'span'}. <code>KEEPSPAN_CAPTURE_CONTENT</code> says what is
        kept of prompts and answers; the workbench can mask them, too.
      </p>
    );
  }
  return (
    <>
      <div class="content-bar">
        <Choice label="Show content as" value={form} options={FORMS} onChange={setForm} />
      </div>
      <Side name="Input" content={input} form={form} find={find} />
      <Side name="Output" content={output} form={form} find={find} />
    </>
  );
}

function Side({
  name,
  content,
  form,
  find,
}: {
  readonly name: string;
  readonly content: Content;
  readonly form: Form;
  readonly find: string;
}): JSX.Element | null {
  if (isEmpty(content)) return null;
  const { messages, passages, value } = content;
  return (
    <section class="side">
      <h3>{name}</h3>
      {messages.map((message, i) => (
        <MessageView key={i} message={message} form={form} find={find} />
      ))}
      {passages.map((passage, i) => (
        <PassageView key={i} passage={passage} form={form} find={find} />
      ))}
      {value !== undefined && value !== '' && (
        <div class="message">
          <Text
            text={typeof value === 'string' ? value : prettyJson(value)}
            form={typeof value === 'string' ? form : 'json'}
            find={find}
          />
        </div>
      )}
    </section>
  );
}

const ROLES = new Set(['system', 'user', 'assistant', 'tool', 'developer']);

function MessageView({
  message,
  form,
  find,
}: {
  readonly message: Message;
  readonly form: Form;
  readonly find: string;
}): JSX.Element {
  const { role, text, tools } = message;
  return (
    <article class={`message r-${ROLES.has(role) ? role : 'other'}`}>
      <header>
        <span class="role">{role}</span>
        <Copy text={text} label="Copy this message" />
      </header>
      {text !== '' && <Text text={text} form={form} find={find} />}
      {tools.map((tool, i) => (
        <Tool key={i} tool={tool} find={find} />
      ))}
    </article>
  );
}

function Tool({ tool, find }: { readonly tool: ToolPart; readonly find: string }): JSX.Element {
  return (
    <div class="tool">
      <p>
        <span class="kind k-tool">{tool.direction === 'call' ? 'calls' : 'answers'}</span>
        <code>{tool.name || 'tool'}</code>
        {tool.id !== '' && <span class="faint">{tool.id}</span>}
      </p>
      {tool.value !== undefined && <Text text={prettyJson(tool.value)} form="text" find={find} mono />}
    </div>
  );
}

function PassageView({
  passage,
  form,
  find,
}: {
  readonly passage: Passage;
  readonly form: Form;
  readonly find: string;
}): JSX.Element {
  return (
    <article class="message r-other">
      <header>
        <span class="role">{passage.name || passage.id || 'passage'}</span>
        {passage.score !== undefined && <span class="soft">score {Number(passage.score.toFixed(3))}</span>}
      </header>
      <Text text={passage.text} form={form} find={find} />
    </article>
  );
}

function Text({
  text,
  form,
  find,
  mono = false,
}: {
  readonly text: string;
  readonly form: Form;
  readonly find: string;
  readonly mono?: boolean;
}): JSX.Element {
  const [whole, setWhole] = useState(false);
  const cut = cutBase64(form === 'json' ? prettyJson(text) : text);
  const shown = whole ? cut : cut.slice(0, SHOWN_CHARS);
  return (
    <>
      {form === 'markdown' && !mono ? (
        <div class="markdown">{parseMarkdown(shown).map((block, i) => drawBlock(block, i))}</div>
      ) : (
        <pre class={form === 'json' || mono ? 'text mono' : 'text'}>
          <Marked text={shown} needle={find} />
        </pre>
      )}
      {shown.length < cut.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show {(cut.length - shown.length).toLocaleString('en-US')} more characters
        </button>
      )}
    </>
  );
}

function drawInline(pieces: readonly Inline[]): JSX.Element[] {
  return pieces.map((piece, i) => {
    switch (piece.kind) {
      case 'code':
        return <code key={i}>{piece.text}</code>;
      case 'strong':
        return <strong key={i}>{piece.text}</strong>;
      case 'em':
        return <em key={i}>{piece.text}</em>;
      case 'link':
        return (
          <span key={i} class="untrusted-link">
            {piece.text} <span class="soft">({piece.href})</span>
          </span>
        );
      case 'text':
        return <span key={i}>{piece.text}</span>;
    }
  });
}

function drawBlock(block: Block, key: number): JSX.Element {
  switch (block.kind) {
    case 'heading':
      return (
        <p key={key} class={`md-heading h${Math.min(block.level, 3)}`}>
          {drawInline(block.content)}
        </p>
      );
    case 'paragraph':
      return <p key={key}>{drawInline(block.content)}</p>;
    case 'quote':
      return <blockquote key={key}>{drawInline(block.content)}</blockquote>;
    case 'code':
      return (
        <pre key={key} class="text mono boxed">
          {block.text}
        </pre>
      );
    case 'rule':
      return <hr key={key} />;
    case 'list': {
      const items = block.items.map((item, i) => <li key={i}>{drawInline(item)}</li>);
      return block.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
  }
}
