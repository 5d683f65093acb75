import type { JSX } from 'preact';
import type { SpanRowJson } from '../../../../src/workbench/api/types.ts';
import { fieldsOf, isFields, lineOf } from '../../lib/fields.ts';
import { withTerm } from '../../lib/query.ts';
import { cutBase64, prettyJson } from '../../lib/text.ts';
import { Copy, Marked } from '../../ui/controls.tsx';

type Entry = readonly [name: string, value: unknown];
interface Group {
  readonly title: string;
  readonly entries: readonly Entry[];
  /** Their names are tags that the search of traces knows. */
  readonly tags: boolean;
}

const sorted = (value: unknown): readonly Entry[] =>
  Object.entries(fieldsOf(value))
    .filter(([, one]) => one !== '' && (!isFields(one) || Object.keys(one).length > 0))
    .toSorted(([a], [b]) => a.localeCompare(b));

/** Errors first: the reason somebody looks. */
const isError = ([name]: Entry): boolean => /^(?:error\.|exception\.)|statusMessage/.test(name);

function groupsOf(span: SpanRowJson | null, event: unknown): readonly Group[] {
  const detail = fieldsOf(span?.detail);
  const tagsOf = (value: unknown): Entry[] => sorted(value).filter((entry) => !isError(entry));
  const meta = fieldsOf(fieldsOf(event)['meta']);
  const everything = [
    ...sorted(detail['meta']),
    ...sorted(detail['attributes']),
    ...sorted(fieldsOf(meta['error'])),
  ];
  const rest = sorted(detail).filter(
    ([name]) =>
      ![
        'meta',
        'metrics',
        'attributes',
        'resource',
        'scope',
        'events',
        'links',
        'spanEvents',
        'startNs',
      ].includes(name),
  );
  const groups: Group[] = [
    { title: 'Error', tags: true, entries: everything.filter(isError) },
    {
      title: 'Span',
      tags: false,
      entries:
        span === null
          ? []
          : [
              ['resource', span.resource],
              ['parent', span.parentId || 'none'],
              ['protocol', span.source],
            ],
    },
    { title: 'LLM metadata', tags: false, entries: sorted(meta['metadata']) },
    { title: 'LLM metrics', tags: false, entries: sorted(fieldsOf(event)['metrics']) },
    {
      title: 'LLM tags',
      tags: false,
      entries: Array.isArray(fieldsOf(event)['tags'])
        ? (fieldsOf(event)['tags'] as unknown[]).map(splitTag)
        : [],
    },
    {
      title: 'Attributes',
      tags: true,
      entries: [...tagsOf(detail['meta']), ...tagsOf(detail['attributes'])],
    },
    { title: 'Metrics', tags: true, entries: sorted(detail['metrics']) },
    { title: 'Events', tags: false, entries: listOf(detail['events'] ?? detail['spanEvents']) },
    {
      title: 'Resource',
      tags: false,
      entries: sorted(fieldsOf(detail['resource'])['attributes'] ?? detail['resource']),
    },
    { title: 'Scope', tags: false, entries: sorted(detail['scope']) },
    { title: 'More', tags: false, entries: rest },
  ];
  return groups.filter(({ entries }) => entries.length > 0);
}

const listOf = (value: unknown): readonly Entry[] =>
  Array.isArray(value)
    ? value.map((one, i) => [lineOf(fieldsOf(one)['name']) || String(i + 1), one] as const)
    : [];

function splitTag(tag: unknown): Entry {
  const text = lineOf(tag);
  const at = text.indexOf(':');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** What the span says of itself, by where it stands. */
export function Attributes({
  span,
  event,
  find,
}: {
  readonly span: SpanRowJson | null;
  readonly event: unknown;
  readonly find: string;
}): JSX.Element {
  const groups = groupsOf(span, event);
  if (groups.length === 0) return <p class="soft">This span has no attributes.</p>;
  return (
    <>
      {groups.map(({ title, entries, tags }) => (
        <section key={title} class="attribute-group">
          <h3>{title}</h3>
          <table class={title === 'Error' ? 'attributes failed' : 'attributes'}>
            <tbody>
              {entries.map(([name, value], i) => {
                const text = cutBase64(lineOf(value));
                const query = withTerm('', { negated: false, key: `tag.${name}`, value: text });
                return (
                  <tr key={i}>
                    <th scope="row">
                      <Marked text={name} needle={find} />
                    </th>
                    <td>
                      <Marked text={text} needle={find} />
                    </td>
                    <td class="fact-filter">
                      {tags && text.length <= 200 && !text.includes('"') && (
                        <a href={`/traces?q=${encodeURIComponent(query)}`} title={`Traces with ${query}`}>
                          Find
                        </a>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      ))}
    </>
  );
}

/** Everything as it is stored. */
export function Raw({ value }: { readonly value: unknown }): JSX.Element {
  const text = prettyJson(value);
  return (
    <div class="raw">
      <Copy text={text} label="Copy as JSON" />
      <pre class="text mono">{cutBase64(text)}</pre>
    </div>
  );
}
