export default {
  title: 'Home', greeting: 'Hello, {{name}}',
  first: 'Start with a sample task', firstHint: 'A team of agents plans it, works on it side by side, and combines the results, while you watch every step.', firstStart: 'Start the sample task', firstOwn: 'Write your own task',
  sampleGoal: 'Compare tea and coffee as a daily drink: health, cost and the environment. Give a short recommendation.',
  sampleSimulated: 'The built-in simulator answers, not a real model: it costs nothing, and the texts are placeholders.',
  running: 'Running now', noRunning: 'Nothing is running.', waiting: 'Waiting for you', noWaiting: 'Nothing waits for you.', failed: 'Failed', noFailed: 'No task has failed.', seeAll: 'See all',
  progress: '{{done}} of {{total}} subtasks', steps: 'Planning', retry: 'Retry', retried: 'The task runs again.', decide: 'Decide', budget: 'needs a higher budget',
  today: 'Today', cost: 'Cost today', ofLimit: '{{spent}} of {{limit}}', day: 'Limit per day', month: 'Limit per month', scope: { user: 'yours', installation: 'installation' }, noLimits: 'No spending limit is set.', inDoubt: '{{amount}} in doubt', simulatedPart: '{{amount}} of it simulated',
  counts: { running: 'Running', queued: 'Queued', completed: 'Completed', failed: 'Failed' },
  health: 'System health', healthOk: 'Everything works.', healthDegraded: 'Some work is delayed.', healthDown: 'Nothing can be accepted.',
  chats: 'Recent chats', noChats: 'No chat yet.', newChat: 'Start a chat', untitled: 'Untitled chat', schedules: 'Next up', noSchedules: 'Nothing is scheduled.', newSchedule: 'Add a schedule',
} as const;
