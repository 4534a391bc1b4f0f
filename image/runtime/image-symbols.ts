/** placeholder until the kernel's symbol table is known */
export class ImageSymbols {}
