import Stack from '@mui/material/Stack';
import { AppearanceForm } from './AppearanceForm';
import { NameForm } from './NameForm';
import { PasswordForm } from './PasswordForm';

export function AccountView() {
  return (
    <Stack spacing={3} sx={{ maxWidth: 640 }}>
      <NameForm />
      <AppearanceForm />
      <PasswordForm />
    </Stack>
  );
}
