/** States of this process that one part sets and the metrics show. */
export type StateName = 'debug';

const states = new Map<StateName, boolean>();

/** Notes that something is on or off. */
export function noteState(name: StateName, on: boolean): void {
  states.set(name, on);
}

/** Whether it was last noted as on. */
export function isStateOn(name: StateName): boolean {
  return states.get(name) === true;
}
