/**
 * SQLite by ffi-napi: handles behind pointers, rows by a callback and by statements, an SQL function in JavaScript. At the end a statement is
 * used that does not exist.
 *
 *   node --require safeffi/register examples/napi/sqlite.cjs
 *
 * Needs libsqlite3.so.0 (Debian: apt install libsqlite3-0).
 */
'use strict';

const ffi = require('ffi-napi');
const ref = require('ref-napi');

const db = ref.refType(ref.types.void);
const statement = ref.refType(ref.types.void);
const strings = ref.refType('string');
const SQLITE_OK = 0;
const SQLITE_ROW = 100;
const SQLITE_UTF8 = 1;
const TRANSIENT = ref.alloc('int64', -1).readPointer(0);

const sqlite = ffi.Library('libsqlite3.so.0', {
  sqlite3_libversion_number: ['int', []],
  sqlite3_open: ['int', ['string', ref.refType(db)]],
  sqlite3_close: ['int', [db]],
  sqlite3_errmsg: ['string', [db]],
  sqlite3_exec: ['int', [db, 'string', 'pointer', 'pointer', 'pointer']],
  sqlite3_prepare_v2: ['int', [db, 'string', 'int', ref.refType(statement), 'pointer']],
  sqlite3_bind_text: ['int', [statement, 'int', 'string', 'int', 'pointer']],
  sqlite3_bind_int64: ['int', [statement, 'int', 'int64']],
  sqlite3_step: ['int', [statement]],
  sqlite3_column_text: ['string', [statement, 'int']],
  sqlite3_column_int64: ['int64', [statement, 'int']],
  sqlite3_finalize: ['int', [statement]],
  sqlite3_create_function: ['int', [db, 'string', 'int', 'int', 'pointer', 'pointer', 'pointer', 'pointer']],
  sqlite3_value_text: ['string', ['pointer']],
  sqlite3_result_text: ['void', ['pointer', 'string', 'int', 'pointer']],
});

function open(path) {
  const handle = ref.alloc(db);
  const code = sqlite.sqlite3_open(path, handle);
  if (code !== SQLITE_OK) throw new Error(`sqlite3_open answered ${code}`);
  return handle.deref();
}

function check(handle, code) {
  if (code !== SQLITE_OK) throw new Error(`SQLite: ${sqlite.sqlite3_errmsg(handle)}`);
}

function query(handle, sql, ...values) {
  const place = ref.alloc(statement);
  check(handle, sqlite.sqlite3_prepare_v2(handle, sql, -1, place, ref.NULL));
  const prepared = place.deref();
  for (const [i, value] of values.entries()) {
    if (typeof value === 'string') check(handle, sqlite.sqlite3_bind_text(prepared, i + 1, value, -1, TRANSIENT));
    else check(handle, sqlite.sqlite3_bind_int64(prepared, i + 1, value));
  }
  const rows = [];
  while (sqlite.sqlite3_step(prepared) === SQLITE_ROW)
    rows.push([sqlite.sqlite3_column_int64(prepared, 0), sqlite.sqlite3_column_text(prepared, 1)]);
  check(handle, sqlite.sqlite3_finalize(prepared));
  return rows;
}

const handle = open(':memory:');
console.log('SQLite 3:', sqlite.sqlite3_libversion_number() > 3000000);

// A row at a time by a callback: two arrays of strings, as many as there are columns.
const onRow = ffi.Callback('int', ['pointer', 'int', strings, strings], (_context, count, values, names) => {
  const cells = [];
  for (let i = 0; i < count; i++) {
    const at = i * ref.sizeof.pointer;
    const cell = (array) => ref.get(array.reinterpret(count * ref.sizeof.pointer), at, ref.types.CString);
    cells.push(`${cell(names)} ${cell(values)}`);
  }
  console.log('row:', cells.join(', '));
  return 0;
});
const script = `create table people (id integer primary key, name text);
insert into people (name) values ('Ada'), ('Grace'), ('Barbara');
select id, name from people order by name;`;
check(handle, sqlite.sqlite3_exec(handle, script, onRow, ref.NULL, ref.NULL));

// An SQL function in JavaScript.
const upperCase = ffi.Callback('void', ['pointer', 'int', ref.refType('pointer')], (context, _count, values) => {
  const value = sqlite.sqlite3_value_text(values.deref());
  sqlite.sqlite3_result_text(context, value.toUpperCase(), -1, TRANSIENT);
});
const { NULL } = ref;
check(handle, sqlite.sqlite3_create_function(handle, 'shout', 1, SQLITE_UTF8, NULL, upperCase, NULL, NULL));
console.log(
  'shout:',
  JSON.stringify(query(handle, 'select id, shout(name) from people where name > ? and id < ?', 'B', 3)),
);

try {
  query(handle, 'select nonsense');
} catch (error) {
  console.log(error.message);
}

try {
  sqlite.sqlite3_step(Buffer.alloc(512, 0xa5).ref().readPointer(0, 8).readPointer(0));
} catch (fault) {
  console.log(`C crashed: ${fault.name}, ${fault.message.replace(/0x[0-9a-f]+/g, 'ADDRESS')}`);
}
console.log(
  'and the database is still there:',
  JSON.stringify(query(handle, 'select id, name from people where id = ?', 1)),
);
check(handle, sqlite.sqlite3_close(handle));
