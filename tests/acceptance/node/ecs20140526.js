'use strict';

// Calls the ECS API with @alicloud/ecs20140526: {"action": …, "parameters": …}, both by the
// API's own names, which the client's models translate.

const Ecs = require('@alicloud/ecs20140526');
const { $OpenApiUtil } = require('@alicloud/openapi-core');
const { cast } = require('@darabonba/typescript');
const { serve, settings } = require('./lines');

const client = new Ecs.default(
  new $OpenApiUtil.Config({
    endpoint: settings.endpoint.replace('http://', ''),
    protocol: 'http',
    regionId: settings.regionId,
    accessKeyId: settings.accessKeyId,
    accessKeySecret: settings.accessKeySecret,
  }),
);

async function call({ action, parameters }) {
  const request = cast(parameters, new Ecs[`${action}Request`]({}));
  const method = action[0].toLowerCase() + action.slice(1);
  return (await client[method](request)).body.toMap();
}

serve(call, (error) => ({
  code: error.code,
  message: error.message,
  status: error.statusCode || 0,
  request_id: error.requestId || '',
}));
