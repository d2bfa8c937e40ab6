import { useTranslation } from 'react-i18next';
import type { Span } from '../../../api';

/** Return how long a call waited, took to its first token and took in total, in milliseconds. Undefined: not known (yet). */
export function timesOf(span: Span): { queue: number | undefined; first: number | undefined; total: number | undefined } {
  const began = Date.parse(span.started_at);
  return {
    queue: span.queued_at ? Math.max(0, began - Date.parse(span.queued_at)) : undefined,
    first: span.first_token_at ? Date.parse(span.first_token_at) - began : undefined,
    total: span.ended_at ? Date.parse(span.ended_at) - began : undefined,
  };
}

const OPEN: Record<string, string> = { started: 'running', late: 'interrupted' };
const ATTEMPT = ['started', 'finished', 'failed', 'cancelled', 'in_doubt', 'late'] as const;

/** Words for spans: what they are, and how they ended. */
export function useSpanWords() {
  const { t } = useTranslation(['task', 'common']);
  const short = (span: Span): string => {
    const steps = span.kind === 'model_call'
      ? [t(`transcript.purposes.${span.purpose ?? 'turn'}`, { defaultValue: span.purpose ?? '' }), t('timeline.step', { step: span.step }), (span.attempt ?? 1) > 1 && t('timeline.attempt', { attempt: span.attempt })]
      : [span.label, span.step && t('timeline.step', { step: span.step })];
    return steps.filter(Boolean).join(' · ');
  };
  const title = (span: Span): string => (span.kind === 'model_call' ? `${short(span)} · ${span.label}` : short(span));
  const status = (span: Span): string => OPEN[span.status] ?? span.status;
  const state = (span: Span): string => {
    const known = span.kind === 'model_call' ? ATTEMPT.find((each) => each === span.status) : undefined;
    return known ? t(`cost.statuses.${known}`) : t(`common:status.${status(span)}`, { defaultValue: span.status });
  };
  return { short, title, status, state };
}
