/** The options that every command takes which runs Smalltalk, and the session that they ask for. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ScreenSize } from '../primitives/display/display.ts';
import type { NodeHost } from '../primitives/node-host.ts';
import { CheckoutPath } from './checkout.ts';
import { CommandError } from './exit-code.ts';
import { type FfiMode, ImageSession } from './image-session.ts';
import { chooseOnTerminal } from './terminal-choice.ts';

export interface VmOptions {
  readonly image?: string;
  readonly ffi?: FfiMode;
  readonly onFault?: 'debug' | 'signal' | 'exit';
  readonly deadline?: number;
  /** In bytes. */
  readonly heap?: number;
  readonly assert?: true;
  readonly checkpoint?: true;
  readonly unconfined?: true;
  readonly json?: true;
  readonly screen?: ScreenSize;
}

/** A session on the image that the options name, or on the built kernel image. */
export function openImageSession(
  options: VmOptions,
  imageArguments: readonly string[] = [],
  host?: NodeHost,
): ImageSession {
  const path = options.image ?? CheckoutPath.kernelImage;
  if (options.image === undefined && !existsSync(path))
    throw new CommandError(`the kernel image ${path} is not built; run: npm run setup`);
  const onTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const onFault = options.onFault ?? (onTerminal ? 'debug' : 'exit');
  return ImageSession.open(path, {
    imageArguments,
    // Images look for files in the folder of theirs: the path is whole. The kernel image is a part of the installation, and a snapshot of it
    // goes to a file of the user's.
    imagePath: resolve(options.image ?? 'safeffi.image'),
    ...(options.ffi === undefined ? {} : { ffi: options.ffi }),
    ...(options.deadline === undefined ? {} : { deadline: options.deadline }),
    ...(options.heap === undefined ? {} : { heapLimitBytes: options.heap }),
    ...(options.checkpoint === undefined ? {} : { checkpoint: true }),
    ...(options.unconfined === undefined ? {} : { confine: false }),
    ...(options.assert === undefined ? {} : { assert: true }),
    ...(host === undefined ? {} : { host }),
    ...(options.screen === undefined ? {} : { screenSize: options.screen }),
    ...(onFault === 'debug' && onTerminal ? { chooseResolution: chooseOnTerminal } : {}),
  });
}
