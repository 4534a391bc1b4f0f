/**
 * What the suites get where they ask for their native addon (`require('node-gyp-build')`, `require('bindings')`): the functions of
 * our own library in C, reached by nothing but the ffi that is being tested. So they lie where that ffi's C code lives, in
 * this process or in another.
 */
'use strict';

const pointers = [
  ...['double_box', 'double_box_ptr', 'area_box', 'area_box_ptr', 'create_box', 'add_boxes', 'int_array'],
  ...['array_in_struct', 'callback_func', 'play_ping_pong', 'test_169', 'test_ref_56'],
];

/** For ffi-napi: pointers to functions, and four functions that are called as they are. */
exports.ffiBindings = (ffi, path) => {
  const fixture = new ffi.DynamicLibrary(path);
  const process = new ffi.DynamicLibrary(null);
  const bindings = {};
  for (const name of pointers) bindings[name] = fixture.get(name);
  for (const name of ['atoi', 'abs', 'sprintf']) bindings[name] = process.get(name);
  const { set_cb, call_cb, call_cb_from_thread } = ffi.Library(path, {
    set_cb: ['void', ['pointer']],
    call_cb: ['void', []],
    call_cb_from_thread: ['int', []],
  });
  const call_cb_async = () => {
    throw new Error('call_cb_async: no case gets as far as this');
  };
  return { ...bindings, set_cb, call_cb, call_cb_from_thread, call_cb_async };
};

/** For ref-array-di. */
exports.arrayBindings = (ffi, path) => ffi.Library(path, { arrayAbs: ['void', ['pointer', 'uint']] });

/** For ref-union-di: numbers by name. */
exports.unionBindings = (ffi, path) => {
  const facts = ffi.Library(path, {
    fact_count: ['int', []],
    fact_name: ['string', ['int']],
    fact_value: ['int', ['int']],
  });
  const bindings = {};
  for (let i = 0; i < facts.fact_count(); i++) bindings[facts.fact_name(i)] = facts.fact_value(i);
  return bindings;
};
