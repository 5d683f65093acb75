import aws4 from 'aws4';

export const forward = (req) =>
  aws4.sign({ service: 'execute-api', path: req.url, headers: { ...req.headers } });
