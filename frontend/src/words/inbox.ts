export default {
  title: 'Inbox',
  tabs: { label: 'Inbox', waiting: 'Waiting', decided: 'Decided', notifications: 'Notifications' },
  keys: 'Keys: j and k move, a approves or answers, r rejects.',
  list: 'What waits', decidedList: 'What was decided',
  empty: 'Nothing waits for you', emptyHint: 'When an agent wants to call a tool that needs your approval, asks a question, or has used up its budget, it shows up here.', emptyAction: 'Start a task',
  noDecided: 'Nothing was decided yet', noDecidedHint: 'Decisions that you made or could see stay here.',
  noNotifications: 'No notifications', noNotificationsHint: 'You are told here when a run fails, a budget is used up or a schedule is skipped.',
  choose: 'Choose an item to see it.', gone: 'This item isn’t in the list anymore', goneHint: 'It may have been decided by someone else, or its task has ended.', showAll: 'Show what waits',
  wants: '{{agent}} wants {{tool}}', asks: '{{agent}}: {{question}}', outcome: 'Result of {{tool}} lost', budget: 'Budget used up',
  readAll: 'Mark all as read', read: 'Mark as read', unread: 'Unread', back: 'Back to the list',
} as const;
