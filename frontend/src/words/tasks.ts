export default {
  title: 'Tasks', agent: 'Agent', waitsFor: 'Waits for', anything: 'Anything', waits: { approval: 'A decision', question: 'An answer', budget: 'A budget' }, newTask: 'New task', search: 'Search title or goal', filters: 'Filter tasks', states: 'States', whose: 'Whose', mine: 'My own', shared: 'Shared with me', all: 'All', default: 'Default',
  sort: 'Order', newest: 'Newest first', oldest: 'Oldest first', list: 'Tasks', status: 'Status', task: 'Task', progress: 'Progress', cost: 'Cost', created: 'Created', took: 'Took', done: '{{done}} of {{total}}',
  subtasks: 'Subtasks done', empty: 'No tasks yet', emptyHint: 'Give Chimera a goal. It plans the work, lets agents do it and shows you every step.', none: 'No task matches', noneHint: 'Change the filters, or show all tasks.', clear: 'Clear filters', schedule: 'Only tasks of one schedule', pending_one: '{{count}} decision waits', pending_other: '{{count}} decisions wait', place: 'Place {{place}} in the queue',
} as const;
