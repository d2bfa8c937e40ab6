import { useParams } from 'react-router';
import { addWords } from '../../app/words';
import taskTexts from '../../words/task';
import texts from '../../words/files';
import { FileDetails } from './FileDetails';
import { FileList } from './FileList';

addWords('files', texts);
// The preview is the one of the task page.
addWords('task', taskTexts);

/** The user's files, or one of them. */
export default function Files() {
  const { id } = useParams();
  return id === undefined ? <FileList /> : <FileDetails key={id} id={id} />;
}
