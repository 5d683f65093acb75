// An endpoint that counts no tokens.
const real = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const response = await real(...args);
  if (!response.headers.get('content-type')?.includes('json')) return response;
  const { usage: _counts, ...body } = await response.json();
  return Response.json(body, { status: response.status });
};
