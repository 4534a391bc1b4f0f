/** The page that `npm run build:browser` makes: evaluates what one types, and shows the answer. */
import { Smalltalk } from './index.ts';

/** The little that is needed of a document; the library of a browser's types is not loaded for one page. */
interface PageElement {
  value: string;
  textContent: string | null;
  addEventListener(type: 'submit', listener: (event: { preventDefault(): void }) => void): void;
}
declare const document: { querySelector(selector: string): PageElement | null };
declare const location: { readonly href: string };

function element(selector: string): PageElement {
  const found = document.querySelector(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

const answer = element('#answer');
const transcript = element('#transcript');
const source = element('#source');

const response = await fetch(new URL('kernel.image', location.href));
if (!response.ok) throw new Error(`kernel.image cannot be had: ${response.status} ${response.statusText}`);
const smalltalk = new Smalltalk(new Uint8Array(await response.arrayBuffer()), {
  heapLimitBytes: 256 << 20,
  write: (text) => {
    transcript.textContent += text;
  },
});
smalltalk.set('Page', {
  title: (text: string) => {
    element('#title').textContent = text;
  },
});

async function run(): Promise<void> {
  answer.textContent = '…';
  try {
    const value = await smalltalk.evaluateAsync(`(${source.value}) printString`);
    answer.textContent = String(value);
  } catch (error) {
    answer.textContent = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

element('#form').addEventListener('submit', (event) => {
  event.preventDefault();
  void run();
});
await run();
