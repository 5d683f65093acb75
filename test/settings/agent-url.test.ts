import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentUrl } from '../../src/settings/agent-url.ts';

const unset = { agentUrl: undefined, agentHost: undefined, agentPort: undefined };
const no = () => false;
const yes = () => true;

test('the URL, else host and port, else the socket, else the default', () => {
  assert.equal(agentUrl({ ...unset, agentUrl: 'http://a:1', agentHost: 'b' }, yes), 'http://a:1');
  assert.equal(agentUrl({ ...unset, agentHost: 'b' }, yes), 'http://b:8126');
  assert.equal(agentUrl({ ...unset, agentPort: 9 }, yes), 'http://127.0.0.1:9');
  assert.equal(agentUrl(unset, yes), 'unix:///var/run/datadog/apm.socket');
  assert.equal(agentUrl(unset, no), 'http://127.0.0.1:8126');
});

test('an IPv6 host gets its brackets', () => {
  assert.equal(agentUrl({ ...unset, agentHost: '::1' }, no), 'http://[::1]:8126');
  assert.equal(agentUrl({ ...unset, agentHost: '[::1]' }, no), 'http://[::1]:8126');
});
