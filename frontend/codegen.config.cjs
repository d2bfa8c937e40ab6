/* Generates src/api/generated.ts from openapi.json. Streams, downloads and the doors for other programs are left out. */
const LEFT_OUT = /^(follow|export|getFileContent|getPrometheus|createOpenai|getOpenai|listOpenai|deleteOpenai|cancelOpenai|decodePayloads|isLive|isReady)/;

module.exports = {
  schemaFile: './openapi.json',
  apiFile: './src/api/base.ts',
  apiImport: 'api',
  outputFile: './src/api/generated.ts',
  exportName: 'generated',
  hooks: { queries: true, lazyQueries: false, mutations: true },
  encodePathParams: true,
  filterEndpoints: (name) => !LEFT_OUT.test(name),
};
