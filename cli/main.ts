#!/usr/bin/env node
/**
 * The command `safeffi`: options and exit codes as docs/cli.md lists them. Thin: each command is a module of its own, loaded
 * when it is asked for, so that `eval` does not pay for what `bench` needs.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CheckoutPath } from './checkout.ts';
import { CommandError, ExitCode } from './exit-code.ts';
import { colors, printJson, printTalk } from './output.ts';

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new InvalidArgumentError(`${text} is no positive whole number.`);
  return value;
};

const HEAP_UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `64M`, `1G`, or bytes. The memory says which sizes are too small or too large. */
const heapSize = (text: string): number => {
  const [, digits, unit] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
  const limits = { least: 8 * 2 ** 20, most: 2 ** 31 - 8 };
  const bytes = Number(digits) * (HEAP_UNITS[unit?.toUpperCase() ?? ''] ?? 1);
  if (digits === undefined)
    throw new InvalidArgumentError(`${text} is no size: expected bytes, or a number with K, M or G.`);
  // 2G is what people write for the most that there is.
  if (bytes === 2 ** 31) return limits.most;
  if (bytes < limits.least || bytes > limits.most)
    throw new InvalidArgumentError(`${text} is ${bytes} bytes, expected ${limits.least} (8M) to ${limits.most} (2G).`);
  return bytes;
};

const positiveSeconds = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`${text} is no number of seconds above 0.`);
  return value;
};

const screenSize = (text: string): { width: number; height: number } => {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (width === undefined || Math.min(size.width, size.height) < 64 || Math.max(size.width, size.height) > 8192)
    throw new InvalidArgumentError(`${text} is no size of a screen: expected WIDTHxHEIGHT, each from 64 to 8192.`);
  return size;
};

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

const imageOption = new Option('--image <file>', 'the image to use').default(undefined, 'the built kernel image');
const ffiOption = new Option(
  '--ffi <where>',
  'where callouts run; safe is native, or portable where there is no native one',
)
  .choices(['safe', 'native', 'portable', 'direct'])
  .default('safe');
const faultOption = new Option('--on-fault <action>', 'what an unhandled fault does')
  .choices(['debug', 'signal', 'exit'])
  .default(undefined, 'debug on a terminal, else exit');
const deadlineOption = new Option('--deadline <ms>', 'the longest that a callout may take')
  .argParser(positive)
  .default(undefined, 'none');
const heapOption = new Option('--heap <size>', 'the most that the object memory may grow to, 8M to 2G')
  .argParser(heapSize)
  .default(undefined, '1G');
const checkpointOption = new Option('--checkpoint', 'a checkpoint before every callout, to roll back to');
const unconfinedOption = new Option(
  '--unconfined',
  'let C code signal and trace other processes, as some libraries must',
);
const assertOption = new Option('--assert', "check the VM's invariants as it runs");
const jsonOption = new Option('--json', 'one JSON object on stdout');

function program(finish: (exitCode: number) => void): Command {
  const root = new Command('safeffi')
    .description('A Smalltalk VM whose calls into C run in another process: a segfault is a resumable error.')
    .version(version(), '--version')
    .exitOverride()
    .configureOutput({ writeErr: (text) => printTalk(text.trimEnd()) })
    .showHelpAfterError('(safeffi --help lists the commands)');

  const vmCommand = (name: string, description: string): Command =>
    root
      .command(name)
      .description(description)
      .addOption(imageOption)
      .addOption(ffiOption)
      .addOption(faultOption)
      .addOption(deadlineOption)
      .addOption(checkpointOption)
      .addOption(unconfinedOption)
      .addOption(heapOption)
      .addOption(assertOption);

  vmCommand('run', 'run a script (chunk format, or the whole file as one doit), or resume an image')
    .argument('<file>', 'FILE.st or FILE.image')
    .argument('[arguments...]', 'what the image is told')
    .option(
      '--for <seconds>',
      'with an image: the longest that it runs; it is left where it stands then',
      positiveSeconds,
    )
    .option('--screenshot <file>', 'with an image: write what its Display shows at the end, as a PNG')
    .option('--screen <size>', 'with an image: how large it is told that its screen is, as 1024x768', screenSize)
    .option(
      '--events <file>',
      'with an image: play what a user does, a line a step (docs/cli.md); it ends with the script',
    )
    .option('--report-primitives', 'say at the end which primitives were asked for in vain, and how often')
    .addOption(jsonOption)
    .action(async (file: string, args: string[], options) =>
      finish(await (await import('./commands/run.ts')).run(file, args, options)),
    );
  vmCommand('eval', "print the printString of the last statement's value")
    .argument('<source>', 'Smalltalk statements')
    .addOption(jsonOption)
    .action(async (source: string, options) =>
      finish(await (await import('./commands/eval.ts')).evaluate(source, options)),
    );
  root
    .command('build')
    .description('build an image: the kernel, and the given Tonel folders or chunk files')
    .argument('[paths...]', 'Tonel folders or chunk files')
    .option('-o, --output <file>', 'the image file to write', 'safeffi.image')
    .addOption(jsonOption)
    .action(async (paths: string[], options) =>
      finish(await (await import('./commands/build.ts')).build(paths, options)),
    );
  root
    .command('inspect')
    .description('say what is in an image file: header, format, classes by count and bytes, oddities')
    .argument('<file>', 'an image file')
    .option('--primitives', 'say which primitives its methods name that this VM does not have')
    .addOption(jsonOption)
    .action(async (file: string, options) =>
      finish(await (await import('./commands/inspect.ts')).inspect(file, options)),
    );
  root
    .command('convert')
    .description('turn an image file into one of another format, and check what it says on the way')
    .argument('<from>', 'an image file of any format that inspect knows')
    .argument('<to>', 'the image file to write')
    .addOption(
      new Option('--format <format>', 'the format to write').choices(['spur32', 'spur64']).makeOptionMandatory(),
    )
    .addOption(jsonOption)
    .action(async (from: string, to: string, options) =>
      finish(await (await import('./commands/convert.ts')).convert(from, to, options)),
    );
  vmCommand('test', 'run SUnit tests in the image: those of the classes named, or all')
    .argument('[classes...]', 'test classes, or abstract ones for all below them')
    .option('--tests <path>', 'a Tonel folder to load first, more than once for more', collect)
    .addOption(jsonOption)
    .action(async (classes: string[], options) =>
      finish(await (await import('./commands/test.ts')).test(classes, options)),
    );
  root
    .command('disasm')
    .description("print a method's bytecodes with stack effects and source")
    .argument('<method>', "such as 'Integer>>factorial' or 'Array class>>new:'")
    .addOption(imageOption)
    .addOption(jsonOption)
    .action(async (method: string, options) =>
      finish(await (await import('./commands/disasm.ts')).disasm(method, options)),
    );
  root
    .command('bench')
    .description('measure, side by side with peers, with the conditions')
    .addArgument(
      new Command().createArgument('<what>', 'what to measure').choices(['callout', 'fault', 'vm', 'image', 'napi']),
    )
    .option(
      '--peers',
      'callout: also @2060.io/ffi-napi, installed into a folder for temporary files (napi always does)',
    )
    .option('--squeakjs <folder>', 'image: also SqueakJS, of which the folder is a checkout')
    .addOption(jsonOption)
    .action(async (what: string, options) => finish(await (await import('./commands/bench.ts')).bench(what, options)));
  root
    .command('doctor')
    .description('say what this machine offers, what is missing, and how to get it')
    .addOption(jsonOption)
    .action(async (options) => finish(await (await import('./commands/doctor.ts')).doctor(options)));
  return root;
}

const version = (): string => JSON.parse(readFileSync(CheckoutPath.package, 'utf8')).version;

async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.DONE;
  try {
    await program((code) => {
      exitCode = code;
    }).parseAsync(argv);
    return exitCode;
  } catch (error) {
    return report(error, argv.includes('--json'));
  }
}

/** Errors that say what is wrong with what the user gave; by name, so that their modules are loaded only when used. */
const INPUT_ERRORS: ReadonlySet<string> = new Set([
  'ImageFileError',
  'ImageFormatError',
  'InstallError',
  'BuildError',
  'CompileError',
  'SourceFormatError',
]);

/** Says what went wrong and answers the exit code; a stack trace only where the mistake is ours. */
function report(error: unknown, json: boolean): number {
  if (error instanceof Error && error.name === 'ConsoleError')
    return report(new CommandError(error.message, ExitCode.PROGRAM_FAILED), json);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.DONE;
    if (json) printJson({ schema: 1, error: { kind: 'input', message: error.message.replace(/^error: /, '') } });
    return ExitCode.BAD_INPUT;
  }
  if (error instanceof CommandError) {
    if (json) printJson({ schema: 1, error: { kind: 'input', message: error.message } });
    else printTalk(`${colors.red('safeffi:')} ${error.message}`);
    return error.exitCode;
  }
  if (error instanceof Error && INPUT_ERRORS.has(error.name))
    return report(new CommandError(error.message, ExitCode.BAD_INPUT), json);
  const bug = error instanceof Error ? error : new Error(String(error));
  const details =
    'details' in bug
      ? `\n${JSON.stringify(bug.details, (_key, value) => (typeof value === 'bigint' ? String(value) : value))}`
      : '';
  printTalk(`${colors.red('safeffi: a bug in the VM:')} ${bug.message}${details}\n${bug.stack ?? ''}`);
  return ExitCode.VM_BUG;
}

void main(process.argv).then((exitCode) => {
  process.exitCode = exitCode;
});
