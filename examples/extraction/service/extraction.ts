import { annotate, exportSpan, retrieval, submitEvaluation, task, workflow } from 'keepspan';
import { hybridRecall } from 'keepspan/evaluation';
import { isGrounded, parseAnswer } from './answer.ts';
import { manifestChunks, textChunks, type Chunk, type PackageDocument } from './documents.ts';
import { FIELDS, type FieldQuestion } from './fields.ts';
import type { Model } from './model.ts';
import type { ExtractionResult, FieldResult } from './results.ts';
import { LexicalIndex } from './search.ts';

const MAX_PASSAGES = 6;

/** Tells what happened; called inside the span that it happened in. */
export type Log = (event: string, detail: Readonly<Record<string, unknown>>) => void;

/** The extraction of all fields of one document, as one workflow. */
export function createExtraction(
  model: Model,
  log: Log = () => undefined,
): (document: PackageDocument) => Promise<ExtractionResult> {
  const search = retrieval('retrieval.passages', async (chunks: readonly Chunk[], query: string) => {
    const hits = new LexicalIndex(chunks, (chunk) => chunk.text).search(query, MAX_PASSAGES);
    annotate({
      inputData: query,
      outputData: hits.map((hit) => ({ text: hit.item.text, name: hit.item.source, score: hit.score })),
    });
    return hits;
  });

  const extractField = task(
    'task.extract_field',
    async (
      document: PackageDocument,
      texts: readonly Chunk[],
      field: FieldQuestion,
    ): Promise<FieldResult> => {
      annotate({ inputData: field.question, tags: { field_name: field.name } });
      const hits = await search([...texts, ...manifestChunks(document, field.withhold)], field.query);
      const passages = hits.map((hit) => hit.item);
      const answer = parseAnswer(await model.ask(field, passages));
      const grounded =
        answer.value !== null &&
        isGrounded(
          answer.value,
          passages.map((chunk) => chunk.text),
        );
      annotate({ outputData: answer.value ?? 'not stated' });
      const span = exportSpan();
      const about = { ...(span === undefined ? {} : { span }), tags: { field_name: field.name } };
      submitEvaluation({ ...about, label: 'extraction_grounded', metricType: 'boolean', value: grounded });
      submitEvaluation({
        ...about,
        label: 'field_confidence',
        metricType: 'score',
        value: answer.confidence,
      });
      submitEvaluation({ ...about, label: 'answer_format', metricType: 'categorical', value: answer.format });
      // Was the context complete? Decided beside the service; by a model only where a heuristic cannot tell. No limits:
      // most documents fill the top six, which says nothing about what the seventh passage holds.
      hybridRecall({
        question: field.question,
        query: field.query,
        answer: answer.value ?? '',
        chunks: hits.map(({ item, score }) => ({ text: item.text, score, id: item.source })),
        field: field.name,
        ...(span === undefined ? {} : { span }),
      });
      return { name: field.name, ...answer, grounded };
    },
  );

  return workflow(
    'workflow.field_extraction',
    async (document: PackageDocument): Promise<ExtractionResult> => {
      const startedAtMs = performance.now();
      annotate({ inputData: document.id, tags: { document_id: document.id } });
      const texts = textChunks(document);
      const fields: FieldResult[] = [];
      for (const field of FIELDS) {
        // One field at a time: a document is a polite guest of the model, documents run side by side.
        fields.push(
          await extractField(document, texts, field).catch((error: unknown) => failed(field, error)),
        );
      }
      const answered = fields.filter((field) => field.value !== null).length;
      log('extracted', { document_id: document.id, answered, fields: fields.length });
      annotate({ outputData: `${answered} of ${fields.length} fields`, metadata: { answered } });
      return { id: document.id, fields, durationMs: Math.round(performance.now() - startedAtMs) };
    },
  );
}

function failed(field: FieldQuestion, error: unknown): FieldResult {
  const message = error instanceof Error ? error.message : String(error);
  return { name: field.name, value: null, confidence: 0, grounded: false, format: 'empty', error: message };
}
