// Starts the example of a page that draws itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
const program = process.env.SINGLE_PAGE_BIN ?? path.join(target, 'debug', 'examples', 'single_page');

/** Serves the example on a free port and a new database; `close` stops it and removes everything. */
export async function serveSinglePage() {
  await access(program).catch(() => {
    throw new Error(`there is no ${program}: run cargo build -p vicarious --features sqlite --example single_page`);
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'vicarious-e2e-'));
  const child = spawn(program, ['127.0.0.1:0'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill('SIGINT');
    await ended;
    process.removeListener('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  const said = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => said.push(line));
  await Promise.race([once(lines, 'line'), ended, once(child, 'error')]);
  const found = /^listening on (http:\/\/\S+)$/.exec(said[0] ?? '');
  if (found) return { origin: found[1], log: async () => said.join('\n'), close };
  await close();
  throw new Error(`the example did not say where it listens: ${said.join('\n')}`);
}
