export default {
  title: 'Files', about: 'Files that you uploaded and that your tasks wrote.', upload: 'Upload files', search: 'Search by name', whose: 'Whose', mine: 'Mine', shared: 'Shared with me', all: 'All',
  list: 'Files', drop: 'Drop files here to upload them.', used: '{{used}} of {{limit}} used', usedOnly: '{{used}} used', usage: 'Storage',
  empty: 'No files yet', emptyHint: 'Upload a file to attach it to chats and tasks. Files that agents write show up here, too.', noMatch: 'No file matches', noMatchHint: 'Change the search or the filter.', clear: 'Clear the filters',
  uploading: 'Uploading {{name}}', uploaded: '{{name}} is uploaded.', failed: '{{name}} was not uploaded: {{reason}}', dismiss: 'Dismiss', lost: 'The connection was lost.',
  download: 'Download', share: 'Share', delete: 'Delete', deleteTitle: 'Delete {{name}}?', deleteAbout: 'It can’t be restored. Messages and tasks that used it keep their answers.', deleted: '{{name}} is deleted.',
  back: 'All files', type: 'Type', size: 'Size', created: 'Created', sha256: 'SHA-256', task: 'Written by', openTask: 'a task', preview: 'Preview', gone: 'This file doesn’t exist', goneHint: 'It was deleted, or it isn’t yours.',
} as const;
