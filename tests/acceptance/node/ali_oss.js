'use strict';

// Calls an OSS service with ali-oss: {"method": …, "arguments": […]}, where a stream of a file
// is {"stream": path}.

const fs = require('fs');
const http = require('http');
const OSS = require('ali-oss');
const { serve, settings } = require('./lines');

// Every name leads to this machine, so that bucket.oss.test does.
const agent = new http.Agent({
  keepAlive: true,
  lookup: (name, options, found) =>
    options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
});

const client = new OSS({ ...settings.oss, agent });
const sts = new OSS.STS(settings.sts);

/** Uploads so many parts of a file, gives up as a user may, and returns the checkpoint. */
async function multipartUploadUntil(parts, name, file, options) {
  let checkpoint;
  const progress = (fraction, found) => {
    checkpoint = found;
    if (checkpoint.doneParts.length === parts) client.cancel();
  };
  try {
    await client.multipartUpload(name, file, { ...options, parallel: 1, progress });
  } catch (error) {
    if (!client.isCancel()) throw error;
  }
  return checkpoint;
}

function call(request) {
  const values = request.arguments.map((value) =>
    value && value.stream ? fs.createReadStream(value.stream) : value,
  );
  switch (request.method) {
    case 'multipartUploadUntil':
      return multipartUploadUntil(...values);
    case 'assumeRole':
      return sts.assumeRole(...values);
    default:
      return client[request.method](...values);
  }
}

serve(call, (error) => ({
  code: error.code || error.name,
  message: error.message,
  status: error.status || 0,
  request_id: error.requestId || '',
}));
