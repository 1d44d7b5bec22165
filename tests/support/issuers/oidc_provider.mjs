// The certified OpenID provider of npm's `oidc-provider`, as its documentation sets it up: device flow, PKCE,
// rotation with reuse detection, revocation, introspection. `node oidc_provider.mjs MODULES TTL`; it writes its
// issuer URL to stdout, and one line of JSON to stderr for each request.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import http from 'node:http';

const [modules, ttl] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const listener = http.createServer();
await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${listener.address().port}`;
const native = {
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  redirect_uris: ['http://127.0.0.1/oauth/callback'],
  application_type: 'native',
};
const provider = new Provider(issuer, {
  clients: [
    { ...native, client_id: 'cli', token_endpoint_auth_method: 'none' },
    { ...native, client_id: 'post', client_secret: 'the secret+of/post', token_endpoint_auth_method: 'client_secret_post' },
    { ...native, client_id: 'basic', client_secret: 'the secret+of/basic', token_endpoint_auth_method: 'client_secret_basic' },
  ],
  clientAuthMethods: ['none', process.env.ONLY_BASIC ? 'client_secret_basic' : 'client_secret_post', 'client_secret_basic'],
  features: { deviceFlow: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true } },
  rotateRefreshToken: true,
  ttl: { AccessToken: Number(ttl), DeviceCode: 600, IdToken: Number(ttl), RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600 },
  cookies: { keys: ['a key for tests'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.use(async (ctx, next) => {
  const at = Date.now();
  await next();
  const grant = ctx.oidc?.params?.grant_type ?? null;
  console.error(JSON.stringify({ at, method: ctx.method, path: ctx.path, grant, status: ctx.status, error: ctx.body?.error ?? null }));
});
listener.on('request', provider.callback());
console.log(issuer);
process.stdin.resume().on('end', () => process.exit(0));
