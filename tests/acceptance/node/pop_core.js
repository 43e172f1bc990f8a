'use strict';

// Calls the ECS API with @alicloud/pop-core: {"action": …, "parameters": …}.

const RPCClient = require('@alicloud/pop-core');
const { serve, settings } = require('./lines');

const client = new RPCClient({
  endpoint: settings.endpoint,
  accessKeyId: settings.accessKeyId,
  accessKeySecret: settings.accessKeySecret,
  apiVersion: '2014-05-26',
});

serve(
  ({ action, parameters }) => client.request(action, parameters, { method: settings.method }),
  (error) => ({
    code: error.code,
    message: error.data ? error.data.Message : error.message,
    status: error.entry ? error.entry.response.statusCode : 0,
    request_id: error.data ? error.data.RequestId : '',
  }),
);
