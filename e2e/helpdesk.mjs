// Starts the reference application, as a stranger would: by its command line, knowing only its first line of output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
const program = process.env.HELPDESK_BIN ?? path.join(target, 'debug', 'helpdesk');

// What people set for their own helpdesk must not reach this one.
function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('HELPDESK_'));
  return Object.fromEntries(kept);
}

/** Serves the demo on a free port and a new database; `close` stops it and removes everything. */
export async function serveHelpdesk() {
  await access(program).catch(() => {
    throw new Error(`there is no ${program}: run cargo build -p helpdesk, or bin/test`);
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'vicarious-e2e-'));
  const logFile = path.join(folder, 'stderr.log');
  const log = await open(logFile, 'w');
  const flags = ['serve', '--demo', '--listen', '127.0.0.1:0', '--isolated-host', 'none'];
  const child = spawn(program, [...flags, '--database', `sqlite://${folder}/helpdesk.db`], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', log.fd],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    process.removeListener('exit', kill);
    await log.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { origin: await address(child), log: () => readFile(logFile, 'utf8'), close };
  } catch (error) {
    error.message += `\n${await readFile(logFile, 'utf8')}`;
    await close();
    throw error;
  }
}

async function address(child) {
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => line),
    once(child, 'exit').then(([code]) => `it ended with code ${code}`),
    once(child, 'error').then(([error]) => error.message),
  ]);
  const found = /^listening on (http:\/\/\S+)$/.exec(first);
  if (!found) throw new Error(`helpdesk did not say where it listens: ${first}`);
  return found[1];
}
