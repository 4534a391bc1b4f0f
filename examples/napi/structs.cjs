/**
 * Structs: by value and by pointer, nested, with strings, a linked list that C made. ref-struct-di is the package from npm. At the end a list is
 * freed twice.
 *
 *   node --require safeffi/register examples/napi/structs.cjs
 */
'use strict';

const ffi = require('ffi-napi');
const ref = require('ref-napi');
const Struct = require('ref-struct-di')(ref);

const Divided = Struct({ quot: 'int', rem: 'int' });
const Time = Struct({
  ...{ tm_sec: 'int', tm_min: 'int', tm_hour: 'int', tm_mday: 'int', tm_mon: 'int', tm_year: 'int' },
  ...{ tm_wday: 'int', tm_yday: 'int', tm_isdst: 'int', tm_gmtoff: 'long', tm_zone: 'string' },
});
const TimeValue = Struct({ tv_sec: 'long', tv_usec: 'long' });
const Timer = Struct({ it_interval: TimeValue, it_value: TimeValue });
const Password = Struct({
  ...{ pw_name: 'string', pw_passwd: 'string', pw_uid: 'uint', pw_gid: 'uint' },
  ...{ pw_gecos: 'string', pw_dir: 'string', pw_shell: 'string' },
});
const InternetAddress = Struct({ s_addr: 'uint32' });
const SocketAddress = Struct({ sin_family: 'ushort', sin_port: 'uint16', sin_addr: InternetAddress });
const AddressInfo = Struct({
  ...{ ai_flags: 'int', ai_family: 'int', ai_socktype: 'int', ai_protocol: 'int', ai_addrlen: 'uint32' },
  ...{ ai_addr: ref.refType(SocketAddress), ai_canonname: 'string' },
});
AddressInfo.defineProperty('ai_next', ref.refType(AddressInfo));
const infoPtr = ref.refType(AddressInfo);
const AF_INET = 2;
const SOCK_STREAM = 1;
const ITIMER_PROF = 2;

const libc = ffi.Library('libc.so.6', {
  div: [Divided, ['int', 'int']],
  gmtime_r: ['pointer', ['pointer', ref.refType(Time)]],
  mktime: ['long', [ref.refType(Time)]],
  gettimeofday: ['int', [ref.refType(TimeValue), 'pointer']],
  getitimer: ['int', ['int', ref.refType(Timer)]],
  getpwnam: [ref.refType(Password), ['string']],
  inet_ntoa: ['string', [InternetAddress]],
  getaddrinfo: ['int', ['string', 'string', infoPtr, ref.refType(infoPtr)]],
  freeaddrinfo: ['void', [infoPtr]],
});

const { quot, rem } = libc.div(17, 5);
console.log(`div: ${quot}, remainder ${rem}`);

const moment = new Time();
libc.gmtime_r(ref.alloc('long', 86400 * 365), moment.ref());
console.log('a year after the epoch:', moment.tm_year + 1900, moment.tm_mon + 1, moment.tm_mday, moment.tm_zone);

const now = new TimeValue();
libc.gettimeofday(now.ref(), null);
console.log('the clock has gone past 2020:', now.tv_sec > 1577836800);

const timer = new Timer();
timer.it_value.tv_sec = 5;
console.log('getitimer:', libc.getitimer(ITIMER_PROF, timer.ref()), 'a timer that is off has', timer.it_value.tv_sec);

const root = libc.getpwnam('root').deref();
console.log(`${root.pw_name} is ${root.pw_uid}, at home in ${root.pw_dir}`);
console.log('nobody by that name:', libc.getpwnam('no-such-user').isNull());

const address = new InternetAddress({ s_addr: 0x0100007f });
console.log('inet_ntoa:', libc.inet_ntoa(address));

const hints = new AddressInfo({ ai_family: AF_INET, ai_socktype: SOCK_STREAM });
const found = ref.alloc(infoPtr);
console.log('getaddrinfo:', libc.getaddrinfo('127.0.0.1', '80', hints.ref(), found));
const list = found.deref();
for (let at = list; !at.isNull(); at = at.deref().ai_next) {
  const { sin_addr, sin_port } = at.deref().ai_addr.deref();
  console.log(`  ${libc.inet_ntoa(sin_addr)}, port ${((sin_port & 255) << 8) | (sin_port >> 8)}`);
}

libc.freeaddrinfo(list);
try {
  libc.freeaddrinfo(list);
} catch (fault) {
  console.log(`C crashed: ${fault.name}, ${fault.message.replace(/0x[0-9a-f]+/g, 'ADDRESS')}`);
}
console.log('and the program goes on:', libc.div(-7, 2).toObject());
