import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { manifestChunks, textChunks } from '../../examples/extraction/service/documents.ts';
import { FIELDS } from '../../examples/extraction/service/fields.ts';
import { LexicalIndex } from '../../examples/extraction/service/search.ts';
import { answerPrompt } from '../../examples/extraction/standin/patterns.ts';
import { loadCorpus } from '../../scripts/main-job/corpus.ts';
import { score as scoreAnswers } from '../../scripts/main-job/truth.ts';
import { heuristicRecall } from '../../src/evaluation/metrics/context-recall.ts';

const DOCUMENTS = process.env['KEEPSPAN_TEST_FULL'] === '1' ? 200 : 60;
/** Of production, which the main job runs with; and how many passages the service takes. */
const THRESHOLD = 0.7;
const PASSAGES = 6;

/** What the service asks hybrid recall, with the stand-in's answers, and whether the manifest says the same. */
async function requests() {
  const corpus = await loadCorpus(join(import.meta.dirname, '../../node_modules'), DOCUMENTS);
  return corpus.flatMap(({ document, truth }) =>
    FIELDS.map((field) => {
      const all = [...textChunks(document), ...manifestChunks(document, field.withhold)];
      const hits = new LexicalIndex(all, ({ text }) => text).search(field.query, PASSAGES);
      const chunks = hits.map(({ item, score }) => ({ text: item.text, score }));
      const passages = chunks.map(({ text }) => text).join('\n\n');
      const answer = answerPrompt(`Question: ${field.question}\n\nPassages:\n${passages}`)?.value ?? '';
      const { question, query, name } = field;
      const { score } = heuristicRecall({ question, query, answer, chunks, field: name });
      const said = { name, value: answer, confidence: 1, grounded: true, format: 'json' as const };
      return {
        answered: answer !== '',
        right: scoreAnswers({ [name]: truth[name] } as typeof truth, [said]).correct === 1,
        judged: score === undefined || score < THRESHOLD,
      };
    }),
  );
}

describe('which requests of the reference service need a judge', () => {
  it('all without an answer, few with one, and next to none whose answer is right', async (t) => {
    const all = await requests();
    const judgedOf = (of: typeof all) => of.filter(({ judged }) => judged).length / of.length;
    const answered = all.filter((each) => each.answered);
    const right = all.filter((each) => each.right);
    const shares = [all, answered, right].map((of) => `${(judgedOf(of) * 100).toFixed(1)} % of ${of.length}`);
    t.diagnostic(`judged: ${shares.join(', ')} (all, answered, right)`);
    assert.ok(right.length >= DOCUMENTS, String(right.length));
    assert.equal(judgedOf(all.filter((each) => !each.answered)), 1);
    assert.ok(judgedOf(answered) <= 0.2, shares[1]);
    assert.ok(judgedOf(right) <= 0.1, shares[2]);
  });
});
