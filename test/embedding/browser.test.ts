/**
 * The page runs in headless Chromium: image by fetch, compiler inside, values in both directions. Left out, and said, where there is
 * no Chromium.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const claim = executablePath === undefined ? test.skip : test;
if (executablePath === undefined)
  process.stderr.write('the browser test is skipped: there is no Chromium; get it by: apt-get install chromium\n');

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', image: 'application/octet-stream' };

describe('the page, in Chromium', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    if (executablePath === undefined) return;
    execFileSync(process.execPath, ['embedding/build-browser.mjs'], { cwd: root, timeout: 60_000 });
    server = createServer((request, response) => {
      const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
      const file = `${root}dist/browser/${name}`;
      if (!/^[\w.]+$/.test(name) || !existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      response
        .writeHead(200, { 'content-type': TYPES[name.split('.').at(-1)!] ?? 'text/plain' })
        .end(readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    await page.goto(`http://127.0.0.1:${address.port}/`);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const evaluate = async (source: string): Promise<string | null> => {
    await page.fill('#source', source);
    await page.click('button');
    await page.waitForFunction("document.querySelector('#answer').textContent !== '…'");
    return page.textContent('#answer');
  };

  claim('shows the answer of the expression that stands there at first', async () => {
    await page.waitForFunction("/^\\d+$/.test(document.querySelector('#answer').textContent)", undefined, {
      timeout: 60_000,
    });
    expect(await page.textContent('#answer')).toBe('158');
  });

  claim('compiles and evaluates what is typed, waits included', async () => {
    expect(await evaluate('[ :x | x * x ] value: 12')).toBe('144');
    expect(await evaluate('(Delay forMilliseconds: 30) wait. 3')).toMatch(/^CompileError/);
    expect(await evaluate('[ (Delay forMilliseconds: 30) wait. 3 ] value')).toBe('3');
  });

  claim('sends to objects of the page, writes to the transcript, and shows errors', async () => {
    await evaluate("Page title: 'set by Smalltalk'");
    expect(await page.textContent('#title')).toBe('set by Smalltalk');
    await evaluate("Transcript show: 'written'");
    expect(await page.textContent('#transcript')).toBe('written');
    expect(await evaluate('nil foo')).toBe('SmalltalkError: UndefinedObject>>foo not understood');
    expect(errors).toEqual([]);
  });
});
