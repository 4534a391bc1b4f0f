/**
 * Names of signals and of the codes that come with them (Linux, asm-generic/siginfo.h).
 */
import { constants } from 'node:os';

const names = new Map<number, string>(Object.entries(constants.signals).map(([name, number]) => [number, name]));
names.set(constants.signals.SIGABRT, 'SIGABRT');

/** `SIGSEGV` for 11; `signal 40` where there is no name. */
export function signalName(signal: number): string {
  return names.get(signal) ?? `signal ${signal}`;
}

const commonCodes: Readonly<Record<number, string>> = {
  0: 'SI_USER',
  [-1]: 'SI_QUEUE',
  [-6]: 'SI_TKILL',
  128: 'SI_KERNEL',
};

const codes: Readonly<Record<string, readonly string[]>> = {
  SIGSEGV: ['SEGV_MAPERR', 'SEGV_ACCERR', 'SEGV_BNDERR', 'SEGV_PKUERR'],
  SIGBUS: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR', 'BUS_MCEERR_AR', 'BUS_MCEERR_AO'],
  SIGFPE: [
    'FPE_INTDIV',
    'FPE_INTOVF',
    'FPE_FLTDIV',
    'FPE_FLTOVF',
    'FPE_FLTUND',
    'FPE_FLTRES',
    'FPE_FLTINV',
    'FPE_FLTSUB',
  ],
  SIGILL: [
    'ILL_ILLOPC',
    'ILL_ILLOPN',
    'ILL_ILLADR',
    'ILL_ILLTRP',
    'ILL_PRVOPC',
    'ILL_PRVREG',
    'ILL_COPROC',
    'ILL_BADSTK',
  ],
  SIGTRAP: ['TRAP_BRKPT', 'TRAP_TRACE', 'TRAP_BRANCH', 'TRAP_HWBKPT'],
  SIGSYS: ['SYS_SECCOMP'],
};

/** `SEGV_ACCERR` for SIGSEGV's code 2; undefined where there is no name. */
export function signalCodeName(signal: string, code: number): string | undefined {
  return commonCodes[code] ?? codes[signal]?.[code - 1];
}
