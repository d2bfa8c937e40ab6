export default {
  title: 'Share “{{name}}”',
  about: 'All members of a group get the right that you choose. You can share with groups that you’re a member of.',
  group: 'Group', right: 'Right', share: 'Share',
  rights: { view: 'Can view', use: 'Can use', edit: 'Can edit' },
  what: {
    task: {
      view: 'Read everything: conversation, cost, events and files.',
      use: 'Also pause, resume, steer and cancel. You pay for the calls.',
      edit: 'Also change title and priority until it begins.',
    },
    schedule: { view: 'Read the schedule, but not the tasks that it created.', use: 'Also pause and resume it.' },
    file: { view: 'Read and download the file.' },
    chat_session: { view: 'Read and export the chat with all its messages.' },
    agent: {
      view: 'Read the agent with its prompt and its versions.',
      use: 'Also use it in their own tasks, with their own tools, on their own account.',
      edit: 'Also change it for everyone who uses it.',
    },
  },
  sharedWith: 'Shared with', notShared: 'Not shared with any group yet.',
  remove: 'Stop sharing with {{group}}', removed: 'No longer shared with {{group}}',
  noGroups: 'You aren’t a member of a group yet.', createGroup: 'Create a group',
  all: 'It’s shared with all your groups.',
} as const;
