// The deployment names an Agent that is not there.
process.env.DD_TRACE_AGENT_URL = 'http://127.0.0.1:9';
