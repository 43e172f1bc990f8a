'use strict';

// Calls the ECS API with @alicloud/pop-core: one JSON request a line on standard input,
// one JSON answer a line on standard output.

const readline = require('readline');
const RPCClient = require('@alicloud/pop-core');

const settings = JSON.parse(process.argv[2]);
const client = new RPCClient({
  endpoint: settings.endpoint,
  accessKeyId: settings.accessKeyId,
  accessKeySecret: settings.accessKeySecret,
  apiVersion: '2014-05-26',
});

async function answer(line) {
  const { action, parameters } = JSON.parse(line);
  try {
    const reply = await client.request(action, parameters, { method: settings.method });
    return { reply };
  } catch (error) {
    return {
      refusal: {
        code: error.code,
        message: error.data ? error.data.Message : error.message,
        status: error.entry ? error.entry.response.statusCode : 0,
      },
    };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(line)) + '\n');
  }
}

main();
