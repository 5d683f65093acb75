export const NODE_VERSIONS: readonly string[];
export function nodeBinary(version: string): string;
