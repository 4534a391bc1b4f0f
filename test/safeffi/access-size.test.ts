/**
 * Sizes of memory accesses, from bytes that the assembler made of the instructions beside them.
 */
import { expect, test } from '@jest/globals';
import { accessSize } from '../../safeffi/faults/access-size.ts';

test.each([
  ['mov %al,(%rdi)', '8807', 1],
  ['mov (%rdi),%eax', '8b07', 4],
  ['mov %rax,(%rdi)', '488907', 8],
  ['mov %ax,(%rdi)', '668907', 2],
  ['movb $1,(%rdi)', 'c60701', 1],
  ['movl $1,(%rdi)', 'c70701000000', 4],
  ['movzbl (%rdi),%eax', '0fb607', 1],
  ['movswl (%rdi),%eax', '0fbf07', 2],
  ['add %eax,(%rdi)', '0107', 4],
  ['cmpb $0,(%rdi)', '803f00', 1],
  ['rep stosb', 'f3aa', 1],
  ['movaps (%rdi),%xmm0', '0f2807', 16],
  ['movsd (%rdi),%xmm0', 'f20f1007', 8],
  ['movdqu %xmm0,(%rdi)', 'f30f7f07', 16],
  ['vmovdqu (%rdi),%ymm0', 'c5fe6f07', 32],
  ['vmovss (%rdi),%xmm0', 'c5fa1007', 4],
  ['vpcmpeqb (%rdi),%ymm0,%ymm1', 'c5fd740f', undefined],
  ['fldt (%rdi)', 'db2f', undefined],
])('%s', (_text, bytes, size) => {
  expect(accessSize(Uint8Array.from(Buffer.from(bytes, 'hex')))).toBe(size);
});

test('nothing to read is no size', () => {
  expect(accessSize(new Uint8Array(0))).toBeUndefined();
});
