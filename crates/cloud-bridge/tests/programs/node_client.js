// Calls a bridge with node-vault, as a program that knows Vault does.
//
//     VAULT_ADDR=... VAULT_TOKEN=... NODE_PATH=.../node_modules node node_client.js
//
// It prints the number of calls, and fails at the first response that is not as expected.
"use strict";

const assert = require("node:assert");
const vault = require("node-vault")({ endpoint: process.env.VAULT_ADDR, token: process.env.VAULT_TOKEN });

async function run() {
  let calls = 0;
  const called = async (call) => {
    calls += 1;
    return call;
  };
  assert.strictEqual((await called(vault.health())).sealed, false);
  assert.strictEqual((await called(vault.status())).sealed, false);
  assert.strictEqual((await called(vault.tokenLookupSelf())).data.ttl, 0);
  assert.strictEqual((await called(vault.tokenRenewSelf())).auth.renewable, false);
  assert.strictEqual((await called(vault.mounts())).data["secret/"].type, "kv");

  const data = { user: "app", password: "p\"w" };
  await called(vault.write("secret/data/from-node", { data }));
  assert.deepStrictEqual((await called(vault.read("secret/data/from-node"))).data.data, data);
  assert.ok((await called(vault.list("secret/metadata"))).data.keys.includes("from-node"));
  await called(vault.delete("secret/metadata/from-node"));
  await assert.rejects(called(vault.read("secret/data/never-there")), /404/);

  const plaintext = Buffer.from("from node").toString("base64");
  const made = await called(vault.encryptData({ name: "kmsname", plaintext }));
  const read = await called(vault.decryptData({ name: "kmsname", ciphertext: made.data.ciphertext }));
  assert.strictEqual(read.data.plaintext, plaintext);
  console.log(`${calls} calls as expected`);
}

run().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
