export default {
  spending: 'Spending', today: 'Today', thisMonth: 'This month', noLimits: 'No spending limit is set.',
  reserved: '{{amount}} reserved for calls in flight', inDoubt: '{{amount}} in doubt', left: '{{amount}} left', until: 'until', of: '{{used}} of {{limit}}', unlimited: '{{used}}, no limit',
  holdings: 'Other limits', holdingsAbout: 'Beyond a limit, nothing new of its kind can be created until something has ended or was deleted.',
  names: {
    max_cost_day_micro_usd: 'Limit per day', max_cost_month_micro_usd: 'Limit per month',
    max_total_cost_day_micro_usd: 'All users together, per day', max_total_cost_month_micro_usd: 'All users together, per month',
    max_kept_bytes: 'Files', max_open_tasks: 'Open tasks', max_open_ai_calls: 'Open AI calls', max_open_replies: 'Open replies',
    max_chat_sessions: 'Chats', max_schedules: 'Schedules', max_agents: 'Agents', max_api_keys: 'API keys',
  },
} as const;
