import type { TaskView } from '../../../api';
import { ShareDialog } from '../../../parts/ShareDialog';
import { BudgetDialog } from './BudgetDialog';
import { CancelDialog } from './CancelDialog';
import { DeleteDialog } from './DeleteDialog';
import { EditDialog } from './EditDialog';
import { RetryDialog } from './RetryDialog';
import { SteerDialog } from './SteerDialog';

export type TaskDialog = 'budget' | 'cancel' | 'delete' | 'edit' | 'retry' | 'share' | 'steer';

type Props = { task: TaskView; open: TaskDialog; onClose: () => void; onDeleted?: () => void };

/** The dialog of an action on a task. */
export function TaskDialogs({ task, open, onClose, onDeleted }: Props) {
  switch (open) {
    case 'budget': return <BudgetDialog task={task} onClose={onClose} />;
    case 'cancel': return <CancelDialog task={task} onClose={onClose} />;
    case 'delete': return <DeleteDialog task={task} onClose={onClose} {...(onDeleted ? { onDeleted } : {})} />;
    case 'edit': return <EditDialog task={task} onClose={onClose} />;
    case 'retry': return <RetryDialog task={task} onClose={onClose} />;
    case 'share': return <ShareDialog kind="task" id={task.id} name={task.title} onClose={onClose} />;
    case 'steer': return <SteerDialog task={task} onClose={onClose} />;
  }
}
