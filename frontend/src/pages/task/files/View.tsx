import type { TaskView } from '../../../api';
import { TaskFiles } from './TaskFiles';

export default function FilesView({ task }: { task: TaskView }) {
  return <TaskFiles task={task} />;
}
