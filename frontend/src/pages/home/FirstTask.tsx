import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useCreateTaskMutation, useEstimateTaskMutation } from '../../api';
import { Problem } from '../../parts/Problem';
import { Simulated } from '../../parts/Simulated';

/** Someone's first visit: one button that starts a real task. */
export function FirstTask() {
  const { t } = useTranslation('home');
  const navigate = useNavigate();
  const [create, { error, isLoading }] = useCreateTaskMutation();
  const [estimate, { data: estimated }] = useEstimateTaskMutation();
  const goal = t('sampleGoal');
  useEffect(() => {
    void estimate({ taskSpec: { goal } });
  }, [estimate, goal]);
  const start = async () => {
    const { data } = await create({ taskSpec: { goal } });
    if (data !== undefined) await navigate(`/tasks/${data.id}`);
  };
  return (
    <Card sx={{ mb: 2, borderColor: 'primary.main' }}>
      <CardContent>
        <Typography variant="h2">{t('first')}</Typography>
        <Typography color="textSecondary" sx={{ mb: 1 }}>{t('firstHint')}</Typography>
        <Typography component="blockquote" sx={{ m: 0, my: 1.5, pl: 2, borderLeft: 3, borderColor: 'divider' }}>{goal}</Typography>
        {estimated?.simulated && (
          <Stack direction="row" spacing={1} sx={{ alignItems: 'center', mb: 1.5 }}>
            <Simulated />
            <Typography variant="body2" color="textSecondary">{t('sampleSimulated')}</Typography>
          </Stack>
        )}
        {error !== undefined && <Problem error={error} compact />}
        <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
          <Button variant="contained" disabled={isLoading} onClick={() => void start()}>{t('firstStart')}</Button>
          <Button component={Link} to="/tasks/new">{t('firstOwn')}</Button>
        </Stack>
      </CardContent>
    </Card>
  );
}
