/** What `run --events` needs: the script read, the host with the script's clock, and the steps played to a session. */
import { readFileSync } from 'node:fs';
import { CommandError } from '../exit-code.ts';
import type { ImageSession, ResumedImage, ResumedOutcome } from '../image-session.ts';
import { printTalk } from '../output.ts';
import { writeScreenshot } from '../screenshot.ts';
import { EventPlayer } from './event-player.ts';
import { parseEventScript, type Step } from './event-script.ts';
import { ScriptedHost } from './scripted-host.ts';

export const host = (): ScriptedHost => new ScriptedHost();

/** Throws CommandError where the file cannot be read, or a line of it makes no sense. */
export function readEventScript(file: string): Step[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`the script of events ${file} cannot be read: ${(error as Error).message}`);
  }
  return parseEventScript(file, text);
}

/** Plays the steps to a resumed image. Says so when the image ended before they did. */
export function playing(
  session: ImageSession,
  imageFile: string,
  script: string,
  steps: readonly Step[],
): (image: ResumedImage) => Promise<ResumedOutcome | undefined> {
  return async (image) => {
    const { userInput: input, display } = session;
    const takeScreenshot = (file: string): void => writeScreenshot(session.memory, imageFile, file);
    const { outcome, unplayed } = await new EventPlayer({ image, input, display, takeScreenshot }, script).play(steps);
    if (unplayed !== undefined)
      printTalk(
        `safeffi: the image ${outcome === 'time over' ? 'was stopped' : 'ended'} before ${script}:${unplayed.line} was done: ${unplayed.text}`,
      );
    return outcome;
  };
}
