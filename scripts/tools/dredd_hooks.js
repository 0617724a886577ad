// What Dredd needs to know that the document cannot tell: which things exist, and how a status other than success
// comes about on the mock. A status that the mock cannot be made to answer is skipped.
const hooks = require('hooks');

const { KEY, RUN, WEBHOOK } = process.env;
const refused = {
  401: { key: 'csk_live_unknown_tools' },
  402: { key: 'csk_live_no_credits_tools' },
  429: { key: 'csk_live_rate_limited_tools' },
  500: { key: 'csk_live_internal_error_tools' },
  502: { repo: 'mock/orchestrator-error' },
  503: { repo: 'mock/unavailable' },
};

const set = (transaction, change) => {
  const body = JSON.parse(transaction.request.body);
  transaction.request.body = JSON.stringify({ ...body, ...change });
};
const go = (transaction, path) => {
  transaction.fullPath = transaction.request.uri = path;
};

let created = 0;

hooks.beforeEach((transaction, done) => {
  const { method, headers } = transaction.request;
  const status = Number(transaction.expected.statusCode);
  const media = transaction.expected.headers['Content-Type'];
  const type = media?.value ?? media;
  const [, , resource, id, action] = transaction.fullPath.split('?')[0].split('/');
  const ok = status < 300;
  headers.Authorization = `Bearer ${refused[status]?.key ?? KEY}`;

  if (!ok && type === 'application/json') transaction.skip = true; // the mock answers the other one
  if (id && resource !== 'usage' && resource !== 'api-keys') {
    const there = { runs: RUN, templates: 'dredd-1', webhooks: WEBHOOK }[resource];
    const named = status === 404 ? 'nothing' : status === 403 ? 'node-default' : there;
    if (!named) transaction.skip = true;
    go(transaction, `/v1/${resource}/${named}${action ? `/${action}` : ''}`);
  }
  if (method === 'POST' && !id) {
    created += 1;
    if (resource === 'runs') set(transaction, { repo: refused[status]?.repo ?? 'acme/storefront', template: 'node-default' });
    if (resource === 'templates' && status !== 409) set(transaction, { slug: `dredd-${ok ? 1 : created}` });
    if (resource === 'templates' && status === 409) set(transaction, { slug: 'node-default' });
    if (resource === 'webhooks') set(transaction, { url: `https://hooks.example/${status === 409 ? 'other-tools' : created}` });
    if (resource === 'runs' && status === 404) set(transaction, { repo: 'mock/missing' });
  }
  if (status === 400 && transaction.request.body) transaction.request.body = '{"name": 1}';
  if (status === 400 && method === 'GET') go(transaction, `${transaction.fullPath.split('?')[0]}?limit=0`);
  if (ok && method === 'GET') go(transaction, transaction.fullPath.split('?')[0]);
  if (status === 409 && (action || method === 'DELETE')) transaction.skip = true; // needs a run that has ended or not
  done();
});
