/**
 * C type text and signatures: what is understood, and the sentences for what is not.
 */
import { describe, expect, test } from '@jest/globals';
import { declarationText, parseSignature, parseType } from '../../safeffi/index.ts';

describe('types', () => {
  test.each([
    ['int', 'int'],
    ['unsigned', 'unsigned int'],
    ['  long   unsigned int ', 'unsigned long'],
    ['uint', 'unsigned int'],
    ['_Bool', 'bool'],
    ['const char*', 'const char *'],
    ['char * const', 'char *'],
    ['void**', 'void **'],
    ['const void * *', 'void **'],
    ['FILE *', 'FILE *'],
    ['struct stat *', 'struct stat *'],
  ])('%s is %s', (text, name) => {
    expect(parseType(text).name).toBe(name);
  });

  test.each([
    ['', "'' is not a C type known here: expected a name and any number of *"],
    ['FILE', "'FILE' is not a C type known here: there is no type named FILE"],
    ['*int', "'*int' is not a C type known here: expected a name and any number of *"],
    ['int[4]', "'int[4]' is not a C type known here: expected a name and any number of *"],
    ['long float *', "'long float *' is not a C type known here: there is no type named long float"],
  ])('%j is refused', (text, message) => {
    expect(() => parseType(text)).toThrow(message);
  });

  test('a pointer to const is not copied back', () => {
    expect(parseType('const char *').readOnly).toBe(true);
    expect(parseType('char *const').readOnly).toBe(false);
    expect(parseType('char *').readOnly).toBe(false);
  });
});

describe('signatures', () => {
  test('(void) has no arguments', () => {
    expect(parseSignature('f', { returns: 'int', arguments: ['void'] }).arguments).toEqual([]);
  });

  test('a void argument among others is refused', () => {
    expect(() => parseSignature('f', { returns: 'int', arguments: ['int', 'void'] })).toThrow(
      'callout f: argument 2 is declared void',
    );
  });

  test('more than 127 arguments are refused', () => {
    expect(() => parseSignature('f', { returns: 'int', arguments: Array(128).fill('int') })).toThrow(
      'callout f: 128 arguments are declared, the most is 127',
    );
    expect(parseSignature('f', { returns: 'int', arguments: Array(127).fill('int') }).arguments).toHaveLength(127);
  });

  test('a declaration prints as in C', () => {
    const signature = parseSignature('strcpy', {
      returns: 'char *',
      arguments: ['char *', 'const char *', 'int'],
      argumentNames: ['dest', 'src', 'n'],
    });
    expect(declarationText('strcpy', signature)).toBe('strcpy(char *dest, const char *src, int n)');
  });
});
