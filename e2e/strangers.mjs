// Another web site, which means no good: it serves whatever page a test gives it.
import { createServer } from 'node:http';
import { once } from 'node:events';

/**
 * Serves pages of other origins than the application's, under two names.
 *
 * `farAway` is another site; `nextDoor` is another origin of the same site, to which a browser's `SameSite` cookies do
 * not apply. `page(html)` returns the path at which both show that HTML.
 */
export async function serveStrangers() {
  const pages = [];
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(pages[Number(request.url.slice(1))] ?? '<!doctype html><title>Nothing</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    farAway: `http://localhost:${port}`,
    nextDoor: `http://127.0.0.1:${port}`,
    page: (html) => `/${pages.push(`<!doctype html><title>Kittens</title>${html}`) - 1}`,
    close: () => server.close(),
  };
}
