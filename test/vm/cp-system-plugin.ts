/**
 * As much of CodeParadise's CpSystemPlugin as its tiny image asks for until it is ready for a web page: traces become lines on the console, symbols
 * are kept unique here, strings are put together and hashed, numbers printed. What only a page or a web socket can do is left out. Made from what the
 * image's methods expect.
 */
import type { PrimitiveDefinition } from '../../vm/interpreter/primitive-table.ts';
import { stringHash } from '../../vm/memory/string-hash.ts';
import { ImageObject, type ModuleCall, primitiveModule } from '../../vm/primitive-module.ts';
import type { Retained, VM } from '../../vm/vm.ts';

export function cpSystemPlugin(vm: VM): readonly PrimitiveDefinition[] {
  const symbols = new Map<string, Retained>();
  const trace =
    (stream: 1 | 2) =>
    (call: ModuleCall): undefined => {
      vm.host.writeConsole(stream, new TextEncoder().encode(`${call.text(1)}\n`));
    };
  /** The one symbol of that text; `behavior` is the class of symbols. */
  const symbol = (call: ModuleCall, text: string): ImageObject => {
    let kept = symbols.get(text);
    if (kept === undefined) {
      const { memory } = call.vm;
      const oop = memory.instantiate(call.oop(0), text.length);
      memory.bytesOf(oop).set(Uint8Array.from(text, (character) => character.charCodeAt(0)));
      kept = vm.retain(oop);
      symbols.set(text, kept);
    }
    return new ImageObject(kept.oop);
  };
  return primitiveModule('CpSystemPlugin', {
    'primitiveObjectTraceCr:': trace(1),
    'primitiveObjectWarnCr:': trace(2),
    'primitiveObjectErrorCr:': trace(2),
    'primitiveSymbolRegister:': (call) => {
      symbols.set(call.text(1), vm.retain(call.oop(1)));
    },
    'primitiveSymbolFromString:': (call) => symbol(call, call.text(1)),
    'primitiveSymbolEquals:': (call) => call.oop(0) === call.oop(1),
    primitiveSymbolIsLiteralSymbol: (call) => /^([a-zA-Z]\w*:?)+$|^[-+*/\\~<>=@,%|&?!]+$/.test(call.text(0)),
    primitiveStringHash: (call) => stringHash(call.bytes(0)),
    'primitiveStringConcatenate:': (call) => call.text(0) + call.text(1),
    'primitiveStringIndexOf:': (call) => call.text(0).indexOf(String.fromCharCode(call.oop(1) >>> 2)) + 1,
    'primitiveStringIncludesSubstring:': (call) => call.text(0).includes(call.text(1)),
    primitiveStringTrim: (call) => call.text(0).trim(),
    primitiveStringAsUppercase: (call) => call.text(0).toUpperCase(),
    primitiveStringAsLowercase: (call) => call.text(0).toLowerCase(),
    primitiveNumberPrintString: (call) => String(call.number(0)),
    'primitiveNumberPrintStringBase:': (call) => call.number(0).toString(call.number(1)).toUpperCase(),
    'primitiveNumberRaisedTo:': (call) => call.number(0) ** call.number(1),
    primitiveProcessIsSyncProcess: () => false,
    primitiveProcessAllowAwaitPromise: () => false,
    primitiveProcessBeIdleProcess: () => undefined,
  });
}
