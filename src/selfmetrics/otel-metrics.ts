import { METRICS, type MetricDefinition, type MetricId, otelName, type Sample } from './metrics.ts';

/** The part of an OpenTelemetry `Meter` that is used (API 1.x). */
export interface MeterLike {
  createObservableCounter(name: string, options: InstrumentOptions): ObservableLike;
  createObservableGauge(name: string, options: InstrumentOptions): ObservableLike;
  addBatchObservableCallback(callback: BatchCallback, observables: ObservableLike[]): void;
  removeBatchObservableCallback(callback: BatchCallback, observables: ObservableLike[]): void;
}

export interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

/** What a meter makes; only handed back to it. */
export type ObservableLike = object;

export interface ObserverLike {
  observe(observable: ObservableLike, value: number, attributes: Readonly<Record<string, string>>): void;
}

export type BatchCallback = (observer: ObserverLike) => void;

/**
 * Gives every metric of ours to an OpenTelemetry meter, read when its reader collects. Nothing is read in between.
 *
 * @returns what takes them away
 */
export function observeWith(meter: MeterLike, collect: () => readonly Sample[]): () => void {
  const instruments = new Map<MetricId, ObservableLike>();
  for (const id of Object.keys(METRICS) as MetricId[]) {
    const { kind, help, unit } = METRICS[id] as MetricDefinition;
    const create = kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge';
    instruments.set(id, meter[create](otelName(id), { description: help, unit }));
  }
  const observables = [...instruments.values()];
  const callback: BatchCallback = (observer) => {
    for (const { metric, labels, value } of collect())
      observer.observe(instruments.get(metric)!, value, labels);
  };
  meter.addBatchObservableCallback(callback, observables);
  return () => meter.removeBatchObservableCallback(callback, observables);
}
