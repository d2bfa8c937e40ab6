import { useParams } from 'react-router';
import { Tool } from './Tool';
import { ToolList } from './ToolList';

/** All tools that the user's agents can have, or one of them. */
export function ToolsView() {
  const { item } = useParams();
  return item === undefined ? <ToolList /> : <Tool key={item} name={item} />;
}
