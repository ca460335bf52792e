// SPDX-License-Identifier: Apache-2.0
// Usage: node verify.js wire.json
//
// An entry's stored seal, as it is, is the signature of a COSE_Sign1 whose payload is the entry's
// header: a library that knows nothing of us verifies it, and refuses it with any one bit flipped.

import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { Sign1, errors } from '@auth0/cose';

const vectors = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const HEADER_AT = 9;
const SEAL_AT = HEADER_AT + 173 + 2;

function signerKey(hex) {
  const x = Buffer.from(hex, 'hex').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function coseSign1(header, seal) {
  return Buffer.concat([
    Buffer.from('d28443a10127a058ad', 'hex'), // tag 18, array of 4, protected {1: -8}, {}, bytes of 173
    Buffer.from(header, 'hex'),
    Buffer.from('5840', 'hex'),
    Buffer.from(seal, 'hex'),
  ]);
}

const verify = (bytes, key) => Sign1.decode(bytes).verify(key);
const refused = (bytes, key, what) =>
  assert.rejects(verify(bytes, key), errors.COSESignatureVerificationFailed, what);

async function check(name, entry) {
  const key = signerKey(vectors[entry.author.toLowerCase()].sign_pk);
  const other = signerKey(vectors[entry.author === 'A' ? 'b' : 'a'].sign_pk);
  const good = coseSign1(entry.header, entry.seal);

  assert.equal(good.length, 248);
  assert.equal(good.toString('hex'), entry.cose);
  await verify(good, key);
  await refused(good, other, `${name}: another signer's key`);
  for (let at = HEADER_AT; at < good.length; at++) {
    if (at >= HEADER_AT + 173 && at < SEAL_AT)
      continue; // the head of the byte string between header and seal
    for (let bit = 0; bit < 8; bit++) {
      const bad = Buffer.from(good);
      bad[at] ^= 1 << bit;
      await refused(bad, key, `${name}: bit ${bit} of byte ${at} flipped`);
    }
  }
}

const names = Object.keys(vectors.entries);
assert.ok(names.length > 0);
for (const name of names)
  await check(name, vectors.entries[name]);
console.log(`${names.length} entries verified as COSE_Sign1, every flipped bit refused`);
