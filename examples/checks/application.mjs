// Starts an example, as whoever runs it would: by its program and its environment, knowing only its first line of output.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach } from 'node:test';

const program = process.env.EXAMPLE_PROGRAM;
if (!program) throw new Error('EXAMPLE_PROGRAM is not set: run examples/run');

// Whoever only wants to know whether everything holds need not wait for the rest.
if (process.env.EXAMPLE_BAIL) {
  afterEach(({ passed }) => {
    if (!passed) process.exit(1);
  });
}

/** Returns the URL of a PostgreSQL database that nobody has used before; the example creates it. */
export function newPostgres() {
  const server = process.env.VICARIOUS_TEST_POSTGRES;
  if (!server) throw new Error('VICARIOUS_TEST_POSTGRES is not set: run examples/run');
  return new URL(`/example_${randomBytes(8).toString('hex')}`, server).href;
}

/** Serves the example on a free port, in an empty folder; `close` stops it and removes everything. */
export async function serve(environment = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'vicarious-example-'));
  const child = spawn(program, [], {
    cwd: folder,
    env: {
      ...process.env,
      LISTEN: '127.0.0.1:0',
      VICARIOUS_KEYS: randomBytes(32).toString('base64'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const kill = () => child.kill('SIGKILL');
  const leave = () => {
    kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', leave);
  const ended = once(child, 'exit');
  const close = async () => {
    kill();
    await ended;
    process.removeListener('exit', leave);
    leave();
  };
  const lines = createInterface({ input: child.stdout });
  const said = await Promise.race([once(lines, 'line').then(([line]) => line), ended.then(() => 'it ended')]);
  const found = /^listening on (http:\/\/\S+)$/.exec(said);
  if (!found) {
    await close();
    throw new Error(`the example did not say where it listens: ${said}\n${log}`);
  }
  return { origin: found[1], log: () => log, close };
}
