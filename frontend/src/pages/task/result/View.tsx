import DownloadIcon from '@mui/icons-material/FileDownloadOutlined';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { TaskView } from '../../../api';
import { saveText } from '../../../api/download';
import { Json } from '../../../parts/CodeBlock';
import { CopyButton } from '../../../parts/CopyButton';
import { EmptyState } from '../../../parts/EmptyState';
import { Markdown } from '../../../parts/Markdown';
import { isOpen } from '../allowed';
import { TaskFiles } from '../files/TaskFiles';

/** The task's answer, and the files that it made. */
export default function ResultView({ task }: { task: TaskView }) {
  const { t } = useTranslation('task');
  const [plain, setPlain] = useState(false);
  if (task.result === null) {
    const open = isOpen(task.status) || task.status === 'draft';
    const to = `/tasks/${task.id}${open ? '' : '/transcript'}`;
    return <EmptyState title={t(open ? 'result.none' : 'result.ended')} hint={t(open ? 'result.noneHint' : 'result.endedHint')} action={<Button variant="outlined" component={Link} to={to}>{t(open ? 'result.toGraph' : 'result.toTranscript')}</Button>} />;
  }
  const result = task.result;
  return (
    <Stack spacing={3} sx={{ maxWidth: 900 }}>
      <Card component="section" aria-labelledby="answer">
        <CardContent>
          <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap', mb: 1 }}>
            <Typography id="answer" variant="h2" sx={{ flexGrow: 1 }}>{t('result.answer')}</Typography>
            <Button size="small" aria-pressed={plain} onClick={() => setPlain(!plain)}>{t(plain ? 'result.formatted' : 'result.plain')}</Button>
            <Button size="small" startIcon={<DownloadIcon />} onClick={() => saveText(result, `${fileName(task.title)}.md`)}>{t('result.download')}</Button>
            <CopyButton text={result} label={t('result.copy')} />
          </Stack>
          {plain ? <Box sx={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{result}</Box> : <Markdown text={result} />}
          {task.output !== null && task.output !== undefined && (
            <>
              <Typography variant="h3" sx={{ mt: 2 }}>{t('result.json')}</Typography>
              <Json value={task.output} label={t('result.json')} />
            </>
          )}
        </CardContent>
      </Card>
      <TaskFiles task={task} quiet />
    </Stack>
  );
}

function fileName(title: string): string {
  return title.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '').slice(0, 60) || 'answer';
}
