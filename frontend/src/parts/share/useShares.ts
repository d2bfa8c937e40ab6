/** The requests for the shares of each kind of object, which differ only in the name of the ID. */
import {
  useListAgentSharesQuery, useListChatSessionSharesQuery, useListFileSharesQuery, useListScheduleSharesQuery, useListTaskSharesQuery,
  useShareAgentMutation, useShareChatSessionMutation, useShareFileMutation, useShareScheduleMutation, useShareTaskMutation,
  useUnshareAgentMutation, useUnshareChatSessionMutation, useUnshareFileMutation, useUnshareScheduleMutation, useUnshareTaskMutation,
  type Right, type ShareKind,
} from '../../api';

/** The rights that objects of a kind have. */
export const RIGHTS: Record<ShareKind, readonly Right[]> = {
  task: ['view', 'use', 'edit'], schedule: ['view', 'use'], file: ['view'], chat_session: ['view'], agent: ['view', 'use', 'edit'],
};

const PAGE = 100;

/** Return the groups that an object is shared with. */
export function useShares(kind: ShareKind, id: string) {
  const skip = (own: ShareKind) => ({ skip: kind !== own });
  const all: Record<ShareKind, Pick<ReturnType<typeof useListTaskSharesQuery>, 'data' | 'error'>> = {
    task: useListTaskSharesQuery({ taskId: id, limit: PAGE }, skip('task')),
    schedule: useListScheduleSharesQuery({ scheduleId: id, limit: PAGE }, skip('schedule')),
    file: useListFileSharesQuery({ fileId: id, limit: PAGE }, skip('file')),
    chat_session: useListChatSessionSharesQuery({ sessionId: id, limit: PAGE }, skip('chat_session')),
    agent: useListAgentSharesQuery({ agent: id, limit: PAGE }, skip('agent')),
  };
  return all[kind];
}

/** Return a function that shares an object with a group. It throws the API's problem. */
export function useShare(kind: ShareKind, id: string): (groupId: string, right: Right) => Promise<unknown> {
  const [task] = useShareTaskMutation();
  const [schedule] = useShareScheduleMutation();
  const [file] = useShareFileMutation();
  const [chat] = useShareChatSessionMutation();
  const [agent] = useShareAgentMutation();
  return (groupId, right) => {
    const share = { groupId, shareSpec: { right } };
    switch (kind) {
      case 'task': return task({ taskId: id, ...share }).unwrap();
      case 'schedule': return schedule({ scheduleId: id, ...share }).unwrap();
      case 'file': return file({ fileId: id, ...share }).unwrap();
      case 'chat_session': return chat({ sessionId: id, ...share }).unwrap();
      case 'agent': return agent({ agent: id, ...share }).unwrap();
    }
  };
}

/** Return a function that ends the sharing of an object with a group. It throws the API's problem. */
export function useUnshare(kind: ShareKind, id: string): (groupId: string) => Promise<unknown> {
  const [task] = useUnshareTaskMutation();
  const [schedule] = useUnshareScheduleMutation();
  const [file] = useUnshareFileMutation();
  const [chat] = useUnshareChatSessionMutation();
  const [agent] = useUnshareAgentMutation();
  return (groupId) => {
    switch (kind) {
      case 'task': return task({ taskId: id, groupId }).unwrap();
      case 'schedule': return schedule({ scheduleId: id, groupId }).unwrap();
      case 'file': return file({ fileId: id, groupId }).unwrap();
      case 'chat_session': return chat({ sessionId: id, groupId }).unwrap();
      case 'agent': return agent({ agent: id, groupId }).unwrap();
    }
  };
}
