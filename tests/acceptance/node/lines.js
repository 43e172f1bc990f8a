'use strict';

// One JSON request a line on standard input, one JSON answer a line on standard output:
// `{"result": …}`, or `{"refusal": …}` for an error of the client.

const readline = require('readline');

/** What the process was started with. */
exports.settings = JSON.parse(process.argv[2]);

/** Bytes travel as Node.js writes them itself: {"type": "Buffer", "data": […]}. */
function revive(name, value) {
  return value && value.type === 'Buffer' ? Buffer.from(value.data) : value;
}

/** Of an HTTP response of ali-oss, only what can be told as JSON. */
function shorten(name, value) {
  return name === 'res' && value ? { status: value.status, headers: value.headers } : value;
}

/**
 * Answers until standard input ends.
 *
 * @param call - makes the result of a request, or throws
 * @param refusalOf - {code, message, status, request_id} of what it threw
 */
exports.serve = async function serve(call, refusalOf) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { result: await call(JSON.parse(line, revive)) };
    } catch (error) {
      answer = { refusal: refusalOf(error) };
    }
    process.stdout.write(JSON.stringify(answer, shorten) + '\n');
  }
};
