/**
 * The house of DESIGN 2 as rules: arrows run down only.
 * cli -> debugger, primitives, image -> vm, safeffi.
 */
const only = (from, allowed, why) => ({
  name: `${from}-imports-only`,
  comment: why,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    path: '^(vm|image|primitives|safeffi|debugger|embedding|cli|bench|test)/',
    pathNot: `^(${[from, ...allowed].join('|')})/`,
  },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'vm-is-self-contained',
      comment: 'vm/ runs in a browser: no npm package, no node:*; clock, files and console come through Host.',
      severity: 'error',
      from: { path: '^vm/' },
      to: { pathNot: '^vm/' },
    },
    {
      name: 'vm-never-loads-ohm',
      comment: 'A VM starts from an image file without the compiler.',
      severity: 'error',
      from: { path: '^(vm|image/format)/' },
      to: { path: 'ohm' },
    },
    only('safeffi', [], 'safeffi/ knows no oops and is an npm library of its own.'),
    only('image', ['vm'], 'image/ makes and reads images; it knows the VM only.'),
    only('primitives', ['vm', 'safeffi'], 'primitives/ffi is the only bridge from vm to safeffi.'),
    only('embedding', ['vm', 'image', 'primitives'], 'a program that embeds a VM needs no callouts and no command.'),
    {
      name: 'embedding-needs-no-node',
      comment: 'It runs in a browser.',
      severity: 'error',
      from: { path: '^embedding/' },
      to: {
        path: '^(primitives/(node-|index|ffi)|image/builder/source-tree|image/format/image-file)',
        reachable: true,
      },
    },
    only('debugger', ['vm'], 'debuggers are skins over vm/debug.'),
    only('cli', ['vm', 'image', 'primitives', 'safeffi', 'debugger', 'bench'], 'cli imports all below.'),
    only('bench', ['vm', 'image', 'primitives', 'safeffi'], 'a benchmark uses what users use.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
